package savedir

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/encode"
	"batchfetch/output/file/filetest"
)

// TestDefaultName: the name is readable where it can be, and has a hash where it could be another URL's.
func TestDefaultName(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"https://a.test/b/c.json", "a.test/b~c.json"},
		{"https://a.test/", "a.test/index"},
		{"https://a.test", "a.test/index"},
		{"https://a.test/c.json?x=1", "a.test/c~*.json"},
		{"http://a.test/c.json", "a.test/c~*.json"},
		{"https://a.test:8443/c", "a.test_8443/c~*"},
		{"https://a.test/~user", "a.test/~user~*"},
		{"https://a.test/%2e%2e/%2e%2e/etc/passwd", "a.test/_.~..~etc~passwd~*"},
		{"https://a.test/.ssh", "a.test/_ssh~*"},
		{"https://a.test/con", "a.test/_con~*"},
		{"https://a.test/a%00b%1b", "a.test/a_b_~*"},
		{`https://a.test/a%5Cb:c`, "a.test/a_b_c~*"},
	} {
		name, err := NameTemplate{}.name(&fetch.Request{URL: tt.url}, placeholderSum)
		start, end, hashed := strings.Cut(tt.want, "*")
		if err != nil || !strings.HasPrefix(name, start) || !strings.HasSuffix(name, end) ||
			hashed != (len(name) == len(tt.want)-1+16) {
			t.Errorf("%s is saved as %q, %v; want %s", tt.url, name, err, tt.want)
		}
	}
}

// TestDefaultNamesDiffer: different URLs have different names.
func TestDefaultNamesDiffer(t *testing.T) {
	urls := []string{"https://a.test/b/c", "https://a.test/b~c", "https://a.test/b%2fc", "https://a.test/b/c?",
		"https://a.test/b/c/",
		"https://a.test//b/c", "http://a.test/b/c", "https://a.test:443/b/c", "https://a.test/b/c?d", "https://a.test/",
		"https://a.test/index", "https://b.test/b/c", "https://u@a.test/b/c",
		"https://a.test/" + strings.Repeat("x", 300), "https://a.test/" + strings.Repeat("x", 301)}
	names := make(map[string]string)
	for _, url := range urls {
		name, err := NameTemplate{}.name(&fetch.Request{URL: url}, placeholderSum)
		if other, here := names[name]; here || err != nil {
			t.Errorf("%s and %s are both saved as %q, %v", url, other, name, err)
		}
		names[name] = url
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
		{"{sha256}", "", "https://a.test/b", placeholderSum},
	} {
		template, err := ParseNameTemplate(tt.template)
		if err != nil {
			t.Fatal(err)
		}
		r := fetch.Request{URL: tt.url, Path: tt.path, Index: 7, Page: 12}
		if name, err := template.name(&r, placeholderSum); err != nil || name != tt.want {
			t.Errorf("%s %s: got %q, %v, want %q", tt.template, tt.path, name, err, tt.want)
		}
		first, zero := r, r
		first.Page, zero.Page = 1, 0
		one, _ := template.name(&first, placeholderSum)
		if none, _ := template.name(&zero, placeholderSum); one != none || strings.Contains(one, "page") {
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
		{"d/{sha256}", "d/" + placeholderSum},
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
		if name, err := template.name(r, placeholderSum); name != tt.want || err != nil {
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
			name, err := template.name(&fetch.Request{URL: url, Path: path, ID: raw}, placeholderSum)
			if err != nil {
				continue
			}
			if !filepath.IsLocal(name) || !fs.ValidPath(name) || strings.Contains("/"+name, "/.") ||
				encode.Printable(name) != name || len(name) > maxName {
				t.Fatalf("%q, %q and %q give %q", url, path, id, name)
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
		if files, err := os.ReadDir(dir); len(files) != 1 || err != nil {
			t.Errorf("%d files are there, %v", len(files), err)
		}
	}
}
