package spooltest

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// OpenFiles returns how many files the process has open, sockets aside, or 0 where that is not known.
func OpenFiles(t testing.TB) (n int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range all {
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && strings.Contains(to, "batchfetch-") {
			n++
		}
	}
	return n
}

// NoneStaysOpen fails the test where a temporary file outlives it, open or by name.
func NoneStaysOpen(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	before := OpenFiles(t)
	t.Cleanup(func() {
		if after := OpenFiles(t); after != before {
			t.Errorf("%d temporary files are open, %d were before", after, before)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v stays behind, %v", left, err)
		}
	})
}
