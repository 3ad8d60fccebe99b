package savedir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file/filetest"
)

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
		earlier := openDir(t, dir, "")
		path, err := saveBody(earlier, &fetch.Request{URL: url}, "yesterday")
		must(t, errors.Join(err, earlier.Close()))
		age(t, path)
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
