//go:build unix

package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"batchfetch/output/file/filetest"
)

// What another user may have put in the place of NAME.part is neither followed, written to nor removed; what an earlier
// run of this user has left there is written over.
func TestPartOfAnother(t *testing.T) {
	for _, tt := range []struct {
		name  string
		plant func(t *testing.T, part, victim string)
		taken bool
	}{
		{"a link to a file", func(t *testing.T, part, victim string) { filetest.Symlink(t, victim, part) }, false},
		{"a link to nothing", func(t *testing.T, part, victim string) { filetest.Symlink(t, victim+"-new", part) }, false},
		{"a link to a directory", func(t *testing.T, part, victim string) {
			filetest.Symlink(t, filepath.Dir(victim), part)
		}, false},
		{"a link to itself", func(t *testing.T, part, _ string) { filetest.Symlink(t, part, part) }, false},
		{"a second name", func(t *testing.T, part, victim string) { check(t, os.Link(victim, part)) }, false},
		{"a pipe", func(t *testing.T, part, _ string) { check(t, syscall.Mkfifo(part, 0o666)) }, false},
		{"a folder", func(t *testing.T, part, _ string) { check(t, os.Mkdir(part, 0o777)) }, false},
		{"another's file", func(t *testing.T, part, _ string) {
			filetest.Write(t, part, "planted\n", 0o666)
			if os.Geteuid() != 0 {
				t.Skip("only root can give a file away")
			}
			check(t, os.Chown(part, 1, 1))
		}, false},
		{"what we have left", func(t *testing.T, part, _ string) { filetest.Write(t, part, "half\n", 0o600) }, true},
		{"what we have left for all", func(t *testing.T, part, _ string) { filetest.Write(t, part, "half\n", 0o666) }, true},
		{"nothing", func(*testing.T, string, string) {}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			top, dir := t.TempDir(), t.TempDir()
			victim, name := filepath.Join(top, "victim"), filepath.Join(dir, "out.jsonl")
			filetest.Write(t, victim, "precious\n", 0o644)
			tt.plant(t, name+".part", victim)
			before := filetest.Names(t, dir)
			f, err := Create(name, nil)
			if tt.taken {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteString("today\n"); err != nil {
					t.Error(err)
				}
				if err := f.Commit(); err != nil || filetest.Read(t, name) != "today\n" {
					t.Errorf("the output is %q, %v", filetest.Read(t, name), err)
				}
				return
			}
			if !errors.Is(err, ErrNotOurs) {
				t.Errorf("got %v, %v", f, err)
			}
			if got := filetest.Names(t, dir); !slices.Equal(got, before) {
				t.Errorf("there are %q, were %q", got, before)
			}
			if got := filetest.Names(t, top); len(got) != 1 || filetest.Read(t, victim) != "precious\n" {
				t.Errorf("elsewhere there are %q", got)
			}
		})
	}
}

// check fails the test where preparing it has failed.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
