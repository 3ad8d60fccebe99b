package savedir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// equalRequest is one of several equal requests, whose files a template names apart.
func equalRequest(n int) *fetch.Request {
	return &fetch.Request{URL: "https://a.test/body", Index: int64(n)}
}

// startEquals begins the bodies of n equal requests.
func startEquals(t *testing.T, bodies *Dir, n int) (started []*bodyWriter) {
	t.Helper()
	for i := range n {
		writer, err := bodies.Create(equalRequest(i))
		if err != nil {
			t.Fatal(err)
		}
		writeText(t, writer, "half")
		started = append(started, writer.(*bodyWriter))
	}
	return started
}

// TestKillLeavesNothingOfEquals: whichever of the bodies of equal requests a kill has left, the next attempt at such a
// request removes all of them; those that another run is writing stay.
func TestKillLeavesNothingOfEquals(t *testing.T) {
	needsLocks(t)
	const many = 30
	for _, tt := range []struct {
		name  string
		first int // how many of them had been committed before the kill
	}{{"all", 0}, {"all but the first", 1}, {"the last", many - 1}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			killed := startEquals(t, openNamedDir(t, dir, "{index}"), many)
			var want []string
			for i, body := range killed {
				if i < tt.first {
					path, err := body.Commit([32]byte{})
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, filepath.Base(path))
				} else if err := body.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if got := listFiles(t, dir); len(got) != many {
				t.Fatalf("%d files are left: %q", len(got), got)
			}
			for _, next := range startEquals(t, openNamedDir(t, dir, "{index}"), 3) {
				next.Abandon()
			}
			slices.Sort(want)
			if got := listFiles(t, dir); !slices.Equal(got, want) {
				t.Errorf("there are %q, want %q", got, want)
			}
			if got := listNames(t, dir); len(got) != len(want) {
				t.Errorf("there are %q, want %q", got, want)
			}
		})
	}
}

// TestEqualsAtOnce: bodies of equal requests that several runs write at once do not touch each other, and leave no
// temporary name behind.
func TestEqualsAtOnce(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "other"), "", 0o600) // so that left files are looked for
	first := startEquals(t, openNamedDir(t, dir, "{index}"), 12)
	first[0].Abandon() // the next one to come has its name, and looks for what a kill has left
	second := startEquals(t, openNamedDir(t, dir, "second/{index}"), 2)
	third := startEquals(t, openNamedDir(t, dir, "{index}-third"), 12)
	for _, body := range slices.Concat(first[1:], second, third) {
		path, err := body.Commit([32]byte{})
		if err != nil || filetest.Read(t, path) != "half" {
			t.Fatalf("%s: %v", path, err)
		}
	}
	names := listNames(t, dir)
	if i := slices.IndexFunc(names, func(name string) bool { return name[0] == '.' }); i >= 0 {
		t.Errorf("%s is left", names[i])
	}
	if len(names) != 1+11+1+12 {
		t.Errorf("there are %q", names)
	}
}

// A hiddenFile is a bodyFile whose removed name stays as another one until it is closed, as over NFS and FUSE.
type hiddenFile struct {
	bodyFile
	hidden string
}

func (f hiddenFile) Close() error { return errors.Join(f.bodyFile.Close(), os.Remove(f.hidden)) }

// TestNoFolderIsLeftOfHiddenFiles: the folder of a temporary file is removed once nothing is in it any more.
func TestNoFolderIsLeftOfHiddenFiles(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	both := startEquals(t, openNamedDir(t, dir, "{index}"), 2)
	body := both[1]
	hidden := filepath.Join(dir, filepath.Dir(body.name), ".nfs0")
	filetest.Write(t, hidden, "", 0o600)
	body.bodyFile = hiddenFile{body.bodyFile, hidden}
	for _, body := range both {
		_, err := body.Commit([32]byte{})
		must(t, err)
	}
	if names := listNames(t, dir); len(names) != 2 {
		t.Errorf("there are %q", names)
	}
}

// TestTempThatAnotherTook: a temporary file that another process took for one which a kill has left, before it was
// locked, is not used, although removing it has but hidden its name.
func TestTempThatAnotherTook(t *testing.T) {
	needsLocks(t)
	for _, taken := range []bool{false, true} {
		dir := t.TempDir()
		bodies := openDir(t, dir, "")
		name := filepath.Join(dir, "body.tmp")
		f, _, err := bodies.createLocked("body.tmp", func(string) (*os.File, error) {
			f, err := os.Create(name)
			must(t, errors.Join(err, os.Rename(name, filepath.Join(dir, ".nfs0"))))
			if taken {
				filetest.Write(t, name, "another's", 0o600)
			}
			return f, nil
		})
		if !errors.Is(err, file.ErrBusy) || f != nil {
			t.Errorf("taken %v: it is used: %v", taken, err)
		}
	}
}

// TestSweepTakesTemporaryFilesOnly: what another user may have put in the place of the folder of temporary files, or in
// it, stays as it is.
func TestSweepTakesTemporaryFilesOnly(t *testing.T) {
	needsLocks(t)
	for _, asLink := range []bool{false, true} {
		dir := t.TempDir()
		bodies := openDir(t, dir, "")
		bodies.mayHoldParts.Store(true)
		folder := partStem(t, bodies, dir, equalRequest(0)) + equalEnding
		real := folder
		if asLink {
			real = filepath.Join(dir, "precious")
		}
		must(t, errors.Join(os.MkdirAll(filepath.Dir(folder), 0o700), os.MkdirAll(real, 0o700)))
		filetest.Write(t, filepath.Join(real, "body"), "precious", 0o600)
		if asLink {
			filetest.Write(t, filepath.Join(real, tempPrefix+"0.tmp"), "precious", 0o600)
			filetest.Symlink(t, "../precious", folder)
		}
		before := listNames(t, real)
		body, err := bodies.Create(equalRequest(0))
		must(t, err)
		body.Abandon()
		if got := listNames(t, real); !slices.Equal(got, before) {
			t.Errorf("as a link: %v: there are %q, were %q", asLink, got, before)
		}
	}
}
