package cmd

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestManPageHasEveryFlag: batchfetch(1) has every flag with its usage, and refers to every topic.
func TestManPageHasEveryFlag(t *testing.T) {
	code := 0
	root := newRootCommand(nil, &code)
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

// TestToRoff: what a page of the help says is no request or escape of roff.
func TestToRoff(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"paragraphs", "One line\nand one.\n\nThe next.\n", ".PP\nOne line\nand one.\n.PP\nThe next.\n"},
		{"a heading", "Before.\n\nHow it works\n\nSo.\n", ".PP\nBefore.\n.SS How it works\n.PP\nSo.\n"},
		{"verbatim lines, a blank one among them", "As in:\n  a -o b\n\n  'c'\nand so on.\n",
			".PP\nAs in:\n.PP\n.EX\na \\-o b\n\n\\&'c'\n.EE\n.PP\nand so on.\n"},
		{"verbatim lines at the end", "  a\n", ".PP\n.EX\na\n.EE\n"},
		{"a list", "- one\n  of two\n- two\n\nAfter it.\n",
			".IP \\(bu 2\none\nof two\n.IP \\(bu 2\ntwo\n.PP\nAfter it.\n"},
		{"letters of roff", `.so /etc/passwd` + "\n" + `'so x\fBy` + "\n",
			".PP\n" + `\&.so /etc/passwd` + "\n" + `\&'so x\efBy` + "\n"},
	} {
		if got := toRoff(tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
