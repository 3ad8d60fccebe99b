package savedir

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// TestFilename: names as real servers send them, well formed or not.
func TestFilename(t *testing.T) {
	for _, tt := range []struct{ field, want string }{
		{`attachment; filename="report.pdf"`, "report.pdf"},
		{`attachment; filename=report.pdf`, "report.pdf"},
		{`inline;FileName = "report.pdf" ; size=3`, "report.pdf"},
		{`attachment; filename=my report.pdf; x=y`, "my report.pdf"},
		{`attachment; filename="a; b.pdf"`, "a; b.pdf"},
		{`attachment; filename="a \"b\" \\ c.pdf"`, `c.pdf`},
		{`attachment; filename="say \"hi\".txt"`, `say "hi".txt`},
		{`attachment; filename*=UTF-8''%e2%82%ac%20rates.pdf`, "€ rates.pdf"},
		{`attachment; filename*=utf-8'en'na%C3%AFve.txt; filename="naive.txt"`, "naïve.txt"},
		{`attachment; filename="naive.txt"; filename*=UTF-8''na%C3%AFve.txt`, "naïve.txt"},
		{`attachment; filename*=iso-8859-1'en'%A3.txt`, "£.txt"},
		{`attachment; filename*="UTF-8''quoted.txt"`, "quoted.txt"},
		{`attachment; filename*=klingon''x.txt; filename=plain.txt`, "plain.txt"},
		{`attachment; filename*=UTF-8''%zz.txt; filename=plain.txt`, "plain.txt"},
		{`attachment; filename*=UTF-8''%FF.txt; filename=plain.txt`, "plain.txt"},
		{`attachment; filename*=x.txt; filename=plain.txt`, "plain.txt"},
		{`attachment; filename*=UTF-8''; filename=plain.txt`, "plain.txt"},
		{`attachment; filename=first.txt; filename=second.txt`, "first.txt"},
		{`filename="no type.pdf"`, "no type.pdf"},
		{`attachment filename="no semicolon.pdf"`, "no semicolon.pdf"},
		{`attachment; filename="not closed.pdf`, "not closed.pdf"},
		{"attachment; filename=\"na\xefve.txt\"", "naïve.txt"},
		{`attachment; filename="naïve.txt"`, "naïve.txt"},
		{`attachment; filename="=?UTF-8?B?bmHDr3ZlLnR4dA==?="`, "naïve.txt"},
		{`attachment; filename="=?iso-8859-1?Q?na=EFve.txt?="`, "naïve.txt"},
		{`attachment; filename="100%25.txt"`, "100%25.txt"},
		{`attachment; filename="/etc/passwd"`, "passwd"},
		{`attachment; filename="../../a.txt"`, "a.txt"},
		{`attachment; filename="C:\dir\a.txt"`, "a.txt"},
		{`attachment; filename="..\..\a.txt"`, "a.txt"},
		{`attachment; filename*=UTF-8''..%2f..%2fa.txt`, "a.txt"},
		{`attachment; filename*=UTF-8''..%5c..%5ca.txt`, "a.txt"},
		{`attachment; filename="dir/"`, ""}, {`attachment; filename=".."`, ""}, {`attachment; filename="."`, ""},
		{`attachment; filename=""`, ""}, {`attachment; filename`, ""}, {`attachment`, ""}, {``, ""}, {`;;=;"`, ""},
		{`attachment; name="x.pdf"`, ""},
	} {
		if got := filenameOf(http.Header{"Content-Disposition": {tt.field}}); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.field, got, tt.want)
		}
	}
	two := http.Header{"Content-Disposition": {"attachment", "attachment; filename=a.txt", "attachment; filename=b.txt"}}
	if got := filenameOf(two); got != "a.txt" {
		t.Errorf("of several headers: %q", got)
	}
}

// TestFilenameField: {filename} is what the response says, made safe, else the end of the URL's path; one that is taken
// gets a hash.
func TestFilenameField(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "{host}/{filename}")
	for i, tt := range []struct{ field, want string }{
		{`attachment; filename=report.pdf`, "a.test/report.pdf"},
		{`attachment; filename=REPORT.pdf`, "a.test/REPORT~*.pdf"},
		{``, "a.test/get.php"},
		{`attachment`, "a.test/get~*.php"},
		{`attachment; filename=".htaccess"`, "a.test/_htaccess"},
		{`attachment; filename="nul.txt"`, "a.test/_nul.txt"},
		{`attachment; filename="COM¹"`, "a.test/_COM¹"},
		{"attachment; filename=\"a\x00\x1b[31m\u202etxt.exe\"", "a.test/a__[31m_txt.exe"},
		{`attachment; filename="a:b|c?.txt. "`, "a.test/a_b_c_.txt_"},
		{`attachment; filename="` + strings.Repeat("x", 300) + `.pdf"`,
			"a.test/" + strings.Repeat("x", maxSegment-21) + "~*.pdf"},
	} {
		r := &fetch.Request{URL: "https://a.test/get.php", Index: int64(i)}
		if err := bodies.Claim(r); err != nil {
			t.Fatal(err)
		}
		body, err := bodies.Create(r)
		if err != nil {
			t.Fatal(err)
		}
		body.(fetch.HeaderWriter).SetHeader(http.Header{"Content-Disposition": {tt.field}})
		path, err := body.Commit([32]byte{})
		name, _ := filepath.Rel(dir, path)
		start, end, hashed := strings.Cut(tt.want, "*")
		if err != nil || !strings.HasPrefix(name, start) || !strings.HasSuffix(name, end) ||
			len(name) != len(start)+len(end)+map[bool]int{true: 16}[hashed] {
			t.Errorf("%s: saved as %q, %v, want %q", tt.field, name, err, tt.want)
		}
		body.Abandon()
	}
}

// FuzzFilename: whatever a server says, it is a name without folders, and safe once it is sanitized.
func FuzzFilename(f *testing.F) {
	for _, seed := range []string{`attachment; filename="a\"b"`, `x; filename*=UTF-8''%2e%2e%2f`,
		`filename="=?x?B?eA==?="`} {
		f.Add(seed)
	}
	template, err := ParseNameTemplate("{filename}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, field string) {
		found := filenameOf(http.Header{"Content-Disposition": {field}})
		if strings.ContainsAny(found, `/\`) || found == "." || found == ".." {
			t.Errorf("%q: %q", field, found)
		}
		name, err := template.name(&fetch.Request{URL: "https://a.test/x"}, response{filename: found})
		if err != nil || strings.Contains(name, "/") || checkName(name, maxSegment) != nil {
			t.Errorf("%q: %q, %v", field, name, err)
		}
	})
}
