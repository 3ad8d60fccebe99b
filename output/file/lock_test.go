package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A file that can be opened and never has its name ends with the reason, after a second.
func TestLockGivesUp(t *testing.T) {
	for _, tt := range []struct{ name, at, says string }{
		{"no name", "gone", "no such file"}, {"another's name", "other", errReplaced.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"opened", "other"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				began, tries := time.Now(), 0
				f, err := openLocked(filepath.Join(dir, tt.at), func() (*os.File, error) {
					tries++
					return os.Open(filepath.Join(dir, "opened"))
				})
				took := time.Since(began)
				if err == nil || !strings.Contains(err.Error(), tt.says) || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("got %v, %v", f, err)
				}
				if took < time.Second || took > 2*time.Second || tries < 10 {
					t.Errorf("after %s and %d tries", took, tries)
				}
			})
		})
	}
}

// TestNoLocks: a file system without locks is none that another run has locked a file of; other errors of a lock stay.
func TestNoLocks(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool // it is an error
	}{
		{nil, false}, {ErrBusy, true}, {syscall.EIO, true},
		{&fs.PathError{Op: "lock", Path: "out.jsonl", Err: syscall.ENOSYS}, false}, // Lustre without its option flock
		{&fs.PathError{Op: "lock", Path: "out.jsonl", Err: syscall.EOPNOTSUPP}, false},
	} {
		if got := unlessUnsupported(tt.err); (got != nil) != tt.want {
			t.Errorf("%v is %v", tt.err, got)
		}
	}
}
