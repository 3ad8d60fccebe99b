//go:build unix

package fdlimit

import (
	"os"
	"testing"
)

// TestOpenDescriptors checks that each way of counting sees the files that are opened.
func TestOpenDescriptors(t *testing.T) {
	listed := func() (uint64, bool) { return listedDescriptors(descriptorLimit()) }
	checked := func() (uint64, bool) { return checkedDescriptors(descriptorLimit()), true }
	for name, count := range map[string]func() (uint64, bool){
		"counted": countedDescriptors, "listed": listed, "checked": checked,
	} {
		before, ok := count()
		if !ok {
			t.Logf("%s: not on this system", name)
			continue
		}
		for range 10 {
			f, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() //nolint:errcheck // only opened
		}
		if after, _ := count(); after != before+10 {
			t.Errorf("%s: %d open, then %d after 10 more", name, before, after)
		}
		if all, _ := listed(); all != before+10 {
			t.Errorf("%s: %d open, %d listed", name, before+10, all)
		}
	}
}
