package savedir

import (
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	stdpath "path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"batchfetch/fetch"
	"batchfetch/output/encode"
	"batchfetch/output/file/filetest"
)

// TestDefaultName: the name is the path of the URL, with a hash where the URL has what no name can have.
func TestDefaultName(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tt := range []struct{ url, want string }{
		{"https://example.com/file/a.pdf", "example.com/file/a.pdf"},
		{"https://a.test/b/c.json", "a.test/b/c.json"},
		{"https://a.test/", "a.test/index"},
		{"https://a.test", "a.test/index"},
		{"https://a.test/b/", "a.test/b/index"},
		{"http://a.test/c.json", "a.test/c.json"},
		{"https://a.test:8443/c", "a.test_8443/c"},
		{"https://A.test:443/c", "a.test/c"},
		{"https://u:p@a.test/c#d", "a.test/c"},
		{"https://a.test/File/README.MD", "a.test/File/README.MD"},
		{"https://a.test/~user/a~b", "a.test/~user/a~b"},
		{"https://a.test/%C3%BC/%41", "a.test/ü/A"},
		{"https://[2001:db8::1]/c", "[2001_db8__1]/c"},
		{"https://a.test/b/../c/%2e/d", "a.test/c/d"},
		{"https://a.test/%2e%2e/%2e%2e/etc/passwd", "a.test/etc/passwd"},

		{"https://a.test/c.json?x=1", "a.test/c~*.json"},
		{"https://a.test/c.tar.gz?", "a.test/c.tar~*.gz"},
		{"https://a.test/?x=1", "a.test/index~*"},
		{"https://a.test//b", "a.test/b~*"},
		{"https://a.test/..%2f..%2fetc/passwd", "a.test/_._.._etc/passwd~*"},
		{"https://a.test/.ssh", "a.test/_ssh~*"},
		{"https://a.test/con/a.txt", "a.test/_con/a~*.txt"},
		{"https://a.test/COM%C2%B9.txt", "a.test/_COM¹~*.txt"},
		{"https://a.test/a%00b%1b", "a.test/a_b_~*"},
		{"https://a.test/a./b", "a.test/a_/b~*"},
		{"https://a.test/%FF", "a.test/_~*"},
		{`https://a.test/a%5Cb:c`, "a.test/a_b_c~*"},
		{"https://a.test/" + long + ".pdf", "a.test/" + long[:maxSegment-21] + "~*.pdf"},
		{"https://a.test/" + strings.Repeat("d/", 40) + "e.txt", "a.test/e~*.txt"},
		{"https://a.test/" + strings.Repeat("d/", 40) + "e.txt?f", "a.test/e~*.txt"},
		{"https://a.test/" + strings.Repeat(long[:150]+"/", 10) + "e.txt", "a.test/e~*.txt"},
	} {
		name, err := NameTemplate{}.name(&fetch.Request{URL: tt.url}, placeholder)
		start, end, hashed := strings.Cut(tt.want, "*")
		if err != nil || !strings.HasPrefix(name, start) || !strings.HasSuffix(name, end) ||
			len(name) != len(start)+len(end)+map[bool]int{true: 16}[hashed] {
			t.Errorf("%s is saved as %q, %v; want %s", tt.url, name, err, tt.want)
		}
	}
	for _, r := range []fetch.Request{{Method: "HEAD"}, {Body: []byte{}}, {Header: http.Header{"A": {"b"}}}} {
		r.URL = "https://a.test/c"
		if name, err := (NameTemplate{}).name(&r, placeholder); err != nil || !strings.HasPrefix(name, "a.test/c~") {
			t.Errorf("%+v is saved as %q, %v", r, name, err)
		}
	}
}

// TestNamesDiffer: different requests have different files, whatever order they come in.
func TestNamesDiffer(t *testing.T) {
	long := strings.Repeat("x", 301)
	urls := []string{"https://a.test/b/c", "https://a.test/b~c", "https://a.test/b%2fc", "https://a.test/b/c?",
		"https://a.test/b/c/", "https://a.test/b", "https://a.test/b/c/index", "https://a.test/b/c/index/d.txt",
		"https://a.test//b/c", "http://a.test/b/c", "https://a.test:443/b/c", "https://a.test/b/c?d", "https://a.test/",
		"https://a.test/index", "https://b.test/b/c", "https://u@a.test/b/c", "https://a.test/B/c", "https://a.test/b/C",
		"https://a.test/%C3%BC", "https://a.test/u%CC%88", "https://a.test/%C3%9C", "https://a.test/%EF%AC%81",
		"https://a.test/fi", "https://a.test/stra%C3%9Fe", "https://a.test/STRASSE", "https://a.test/b/c#d",
		"https://a.test/x%EF%B8%8F", "https://a.test/x", "https://a.test/%E2%84%AA", "https://a.test/k",
		"https://a.test/b/c", "https://a.test/b/c", // equal ones, too
		"https://a.test/" + long, "https://a.test/" + long[1:], "https://a.test/" + strings.Repeat("d/", 40)}
	for round := range 20 {
		if round > 0 {
			rand.Shuffle(len(urls), func(i, j int) { urls[i], urls[j] = urls[j], urls[i] })
		}
		dir := t.TempDir()
		for _, template := range []string{"", "{base}", "{path}", "{filename}"} {
			bodies := openDir(t, filepath.Join(dir, "in "+template), template)
			folded := make(map[string]string)
			for i, url := range urls {
				r := fetch.Request{URL: url, Index: int64(i)}
				err := bodies.Claim(&r)
				var saved string
				if err == nil {
					saved, err = saveBody(bodies, &r, url)
				}
				if err != nil {
					t.Fatalf("%s by %q: %v", url, template, err)
				}
				key := norm.NFC.String(cases.Fold().String(norm.NFD.String(saved)))
				if other, here := folded[key]; here {
					t.Errorf("%s and %s are both saved as %q", url, other, saved)
				}
				folded[key] = url
			}
			if files := listFiles(t, bodies.name); len(files) != len(urls) {
				t.Errorf("there are %d files of %d", len(files), len(urls))
			}
		}
	}
}

// TestPageNames: a page other than the first has its number in its name once, however that is made.
func TestPageNames(t *testing.T) {
	for _, tt := range []struct{ template, path, url, want string }{
		{"", "", "https://a.test/b.json", "a.test/b-page12.json"},
		{"", "", "https://a.test/b", "a.test/b-page12"},
		{"", "sub/mine.json", "https://a.test/b", "sub/mine-page12.json"},
		{"", "sub.d/mine", "https://a.test/b", "sub.d/mine-page12"},
		{"{index}{ext}", "", "https://a.test/b.json", "7-page12.json"},
		{"{index}/{page}.json", "", "https://a.test/b", "7/12.json"},
		{"{sha256}", "", "https://a.test/b", placeholder.sum},
	} {
		template, err := ParseNameTemplate(tt.template)
		if err != nil {
			t.Fatal(err)
		}
		r := fetch.Request{URL: tt.url, Path: tt.path, Index: 7, Page: 12}
		if name, err := template.name(&r, placeholder); err != nil || name != tt.want {
			t.Errorf("%s %s: got %q, %v, want %q", tt.template, tt.path, name, err, tt.want)
		}
		first, zero := r, r
		first.Page, zero.Page = 1, 0
		one, _ := template.name(&first, placeholder)
		if none, _ := template.name(&zero, placeholder); one != none || strings.Contains(one, "page") {
			t.Errorf("%s %s: the first page is %q or %q", tt.template, tt.path, one, none)
		}
	}
}

func TestNameTemplate(t *testing.T) {
	r := &fetch.Request{URL: "https://A.test:81/x/y.tar.gz?q", Index: 7, ID: json.RawMessage(`"o/ne"`)}
	for _, tt := range []struct{ template, want string }{
		{"{host}", "a.test_81"},
		{"{path}", "x/y.tar.gz"},
		{"{base}|{ext}", ""},
		{"{base}-{index}{ext}", "y.tar-7.gz"},
		{"{id}", "o_ne"},
		{"d/{sha256}", "d/" + placeholder.sum},
		{"{index:06}", "000007"}, {"{page:3}", ""}, {"{page:03}{index:01}", "0017"},
		{"{filename}", "y.tar.gz"}, {"{host}/{filename}", "a.test_81/y.tar.gz"},
		{"{", ""}, {"}", ""}, {"{}", ""}, {"{Host}", ""}, {"a/../b", ""}, {"/abs/{base}", ""}, {"{base}\x00", ""},
		{".{base}", "_y.tar"},
	} {
		template, err := ParseNameTemplate(tt.template)
		if err != nil {
			if tt.want != "" {
				t.Errorf("%q: %v", tt.template, err)
			}
			continue
		}
		if name, err := template.name(r, placeholder); name != tt.want || err != nil {
			t.Errorf("%q names it %q, %v; want %q", tt.template, name, err, tt.want)
		}
	}
}

// FuzzName: whatever the URL, the id and the path of a line, the name is local, not hidden, on one line, and a file can
// be created under it.
func FuzzName(f *testing.F) {
	f.Add("https://a.test/../../etc/passwd", "../x", "id")
	f.Add("https://a.test/%2e%2e%2f", "a/b", "\x00")
	f.Add("https://[::1]:8080/COM1.txt", "", "..")
	every, err := ParseNameTemplate("{host}/{path}/{base}{ext}/{index}-{id}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, url, path, id string) {
		raw, _ := json.Marshal(id)
		for _, template := range []NameTemplate{{}, every} {
			name, err := template.name(&fetch.Request{URL: url, Path: path, ID: raw}, placeholder)
			if err != nil {
				continue
			}
			if !filepath.IsLocal(name) || !fs.ValidPath(name) || strings.Contains("/"+name, "/.") ||
				encode.Printable(name) != name || len(name) > maxName {
				t.Fatalf("%q, %q and %q give %q", url, path, id, name)
			}
			if err := checkName(name, maxSegment); err != nil || folderOf(name) != stdpath.Dir(name) {
				t.Fatalf("%q, %q and %q give %q in %q, %v", url, path, id, name, folderOf(name), err)
			}
			if path == "" {
				continue
			}
			if name != path {
				t.Fatalf("the path %q became %q", path, name)
			}
		}
	})
}

// TestBodiesLeaveNothingHalf: Abandon removes the file, and Commit replaces an earlier run's.
func TestBodiesLeaveNothingHalf(t *testing.T) {
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "a"), "yesterday", 0o644)
	age(t, filepath.Join(dir, "a"))
	bodies, err := Open(dir, NameTemplate{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bodies.Close() }()
	r := &fetch.Request{URL: "https://a.test/", Path: "a"}
	for _, commit := range []bool{false, true} {
		kept, err := bodies.Create(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kept.Write([]byte("today")); err != nil {
			t.Fatal(err)
		}
		if commit {
			if path, err := kept.Commit([32]byte{}); path != filepath.Join(dir, "a") || err != nil {
				t.Errorf("saved as %q, %v", path, err)
			}
		}
		kept.Abandon()
		content, err := os.ReadFile(filepath.Join(dir, "a"))
		if want := map[bool]string{false: "yesterday", true: "today"}[commit]; string(content) != want || err != nil {
			t.Errorf("the file holds %q, %v; want %q", content, err, want)
		}
		if files := listNames(t, dir); len(files) != 1 {
			t.Errorf("there are %q", files)
		}
	}
}

// TestPageOfLongName: a page has a name that is taken, whatever the length of that of the first page, and names that
// differ in their ends only stay two.
func TestPageOfLongName(t *testing.T) {
	for n := maxSegment - 30; n <= maxSegment+1; n++ {
		for _, ending := range []string{"", ".json", "." + strings.Repeat("z", 100), "é", "~0123456789abcdef"} {
			name := strings.Repeat("x", n-len(ending)) + ending
			r := fetch.Request{URL: "https://a.test/in/" + name, Page: 12}
			if got, err := (NameTemplate{}).name(&r, placeholder); err != nil || !strings.Contains(got, "-page12") {
				t.Errorf("%d bytes, %.10q: %q, %v", n, ending, got, err)
			}
			if a, b := withPage("in/"+name+"1", 12, maxSegment), withPage("in/"+name+"2", 12, maxSegment); a == b {
				t.Errorf("%d bytes, %.10q: two names are %q", n, ending, a)
			}
		}
	}
}
