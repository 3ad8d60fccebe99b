package journal

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch"
)

// TestManyWrite: what other goroutines write between commits is covered by the next one, whole and in one order.
func TestManyWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, name)
	var others sync.WaitGroup
	for n := range 4 {
		others.Go(func() {
			for i := range 50 {
				_, _ = fmt.Fprintf(j, "other %d %d\n", n, i) // Close tells errors
			}
		})
	}
	for i := range 50 {
		runRequest(t, j, fmt.Sprint("request ", i))
	}
	others.Wait()
	if err := j.commitRest(); err != nil {
		t.Fatal(err)
	}
	crash(j)
	if n := strings.Count(readOrEmpty(name), "\n"); n != 250 {
		t.Errorf("%d lines of 250 are committed", n)
	}
	j = openJournal(t, name)
	defer closeJournal(t, j)
	if !j.Done(&fetch.Request{URL: "request 49"}) || strings.Count(readOrEmpty(name), "\n") != 250 {
		t.Error("what was committed is not there")
	}
}
