package savedir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/file/filetest"
)

// What is in the way of a name fails that request alone; it stays as it is, and so does all that is outside.
func TestBodiesMeetObstacles(t *testing.T) {
	top := t.TempDir()
	dir, outside := filepath.Join(top, "saved"), filepath.Join(top, "outside")
	for _, folder := range []string{"saved/folder", "saved/real", "outside"} {
		if err := os.MkdirAll(filepath.Join(top, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	filetest.Write(t, filepath.Join(dir, "file"), "a file", 0o644)
	filetest.Write(t, filepath.Join(outside, "secret"), "a secret", 0o644)
	filetest.Symlink(t, "../outside", filepath.Join(dir, "out"))
	filetest.Symlink(t, outside, filepath.Join(dir, "far"))
	filetest.Symlink(t, "real", filepath.Join(dir, "in"))
	filetest.Symlink(t, "nowhere", filepath.Join(dir, "dangling"))
	filetest.Symlink(t, "round", filepath.Join(dir, "round"))
	filetest.Symlink(t, "../outside/secret", filepath.Join(dir, "leaf"))
	bodies := openDir(t, dir, "")
	for _, c := range []struct{ path, want string }{ // want is where it is saved; empty: it fails
		{"file/body", ""}, {"file/deep/body", ""}, {"folder", ""},
		{"out/body", ""}, {"out/deep/body", ""}, {"far/body", ""}, {"dangling/body", ""}, {"round/body", ""},
		{"in/body", "real/body"},
		{"in/deep/body", "real/deep/body"},
		{"leaf", "leaf"},
		{"new/folders/body", "new/folders/body"},
	} {
		t.Run(c.path, func(t *testing.T) {
			path, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: c.path}, "today")
			if c.want == "" {
				var failed *failure.Failure
				if !errors.As(err, &failed) || failed.Kind != failure.IO {
					t.Errorf("saved as %q, %v", path, err)
				}
				return
			}
			if err != nil || path != filepath.Join(dir, filepath.FromSlash(c.path)) ||
				filetest.Read(t, filepath.Join(dir, c.want)) != "today" {
				t.Errorf("saved as %q, %v", path, err)
			}
		})
	}
	want := []string{"dangling", "far", "file", "in", "leaf", "new/folders/body", "out", "real/body", "real/deep/body",
		"round"}
	if got := listFiles(t, dir); !slices.Equal(got, want) {
		t.Errorf("there are\n%q, want\n%q", got, want)
	}
	if got := listFiles(t, outside); !slices.Equal(got, []string{"secret"}) ||
		filetest.Read(t, filepath.Join(outside, "secret")) != "a secret" {
		t.Errorf("outside there are %q", got)
	}
	if filetest.Read(t, filepath.Join(dir, "file")) != "a file" {
		t.Error("the file in the way has changed")
	}
}

// What comes into the way while a body is written leaves no temporary file.
func TestBodiesMeetLateObstacles(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	kept, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: "late"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "late"), 0o755); err != nil {
		t.Fatal(err)
	}
	var failed *failure.Failure
	if path, err := kept.Commit([32]byte{}); !errors.As(err, &failed) || failed.Kind != failure.IO {
		t.Errorf("saved as %q, %v", path, err)
	}
	kept.Abandon()
	kept.Abandon()
	if got := listFiles(t, dir); len(got) != 0 {
		t.Errorf("there are %q", got)
	}
}

// A directory that can't be written to is not a request's failure: the error is no *failure.Failure, so that it ends
// the run.
func TestBodiesInABrokenDirectory(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
	}{
		{"vanished", os.RemoveAll},
		{"read-only", func(dir string) error { return os.Chmod(dir, 0o555) }},
	} {
		for _, path := range []string{"body", "folder/body"} {
			t.Run(c.name+" "+path, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "saved")
				bodies := openDir(t, dir, "")
				if err := c.spoil(dir); err != nil {
					t.Fatal(err)
				}
				withPermissions(t, func() {
					saved, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: path}, "today")
					var failure *failure.Failure
					if err == nil || errors.As(err, &failure) {
						t.Errorf("saved as %q, %v", saved, err)
					}
				})
			})
		}
	}
}
