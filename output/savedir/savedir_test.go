package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
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

// listFiles lists the files below a directory, symbolic and temporary ones too.
func listFiles(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
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

// A name belongs to the first request that claims it, at each of its attempts. A later one gets another, which is its
// Path then; one that brings its Path is refused.
func TestClaim(t *testing.T) {
	for _, c := range []struct {
		name, template string
		requests       []fetch.Request
		want           []string // * is a hash; empty: refused
	}{
		{"different names", "{base}", []fetch.Request{{URL: "https://a.test/a"}, {URL: "https://a.test/b"}},
			[]string{"a", "b"}},
		{"one name", "{base}{ext}", []fetch.Request{{URL: "https://a.test/a.gz"}, {URL: "https://b.test/a.gz"},
			{URL: "https://c.test/a.gz"}}, []string{"a.gz", "a~*.gz", "a~*.gz"}},
		{"one name for all", "page{ext}", []fetch.Request{{URL: "https://a.test/a"}, {URL: "https://b.test/b"}},
			[]string{"page", "page~*"}},
		{"upper and lower case", "{base}", []fetch.Request{{URL: "https://a.test/Page"}, {URL: "https://a.test/pAGE"}},
			[]string{"Page", "pAGE~*"}},
		{"upper and lower case by default", "", []fetch.Request{{URL: "https://a.test/aBc"}, {URL: "https://a.test/abc"}},
			[]string{"a.test/aBc", "a.test/abc~*"}},
		{"beyond ASCII too", "{base}", []fetch.Request{{URL: "https://a.test/Ä"}, {URL: "https://a.test/ä"}},
			[]string{"Ä", "ä~*"}},
		{"composed and decomposed", "{base}", []fetch.Request{{URL: "https://a.test/ä"}, {URL: "https://a.test/a\u0308"}},
			[]string{"ä", "a\u0308~*"}},
		{"one after folding", "{base}", []fetch.Request{{URL: "https://a.test/straße"}, {URL: "https://a.test/STRASSE"}},
			[]string{"straße", "STRASSE~*"}},
		{"of another width", "{base}", []fetch.Request{{URL: "https://a.test/ａ"}, {URL: "https://a.test/A"}},
			[]string{"ａ", "A~*"}},
		{"one sign for three", "{base}", []fetch.Request{{URL: "https://a.test/㎒"}, {URL: "https://a.test/mhz"}},
			[]string{"㎒", "mhz~*"}},
		{"a variation selector", "{base}", []fetch.Request{{URL: "https://a.test/a\ufe0f"}, {URL: "https://a.test/a"}},
			[]string{"a\ufe0f", "a~*"}},
		{"in a folder", "{path}", []fetch.Request{{URL: "https://a.test/A/b"}, {URL: "https://a.test/a/B"},
			{URL: "https://a.test/b"}}, []string{"A/b", "a/B~*", "b"}},
		{"two schemes", "", []fetch.Request{{URL: "https://a.test/a.txt"}, {URL: "http://a.test/a.txt"}},
			[]string{"a.test/a.txt", "a.test/a~*.txt"}},
		{"a file, then a folder", "", []fetch.Request{{URL: "https://a.test/a"}, {URL: "https://a.test/a/b/c.txt"},
			{URL: "https://a.test/A/b/d.txt"}}, []string{"a.test/a", "a.test/a~b~c~*.txt", "a.test/A~b~d~*.txt"}},
		{"a folder, then a file", "", []fetch.Request{{URL: "https://a.test/a/b"}, {URL: "https://a.test/a"},
			{URL: "https://a.test/a/b/c"}}, []string{"a.test/a/b", "a.test/a~*", "a.test/a/b~c~*"}},
		{"by template and by hand", "{base}", []fetch.Request{{URL: "https://a.test/a"},
			{URL: "https://a.test/b", Path: "a"}}, []string{"a", ""}},
		{"by hand and by template", "{base}", []fetch.Request{{URL: "https://a.test/b", Path: "a"},
			{URL: "https://a.test/a"}}, []string{"a", "a~*"}},
		{"by hand twice", "", []fetch.Request{{URL: "https://a.test/a", Path: "x"},
			{URL: "https://a.test/b", Path: "X"}}, []string{"x", ""}},
		{"by hand twice, after normalization", "", []fetch.Request{{URL: "https://a.test/a", Path: "é"},
			{URL: "https://a.test/b", Path: "E\u0301"}}, []string{"é", ""}},
		{"by hand below a file", "", []fetch.Request{{URL: "https://a.test/a", Path: "x"},
			{URL: "https://a.test/b", Path: "x/y"}}, []string{"x", ""}},
		{"by hand in place of a folder", "", []fetch.Request{{URL: "https://a.test/a", Path: "x/y"},
			{URL: "https://a.test/b", Path: "x"}}, []string{"x/y", ""}},
		{"by hand is literal", "", []fetch.Request{{URL: "https://a.test/a", Path: "{index}%20A.txt"}},
			[]string{"{index}%20A.txt"}},
		{"the default name of one URL", "", []fetch.Request{{URL: "https://a.test/a"}, {URL: "https://a.test/a"},
			{URL: "https://a.test/a"}, {URL: "https://a.test/a"}},
			[]string{"a.test/a", "a.test/a~*", "a.test/a~*", "a.test/a~*"}},
		{"by index", "{index}", []fetch.Request{{URL: "https://a.test/a"}, {URL: "https://a.test/a"}},
			[]string{"0", "1"}},
		{"further pages", "{base}.json", []fetch.Request{{URL: "https://a.test/a", Page: 2},
			{URL: "https://b.test/a", Page: 2}}, []string{"a-page2.json", "a~*-page2.json"}},
		{"a name like a hash", "{base}", []fetch.Request{{URL: "https://a.test/a~3c2f8a9f3d7b3c11"},
			{URL: "https://a.test/a"}, {URL: "https://b.test/a"}}, []string{"a~3c2f8a9f3d7b3c11", "a", "a~*"}},
		{"devices", "", []fetch.Request{{URL: "https://a.test/a", Path: "COM¹"}, {URL: "https://a.test/a", Path: "lpt³.txt"},
			{URL: "https://a.test/a", Path: "COM0"}, {URL: "https://a.test/a", Path: "com1 .txt"},
			{URL: "https://a.test/a", Path: "ＮＵＬ"}, {URL: "https://a.test/a", Path: "conin$.x"},
			{URL: "https://a.test/a", Path: "x/CON"}, {URL: "https://a.test/a", Path: "COM¹⁰"}},
			[]string{"", "", "", "", "", "", "", "COM¹⁰"}},
		{"unsafe", "{base}", []fetch.Request{{URL: "https://a.test/a", Path: "../a"}, {URL: "https://a.test/a"}},
			[]string{"", "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bodies := openDir(t, t.TempDir(), c.template)
			for round := range 2 { // a request that claims again keeps its name
				for i := range c.requests {
					r := &c.requests[i]
					r.Index = int64(i)
					if err := bodies.Claim(r); (err == nil) != (c.want[i] != "") {
						t.Errorf("round %d, request %d: %v", round, i, err)
					}
				}
			}
			seen := make(map[string]bool)
			for i := range c.requests {
				if c.want[i] == "" {
					continue
				}
				path, err := saveBody(bodies, &c.requests[i], "x")
				name, _ := filepath.Rel(bodies.name, path)
				start, end, hashed := strings.Cut(c.want[i], "*")
				if err != nil || !strings.HasPrefix(name, start) || !strings.HasSuffix(name, end) ||
					len(name) != len(start)+len(end)+map[bool]int{true: 16}[hashed] || seen[name] {
					t.Errorf("request %d is saved as %q, %v, want %q", i, name, err, c.want[i])
				}
				seen[name] = true
			}
		})
	}
	bodies := openDir(t, t.TempDir(), "{base}")
	if err := bodies.Claim(&fetch.Request{URL: "https://a.test/a", Index: 41}); err != nil {
		t.Error(err)
	}
	if err := bodies.Claim(&fetch.Request{URL: "https://b.test/", Path: "A", Index: 42}); err == nil ||
		!strings.Contains(err.Error(), `"A" is that of request 41 already`) {
		t.Errorf("the second gets %v", err)
	}
}

// TestClaimOverAnEarlierRun: what an earlier run has left in the way of a name that a template makes is gone around,
// and stays.
func TestClaimOverAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	for _, url := range []string{"https://a.test/a", "https://a.test/b/c"} {
		if _, err := saveBody(openDir(t, dir, ""), &fetch.Request{URL: url}, "yesterday"); err != nil {
			t.Fatal(err)
		}
	}
	for _, template := range []string{"", "{host}/{path}", "{host}/{base}"} {
		bodies := openDir(t, dir, template)
		for i, url := range []string{"https://a.test/a/b", "https://a.test/b", "https://a.test/a/b/c", "https://a.test/a"} {
			r := &fetch.Request{URL: url, Index: int64(i)}
			err := bodies.Claim(r)
			if err == nil {
				_, err = saveBody(bodies, r, "today")
			}
			if err != nil {
				t.Errorf("%q: %s: %v", template, url, err)
			}
		}
		if got := filetest.Read(t, filepath.Join(dir, "a.test/a")); got != "today" {
			t.Errorf("%q: the file of an equal URL holds %q", template, got)
		}
		if got := filetest.Read(t, filepath.Join(dir, "a.test/b/c")); got != "yesterday" {
			t.Errorf("%q: a file of an earlier run holds %q", template, got)
		}
	}
}

// TestLeaveExisting: a request whose file is there is done, by its hash where that is known; the name stays its own.
func TestLeaveExisting(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "here", "b": "here", "other": "here"} {
		filetest.Write(t, filepath.Join(dir, name), text, 0o644)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	filetest.Symlink(t, "a", filepath.Join(dir, "link"))
	filetest.Write(t, filepath.Join(dir, ".batchfetch-0123456789abcdef0123456789abcdef.part"), "half", 0o644)
	for _, c := range []struct {
		request fetch.Request
		done    bool
	}{
		{fetch.Request{URL: "https://a.test/a"}, true},
		{fetch.Request{URL: "https://a.test/missing"}, false},
		{fetch.Request{URL: "https://a.test/x", Path: "other"}, true},
		{fetch.Request{URL: "https://a.test/b", SHA256: hexSum("here")}, true},
		{fetch.Request{URL: "https://a.test/b", SHA256: hexSum("gone")}, false},
		{fetch.Request{URL: "https://a.test/folder"}, false},
		{fetch.Request{URL: "https://a.test/link"}, false},
	} {
		for _, leaves := range []bool{true, false} {
			bodies := openDir(t, dir, "{base}")
			if leaves {
				bodies.LeaveExisting()
			}
			r := c.request
			if err := bodies.Claim(&r); errors.Is(err, fetch.ErrDone) != (c.done && leaves) || err != nil && !c.done {
				t.Errorf("%+v, %t: %v", c.request, leaves, err)
			}
		}
	}
	bodies := openDir(t, dir, "{base}")
	bodies.LeaveExisting()
	second := fetch.Request{URL: "https://b.test/a", Index: 1}
	if err := bodies.Claim(&fetch.Request{URL: "https://a.test/a"}); !errors.Is(err, fetch.ErrDone) {
		t.Errorf("the first: %v", err)
	}
	if err := bodies.Claim(&second); err != nil || second.Path == "" {
		t.Errorf("the second, whose name is taken, has %q, %v", second.Path, err)
	}
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
				if c.name == "read-only" && os.Geteuid() == 0 {
					t.Skip("root may write everywhere")
				}
				dir := filepath.Join(t.TempDir(), "saved")
				bodies := openDir(t, dir, "")
				if err := c.spoil(dir); err != nil {
					t.Fatal(err)
				}
				saved, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: path}, "today")
				var failure *failure.Failure
				if err == nil || errors.As(err, &failure) {
					t.Errorf("saved as %q, %v", saved, err)
				}
			})
		}
	}
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
		path, err := saveBody(openDir(t, filepath.Join(top, "link"), "{base}"), &fetch.Request{URL: "https://a.test/a"},
			fmt.Sprint("round ", round))
		if err != nil || path != filepath.Join(top, "link", "a") ||
			filetest.Read(t, filepath.Join(top, "not", "there", "a")) != fmt.Sprint("round ", round) {
			t.Errorf("behind a link it is %q, %v", path, err)
		}
	}
}
