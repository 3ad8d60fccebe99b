package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/unnamed"
	"batchfetch/output/file/filetest"
)

// openDir opens dir with that template.
func openDir(t *testing.T, dir, template string) *Dir {
	t.Helper()
	parsed, err := ParseNameTemplate(template)
	if err != nil {
		t.Fatal(err)
	}
	bodies, err := Open(dir, parsed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bodies.Close() }) // only read
	return bodies
}

// openNamedDir is openDir as where there are no files without a name.
func openNamedDir(t *testing.T, dir, template string) *Dir {
	t.Helper()
	bodies := openDir(t, dir, template)
	bodies.linkWay = unnamed.None
	return bodies
}

// saveBody saves text as the body of r and returns its path.
func saveBody(bodies *Dir, r *fetch.Request, text string) (string, error) {
	kept, err := bodies.Create(r)
	if err != nil {
		return "", err
	}
	defer kept.Abandon()
	if _, err := kept.Write([]byte(text)); err != nil {
		return "", err
	}
	return kept.Commit(sha256.Sum256([]byte(text)))
}

// listFiles lists the files below a directory, symbolic and temporary ones too, but not the markers of runs.
func listFiles(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err == nil && entry.Name() == runsFolder:
			return fs.SkipDir
		case err != nil || entry.IsDir():
			return err
		}
		name, err := filepath.Rel(dir, path)
		all = append(all, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// listNames lists the names in a directory, but not that of the folder of markers.
func listNames(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(filetest.Names(t, dir), func(name string) bool { return name == runsFolder })
}

// Many bodies written at once, to one folder and to one file by its hash, leave their files and nothing else.
func TestBodiesAtOnce(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "{sha256}/{index}/{base}")
	equal := openDir(t, dir, "equal/{sha256}")
	var saving sync.WaitGroup
	const n = 32
	for i := range n {
		saving.Go(func() {
			r := &fetch.Request{URL: "https://a.test/x", Index: int64(i)}
			if path, err := saveBody(bodies, r, "same"); err != nil || filetest.Read(t, path) != "same" {
				t.Errorf("saved as %q, %v", path, err)
			}
			if path, err := saveBody(equal, r, "same"); err != nil ||
				path != filepath.Join(dir, "equal", hexSum("same")) {
				t.Errorf("saved as %q, %v", path, err)
			}
		})
	}
	saving.Wait()
	if got := listFiles(t, dir); len(got) != n+1 {
		t.Errorf("there are %q", got)
	}
	if got := filetest.Read(t, filepath.Join(dir, "equal", hexSum("same"))); got != "same" {
		t.Errorf("the shared file holds %q", got)
	}
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Open creates the directory and those above it; it fails where a file has its name, which stays.
func TestOpenBodies(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "not", "there", "yet")
	if path, err := saveBody(openDir(t, deep, "{index}"), &fetch.Request{URL: "https://a.test/", Index: 3},
		"x"); err != nil || path != filepath.Join(deep, "3") {
		t.Errorf("saved as %q, %v", path, err)
	}
	file := filepath.Join(top, "file")
	filetest.Write(t, file, "a file", 0o644)
	for _, name := range []string{file, filepath.Join(file, "below")} {
		if bodies, err := Open(name, NameTemplate{}); err == nil {
			t.Errorf("%s became %v", name, bodies)
		}
	}
	if filetest.Read(t, file) != "a file" {
		t.Error("the file has changed")
	}
	filetest.Symlink(t, "not/there", filepath.Join(top, "link"))
	for round := range 2 {
		bodies := openDir(t, filepath.Join(top, "link"), "{base}")
		path, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/a"}, fmt.Sprint("round ", round))
		if err != nil || path != filepath.Join(top, "link", "a") ||
			filetest.Read(t, filepath.Join(top, "not", "there", "a")) != fmt.Sprint("round ", round) {
			t.Errorf("behind a link it is %q, %v", path, err)
		}
		age(t, path) // the next round is a later run
		must(t, bodies.Close())
	}
}
