package savedir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/unnamed"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// needsUnnamed skips a test where there are no files without a name.
func needsUnnamed(t *testing.T, bodies *Dir) {
	t.Helper()
	if bodies.linkWay == unnamed.None {
		t.Skip("there are no files without a name here")
	}
}

// eachWay runs a test with files without a name, where there are such, and with temporary names. open opens a directory
// as another process would.
func eachWay(t *testing.T, run func(t *testing.T, open func(dir, template string) *Dir)) {
	t.Run("without names", func(t *testing.T) {
		needsUnnamed(t, openDir(t, t.TempDir(), ""))
		run(t, func(dir, template string) *Dir { return openDir(t, dir, template) })
	})
	t.Run("with temporary names", func(t *testing.T) {
		run(t, func(dir, template string) *Dir { return openNamedDir(t, dir, template) })
	})
}

// age makes a file one of an earlier run.
func age(t *testing.T, name string) {
	t.Helper()
	yesterday := time.Now().Add(-24 * time.Hour)
	must(t, os.Chtimes(name, yesterday, yesterday))
}

// TestProcessesShareADirectory: bodies that several processes save by one name at once are all kept, each where its
// Record says, in place of what an earlier run has left there.
func TestProcessesShareADirectory(t *testing.T) {
	const many = 8
	r := &fetch.Request{URL: "https://a.test/", Path: "in/body.json"}
	for _, earlier := range []string{"nothing", "file", "link"} {
		t.Run("over "+earlier, func(t *testing.T) {
			eachWay(t, func(t *testing.T, open func(dir, template string) *Dir) {
				needsLocks(t)
				dir := t.TempDir()
				final := filepath.Join(dir, "in", "body.json")
				switch earlier {
				case "file":
					must(t, os.Mkdir(filepath.Dir(final), 0o700))
					filetest.Write(t, final, "yesterday", 0o600)
					age(t, final)
				case "link":
					must(t, os.Mkdir(filepath.Dir(final), 0o700))
					filetest.Symlink(t, "elsewhere", final)
				}
				var bodies []*Dir
				for range many {
					bodies = append(bodies, open(dir, ""))
				}
				paths := make([]string, many)
				var saving sync.WaitGroup
				for i, in := range bodies {
					saving.Go(func() {
						var err error
						if paths[i], err = saveBody(in, r, fmt.Sprint("text ", i)); err != nil {
							t.Error(err)
						}
					})
				}
				saving.Wait()
				for i, path := range paths {
					if got := filetest.Read(t, path); got != fmt.Sprint("text ", i) {
						t.Errorf("%s of process %d has %q", path, i, got)
					}
				}
				if names := listFiles(t, dir); len(names) != many || !slices.Contains(paths, final) {
					t.Errorf("there are %q", names)
				}
			})
		})
	}
}

// TestProcessesSaveFileAndFolder: of two processes that save at once, one a file and one below a folder of its name,
// neither fails.
func TestProcessesSaveFileAndFolder(t *testing.T) {
	const file, below = "https://a.test/a", "https://a.test/a/b/c.txt"
	for _, template := range []string{"", "{host}/{path}{ext}", "{host}/{path}/{filename}"} {
		for _, urls := range [][]string{{file, below}, {below, file}} {
			t.Run(fmt.Sprintf("%q, first %s", template, urls[0]), func(t *testing.T) {
				eachWay(t, func(t *testing.T, open func(dir, template string) *Dir) {
					dir := t.TempDir()
					saved := make(map[string]string)
					bodies := []*Dir{open(dir, template), open(dir, template)}
					for i, url := range urls {
						r := &fetch.Request{URL: url}
						must(t, bodies[i].Claim(r))
						path, err := saveBody(bodies[i], r, r.URL)
						if err != nil {
							t.Error(err)
						}
						saved[path] = r.URL
					}
					for path, text := range saved {
						if got := filetest.Read(t, path); got != text {
							t.Errorf("%s has %q", path, got)
						}
					}
				})
			})
		}
	}
}

// TestProcessesSaveOneBody: two processes that save the same bytes by one name share the file.
func TestProcessesSaveOneBody(t *testing.T) {
	eachWay(t, func(t *testing.T, open func(dir, template string) *Dir) {
		dir := t.TempDir()
		r := &fetch.Request{URL: "https://a.test/", Path: "body"}
		for _, bodies := range []*Dir{open(dir, ""), open(dir, "")} {
			path, err := saveBody(bodies, r, "the same")
			if err != nil || path != filepath.Join(dir, "body") || filetest.Read(t, path) != "the same" {
				t.Errorf("saved as %q, %v", path, err)
			}
		}
		if names := listNames(t, dir); len(names) != 1 {
			t.Errorf("there are %q", names)
		}
	})
}

// TestOwnNamesBeside: the name that a body gets beside a file of another process is no other request's of the run.
func TestOwnNamesBeside(t *testing.T) {
	dir := t.TempDir()
	bodies, other := openDir(t, dir, ""), openDir(t, dir, "")
	r := &fetch.Request{URL: "https://a.test/", Path: "body"}
	must(t, bodies.Claim(r))
	_, err := saveBody(other, r, "another's")
	must(t, err)
	path, err := saveBody(bodies, r, "ours")
	must(t, err)
	again := &fetch.Request{URL: "https://b.test/", Path: filepath.Base(path), Index: 1}
	if err := bodies.Claim(again); err == nil {
		t.Errorf("another request has claimed %s too", again.Path)
	}
}

// TestReplacedFileIsLocked: an earlier run's file that another process is replacing stays that process's.
func TestReplacedFileIsLocked(t *testing.T) {
	needsLocks(t)
	eachWay(t, func(t *testing.T, open func(dir, template string) *Dir) {
		dir := t.TempDir()
		name := filepath.Join(dir, "body")
		filetest.Write(t, name, "yesterday", 0o600)
		age(t, name)
		held, err := os.Open(name)
		must(t, err)
		defer func() { _ = held.Close() }() // only read
		must(t, file.Lock(held))
		path, err := saveBody(open(dir, ""), &fetch.Request{URL: "https://a.test/", Path: "body"}, "today")
		if err != nil || path == name || filetest.Read(t, path) != "today" || filetest.Read(t, name) != "yesterday" {
			t.Errorf("saved as %q, %v", path, err)
		}
	})
}

// TestKillLeavesNothingUnnamed: no name leads to a body before it is whole, so that a kill leaves nothing of it, nor
// does a failure.
func TestKillLeavesNothingUnnamed(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	needsUnnamed(t, bodies)
	for i := range 3 {
		kept, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: "same", Index: int64(i)})
		must(t, err)
		writeText(t, kept, "half")
		if names := listNames(t, dir); len(names) > 0 {
			t.Errorf("there are %q", names)
		}
		defer kept.Abandon()
	}
}

// TestUnnamedInSwappedFolder: a body without a name is saved where its Record says, or fails alone, whatever its folder
// has become meanwhile. One that is in memory until then needs no folder but that of its name: it is made again.
func TestUnnamedInSwappedFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no folder with an open file in it can be renamed there")
	}
	for _, tt := range swaps {
		if tt.isFile {
			continue // it has no name
		}
		for _, text := range []string{"the body", strings.Repeat("x", smallBytes+1)} {
			t.Run(fmt.Sprint(tt.name, " of ", len(text)), func(t *testing.T) {
				top := t.TempDir()
				dir, outside := filepath.Join(top, "saved"), filepath.Join(top, "outside")
				must(t, errors.Join(os.MkdirAll(filepath.Join(dir, "in"), 0o700), os.Mkdir(outside, 0o700)))
				bodies := openDir(t, dir, "")
				needsUnnamed(t, bodies)
				body, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: "in/body"})
				must(t, err)
				defer body.Abandon()
				writeText(t, body, text)
				tt.swap(t, filepath.Join(dir, "in"), outside, "planted")
				time.Sleep(2 * checkFolderAfter) // until then a small one too fails
				path, err := body.Commit(sha256.Sum256([]byte(text)))
				var failed *failure.Failure
				isMadeAgain := len(text) <= smallBytes && tt.isGone
				switch {
				case (tt.isFolder || isMadeAgain) && (err != nil || filetest.Read(t, path) != text):
					t.Errorf("saved as %q, %v", path, err)
				case !tt.isFolder && !isMadeAgain && (!errors.As(err, &failed) || failed.Kind != failure.IO):
					t.Errorf("saved as %q, %v", path, err)
				}
				for _, elsewhere := range []string{outside, filepath.Join(dir, "in-moved")} {
					if _, err := os.Lstat(filepath.Join(elsewhere, "body")); err == nil {
						t.Errorf("it is in %s", elsewhere)
					}
				}
			})
		}
	}
}

// TestNewNamesHaveOneFile: of several files that are renamed at once to a name which none has, one gets it, wherever
// they come from.
func TestNewNamesHaveOneFile(t *testing.T) {
	const many = 8
	for from, rename := range map[string]func(*tree, string, string) error{
		"in":                      (*tree).renameNew,
		"in/below":                (*tree).renameNew,
		"in/where links are used": (*tree).renameLinked,
		"in/where none can be":    (*tree).renameLooking,
	} {
		t.Run(from, func(t *testing.T) {
			for range 50 {
				bodies := openDir(t, t.TempDir(), "")
				must(t, os.MkdirAll(filepath.Join(bodies.tree.name, from), 0o700))
				results := make([]error, many)
				var renaming sync.WaitGroup
				for i := range many {
					name := fmt.Sprint(from, "/", i)
					filetest.Write(t, filepath.Join(bodies.tree.name, name), name, 0o600)
					renaming.Go(func() { results[i] = rename(&bodies.tree, name, "in/body") })
				}
				renaming.Wait()
				for i, err := range results {
					if err == nil {
						if got := filetest.Read(t, filepath.Join(bodies.tree.name, "in/body")); got != fmt.Sprint(from, "/", i) {
							t.Fatalf("%s/%d has got the name, of %s", from, i, got)
						}
					} else if !errors.Is(err, fs.ErrExist) {
						t.Fatal(err)
					}
				}
				if names := listFiles(t, bodies.tree.name); len(names) != many {
					t.Fatalf("there are %q", names)
				}
			}
		})
	}
}
