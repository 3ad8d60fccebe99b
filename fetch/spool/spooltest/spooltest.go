// Package spooltest holds fixtures for tests: it finds temporary files of package spool that were not closed. Nothing
// but tests imports it. It knows the prefix of their names alone, and imports none of our packages.
package spooltest

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// OpenFiles returns how many temporary files of ours the process has open, by the prefix of their names; 0 on systems
// other than Linux, where that is not known.
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

// NoneStaysOpen fails the test if at its end temporary files are open that were not before, or any is left in the
// directory. It sets TMPDIR to a directory of the test, so the test can't be parallel.
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
