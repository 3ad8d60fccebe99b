package dictionary

import (
	"net/http"
	"strings"
	"testing"
)

func TestTermsOf(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		want  Terms // without a Match: none
	}{
		"none":                 {nil, Terms{}},
		"a pattern":            {[]string{`match="/a/*"`}, Terms{"/a/*", ""}},
		"all members":          {[]string{`id="x y", match="/a", match-dest=("document" ""), type=raw`}, Terms{"/a", "x y"}},
		"over two lines":       {[]string{`match="/a"`, `id="1"`}, Terms{"/a", "1"}},
		"unknown members":      {[]string{`match="/a", ttl=5, x`}, Terms{"/a", ""}},
		"parameters":           {[]string{`match="/a";x=1`}, Terms{"/a", ""}},
		"the last of two":      {[]string{`match="/a", match="/b"`}, Terms{"/b", ""}},
		"another type":         {[]string{`match="/a", type=zstd`}, Terms{}},
		"a type that is text":  {[]string{`match="/a", type="raw"`}, Terms{}},
		"no match":             {[]string{`id="1"`}, Terms{}},
		"an empty match":       {[]string{`match=""`}, Terms{}},
		"a match that is none": {[]string{`match=/a`}, Terms{}},
		"a list of matches":    {[]string{`match=("/a" "/b")`}, Terms{}},
		"no structured field":  {[]string{`match="/a`}, Terms{}},
		"a long match":         {[]string{`match="/` + strings.Repeat("a", maxMatch) + `"`}, Terms{}},
		"a long id":            {[]string{`match="/a", id="` + strings.Repeat("a", maxID+1) + `"`}, Terms{}},
		"the longest id": {[]string{`match="/a", id="` + strings.Repeat("a", maxID) + `"`},
			Terms{"/a", strings.Repeat("a", maxID)}},
	} {
		h := http.Header{}
		for _, line := range tt.lines {
			h.Add("Use-As-Dictionary", line)
		}
		if got, ok := TermsOf(h); got != tt.want || ok != (tt.want.Match != "") {
			t.Errorf("%s: got %+v, %t", name, got, ok)
		}
	}
}

// TestPattern has the examples of RFC 9842 section 2.1.5 and what else servers write.
func TestPattern(t *testing.T) {
	const base = "https://a.test/app/main.js"
	for _, tt := range []struct {
		match, url string
		want       bool
	}{
		{"/product/*", "https://a.test/product/1", true},
		{"/product/*", "https://a.test/product/", true},
		{"/product/*", "https://a.test/products", false},
		{"/app/*/main.js", "https://a.test/app/v2/main.js", true},
		{"/app/*/main.js", "https://a.test/app/main.js", false},
		{"/app/main.js", "https://a.test/app/main.js", true},
		{"main.js", "https://a.test/app/main.js", true},
		{"/:kind/:id", "https://a.test/a/b", true},
		{"/:kind/:id", "https://a.test/a/b/c", false},
		{"/{a,b}/x", "https://a.test/a,b/x", true},
		{"/data?day=*", "https://a.test/data?day=1", true},
		{"/data?day=*", "https://a.test/data?week=1", false},
		{"https://a.test/x/*", "https://a.test/x/y", true},
		{"/*", "https://a.test/data?day=1", true},
	} {
		p, err := Terms{Match: tt.match}.Pattern(base)
		if err != nil {
			t.Errorf("%s: %v", tt.match, err)
		} else if got := p.Matches(tt.url); got != tt.want {
			t.Errorf("%s, %s: got %t", tt.match, tt.url, got)
		}
	}
	for _, match := range []string{`/(a|b)`, `/:id(\\d+)`, `https://[/`, `/{`, "/" + strings.Repeat("*a", 17)} {
		if _, err := (Terms{Match: match}).Pattern(base); err == nil {
			t.Errorf("%s is accepted", match)
		}
	}
}

func TestSetOffer(t *testing.T) {
	h := http.Header{}
	if err := (Terms{Match: "/", ID: `a "b"`}).SetOffer(h, [32]byte{}); err != nil {
		t.Fatal(err)
	}
	if got := h.Get("Available-Dictionary"); got != ":"+strings.Repeat("A", 43)+"=:" {
		t.Error(got)
	}
	if got := h.Get("Dictionary-ID"); got != `"a \"b\""` {
		t.Error(got)
	}
}

// FuzzTerms: whatever a server sends, terms are refused or make a pattern that can be used, and an ID can be sent back.
func FuzzTerms(f *testing.F) {
	f.Add(`match="/a/*", id="x"`, "https://a.test/a/b")
	f.Add(`match="/:id{/*}?"`, "https://a.test/")
	f.Fuzz(func(t *testing.T, line, url string) {
		terms, ok := TermsOf(http.Header{"Use-As-Dictionary": {line}})
		if !ok {
			return
		}
		if err := terms.SetOffer(http.Header{}, [32]byte{}); err != nil {
			t.Errorf("%q: %v", terms.ID, err)
		}
		if p, err := terms.Pattern("https://a.test/"); err == nil {
			p.Matches(url)
		}
	})
}
