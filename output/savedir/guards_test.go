package savedir

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/file/filetest"
)

// swaps are what another user may make of the folder in of a directory while a body is being written to it. name is
// that of the body's file until Commit.
var swaps = []struct {
	name string
	swap func(t *testing.T, in, outside, name string)

	isFolder bool // it leaves a folder, which can be written to
	isGone   bool // it leaves nothing of that name
	isFile   bool // it only swaps the file
}{
	{name: "gone", swap: func(t *testing.T, in, _, _ string) { must(t, os.Rename(in, in+"-moved")) },
		isGone: true},
	{name: "removed with what is in it", swap: func(t *testing.T, in, _, _ string) { must(t, os.RemoveAll(in)) },
		isGone: true},
	{name: "a link out of the directory", swap: func(t *testing.T, in, outside, _ string) {
		must(t, os.Rename(in, in+"-moved"))
		filetest.Symlink(t, outside, in)
	}},
	{name: "a link to where there is a file of that name", swap: func(t *testing.T, in, outside, name string) {
		must(t, os.Rename(in, in+"-moved"))
		filetest.Write(t, filepath.Join(outside, name), "planted", 0o600)
		filetest.Symlink(t, outside, in)
	}},
	{name: "a link to itself", swap: func(t *testing.T, in, _, _ string) {
		must(t, os.Rename(in, in+"-moved"))
		filetest.Symlink(t, in, in)
	}},
	{name: "a file", swap: func(t *testing.T, in, _, _ string) {
		must(t, os.Rename(in, in+"-moved"))
		filetest.Write(t, in, "in the way", 0o600)
	}},
	{name: "another folder", swap: func(t *testing.T, in, _, _ string) {
		must(t, os.Rename(in, in+"-moved"))
		must(t, os.Mkdir(in, 0o700))
	}, isFolder: true},
	{name: "another folder with a file of that name", swap: func(t *testing.T, in, _, name string) {
		must(t, os.Rename(in, in+"-moved"))
		must(t, os.Mkdir(in, 0o700))
		filetest.Write(t, filepath.Join(in, name), "planted", 0o600)
	}, isFolder: true},
	{name: "the same folder, with another file of that name", swap: func(t *testing.T, in, _, name string) {
		must(t, os.Remove(filepath.Join(in, name)))
		filetest.Write(t, filepath.Join(in, name), "planted", 0o600)
	}, isFolder: true, isFile: true},
}

// must fails the test where preparing it has failed.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFolderSwapped: a folder that is swapped while a body is written to it fails that request alone, wherever the body
// is by then; nothing is written outside, and no other file is taken for the body.
func TestFolderSwapped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no folder with an open file in it can be renamed there")
	}
	r := &fetch.Request{URL: "https://a.test/", Path: "in/body"}
	for _, tt := range swaps {
		for _, at := range []string{"before it is created", "before it is committed", "before it is continued"} {
			if tt.isFile && at == "before it is continued" {
				continue // the part has another name, so that no file of that one is there
			}
			t.Run(tt.name+" "+at, func(t *testing.T) {
				top := t.TempDir()
				dir, outside := filepath.Join(top, "saved"), filepath.Join(top, "outside")
				must(t, errors.Join(os.MkdirAll(filepath.Join(dir, "in"), 0o700), os.Mkdir(outside, 0o700)))
				bodies := openNamedDir(t, dir, "")
				written, err := bodies.Create(r)
				must(t, err)
				body := written.(*bodyWriter)
				writeText(t, body, "the body")
				swap := func() { tt.swap(t, filepath.Join(dir, "in"), outside, filepath.Base(body.name)) }
				switch at {
				case "before it is created":
					must(t, body.Close())
					must(t, os.Remove(filepath.Join(dir, body.name)))
					filetest.Write(t, filepath.Join(dir, body.name), "", 0o600)
					swap()
					needsLocks(t)
					time.Sleep(2 * checkFolderAfter) // until then it fails when it is committed
					var other *os.File
					if other, _, err = bodies.createLocked("in/other.tmp", bodies.create); err == nil {
						must(t, other.Close())
					} else {
						err = bodies.describeError("in", err)
					}
				case "before it is committed":
					swap()
					_, err = body.Commit(sha256.Sum256([]byte("the body")))
					body.Abandon()
				case "before it is continued":
					needsLocks(t)
					body.SetInfo(partMark)
					body.Suspend()
					part := bodies.Partial(r)
					if part == nil {
						t.Fatal("there is no part")
					}
					swap()
					var continued fetch.BodyWriter
					if continued, err = part.Continue(3); err == nil {
						continued.Abandon()
					}
				}
				var failed *failure.Failure
				if tt.isFolder && at != "before it is committed" {
					must(t, err) // it can be written to
				} else if !errors.As(err, &failed) || failed.Kind != failure.IO {
					t.Errorf("got %v", err)
				}
				if text, err := os.ReadFile(filepath.Join(outside, "body")); err == nil {
					t.Errorf("%q was written outside", text)
				}
				if text, err := os.ReadFile(filepath.Join(dir, "in", "body")); err == nil {
					t.Errorf("the body is %q", text)
				}
				if path, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: "else/body"}, "x"); err != nil {
					t.Errorf("another is saved as %q, %v", path, err)
				}
			})
		}
	}
}
