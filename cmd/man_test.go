package cmd

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestManPageHasEveryFlag: batchfetch(1) has every flag with its usage, and refers to every topic.
func TestManPageHasEveryFlag(t *testing.T) {
	code := 0
	root := newRootCommand(nil, &code, nil)
	page := strings.NewReplacer(`\-`, "-", `\&`, "", `\fB`, "", `\fP`, "", `\fR`, "").Replace(string(manPage(root)))
	root.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[groupKey] == nil {
			return
		}
		if !strings.Contains(page, flagHead(f)) {
			t.Errorf("the page has no %s", flagHead(f))
		}
	})
	for _, topic := range topics() {
		if !strings.Contains(page, "batchfetch-"+topic.name+"(7)") {
			t.Errorf("the page does not refer to %s", topic.name)
		}
	}
}
