package cache

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestConditions checks RFC 9111 section 4.3.1: the headers of a conditional request.
func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		h    http.Header
		want http.Header
	}{
		{header("Etag", `"x"`), header("If-None-Match", `"x"`)},
		{header("Etag", `W/"x"`, "Last-Modified", at(0)), header("If-None-Match", `W/"x"`, "If-Modified-Since", at(0))},
		{header("Etag", `"x-gzip"`), header("If-None-Match", `"x-gzip", "x"`)},
		{header("Etag", `W/"x-br"`), header("If-None-Match", `W/"x-br", W/"x"`)},
		{header("Etag", `"x--gzip"`), header("If-None-Match", `"x--gzip", "x"`)},
		{header("Etag", `"-gzip"`), header("If-None-Match", `"-gzip", ""`)},
		{header("Etag", `"x-gzip-1"`), header("If-None-Match", `"x-gzip-1"`)},
		{header("Last-Modified", at(0)), header("If-Modified-Since", at(0))},
		{header("Last-Modified", "yesterday"), nil},
		{header("Etag", "unquoted"), header("If-None-Match", "unquoted")},
		{header("Etag", "un,quoted"), nil},
		{header("Etag", "un quoted"), nil},
		{header("Etag", `un"quoted`), nil},
		{header("Etag", `"half`), nil},
		{header("Etag", `half-gzip`), header("If-None-Match", `half-gzip`)}, // no quote is made of it
		{header("Etag", `half"`), nil},
		{header("Etag", `"`), nil},
		{header("Etag", "W/"), nil},
		{header("Etag", "*"), nil},
		{header("Etag", ""), nil},
		{header("Etag", `""`), header("If-None-Match", `""`)},
		{header("Etag", `"x"`, "Etag", `"y"`), nil},
		{header("Etag", "\"\u00e9\""), nil},
	} {
		got := ValidatorsOf(tt.h).Conditions()
		if len(got) != len(tt.want) || got.Get("If-None-Match") != tt.want.Get("If-None-Match") ||
			got.Get("If-Modified-Since") != tt.want.Get("If-Modified-Since") {
			t.Errorf("%v: got %v", tt.h, got)
		}
	}
}

// TestIsURLTag checks which entity tags say no more than the URL. The first one is that of cache.ETag of Iris 12.2.11.
func TestIsURLTag(t *testing.T) {
	for _, tt := range []struct {
		tag, url string
		want     bool
	}{
		{"/assets/a.bin", "https://a.test/assets/a.bin", true},
		{`"/assets/a.bin"`, "https://a.test/assets/a.bin", true},
		{`W/"/assets/a.bin"`, "https://a.test/assets/a.bin?v=2", true},
		{`"/a?v=2"`, "https://a.test/a?v=2", true},
		{`"/a%20b"`, "https://a.test/a%20b", true},
		{`"https://a.test/a"`, "https://a.test/a", true},
		{`"/a"`, "https://a.test/a/b", false},
		{`"a"`, "https://a.test/a", false},
		{`"/a-1"`, "https://a.test/a", false},
		{`"/"`, "https://a.test", true},
		{`""`, "https://a.test", false},
		{"", "https://a.test", false},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := IsURLTag(tt.tag, u); got != tt.want {
			t.Errorf("%s of %s: %t", tt.tag, tt.url, got)
		}
		want := Validators{ETag: tt.tag, LastModified: at(0)}
		if tt.want {
			want.ETag = ""
		}
		r := Request{URL: tt.url}
		if got := r.Validators(header("Etag", tt.tag, "Last-Modified", at(0))); got != want {
			t.Errorf("%s of %s: %+v", tt.tag, tt.url, got)
		}
	}
}

// TestConfirms checks RFC 9111 section 4.3.4: which 304 confirms the stored response.
func TestConfirms(t *testing.T) {
	for _, tt := range []struct {
		name      string
		kept, new http.Header
		want      bool
	}{
		{"the same tag", header("Etag", `"x"`), header("Etag", `"x"`), true},
		{"another tag", header("Etag", `"x"`), header("Etag", `"y"`), false},
		{"the tag before it was coded", header("Etag", `"x-gzip"`), header("Etag", `"x"`), true},
		{"the same, weak", header("Etag", `"x-gzip"`), header("Etag", `W/"x"`), true},
		{"the tag of a coded one", header("Etag", `"x-gzip"`), header("Etag", `"x-gzip"`), true},
		{"another one before it was coded", header("Etag", `"x-gzip"`), header("Etag", `"y"`), false},
		// hapi 21.4.10, for a body of less than 1 KiB, which it does not compress.
		{"a coded one, of a plain one", header("Etag", `"x"`), header("Etag", `"x-gzip"`), true},
		{"another coded one, of a plain one", header("Etag", `"x"`), header("Etag", `"y-gzip"`), false},
		{"the same tag, weak", header("Etag", `W/"x"`), header("Etag", `W/"x"`), true},
		{"weak and strong", header("Etag", `W/"x"`), header("Etag", `"x"`), true},
		{"no tag in the 304", header("Etag", `"x"`), header(), true},
		{"the same date", header("Last-Modified", at(0)), header("Last-Modified", at(0)), true},
		{"another date", header("Last-Modified", at(0)), header("Last-Modified", at(1e9)), false},
		{"a tag counts before a date", header("Etag", `"x"`, "Last-Modified", at(0)), header("Last-Modified", at(1e9)), true},
		{"two tags", header("Etag", `"x"`), header("Etag", `"x"`, "Etag", `"y"`), false},
	} {
		if got := ValidatorsOf(tt.kept).Confirms(tt.new); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

// TestFreshen checks RFC 9111 section 3.2: a 304 updates the stored header, but for the fields that describe the
// stored body.
func TestFreshen(t *testing.T) {
	e := &Entry{Status: 200, Size: 9, Header: header(
		"Etag", `"x"`, "Cache-Control", "max-age=1", "X-Old", "stays", "Age", "77", "Content-Encoding", "gzip")}
	got := e.Freshen(&Request{}, header("Date", at(9), "Cache-Control", "max-age=60", "X-New", "comes",
		"Content-Encoding", "br", "Content-Length", "0", "Content-Range", "bytes 0-1/2", "Set-Cookie", "a=b",
		"Connection", "x-hop", "X-Hop", "one"), noon)
	want := header("Etag", `"x"`, "Cache-Control", "max-age=60", "X-Old", "stays", "X-New", "comes",
		"Content-Encoding", "gzip", "Date", at(9))
	if len(got.Header) != len(want) || got.Size != 9 {
		t.Errorf("got %v", got.Header)
	}
	for name := range want {
		if got.Header.Get(name) != want.Get(name) {
			t.Errorf("%s: got %q, want %q", name, got.Header.Get(name), want.Get(name))
		}
	}
	coded := &Entry{Status: 200, Header: header("Etag", `"x-gzip"`)}
	if got := coded.Freshen(&Request{}, header("Etag", `"x"`), noon).Header.Get("Etag"); got != `"x-gzip"` {
		t.Errorf("the tag of the stored body became %s", got)
	}
	if got := e.Freshen(&Request{}, header("Etag", `W/"x"`), noon).Header.Get("Etag"); got != `W/"x"` {
		t.Errorf("the tag became %s", got)
	}
	if e.Header.Get("Age") != "77" {
		t.Error("the old one was written to")
	}
}

// TestStorable checks RFC 9111 section 3.1: fields of one connection are not stored, nor are cookies.
func TestStorable(t *testing.T) {
	got := Storable(header("Connection", "close, X-Hop", "X-Hop", "1", "Keep-Alive", "1",
		"Transfer-Encoding", "chunked", "Trailer", "x", "Proxy-Authenticate", "x", "Set-Cookie", "a=b",
		"Content-Length", "3", "X-Kept", "yes"), noon)
	if len(got) != 2 || got.Get("X-Kept") != "yes" || got.Get("Date") != at(0) {
		t.Errorf("got %v", got)
	}
	if got := Storable(header("Date", at(time.Hour)), noon); got.Get("Date") != at(time.Hour) {
		t.Errorf("got %v", got)
	}
}

// TestInvalidates checks RFC 9111 section 4.4: which responses invalidate what is stored.
func TestInvalidates(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
		want   bool
	}{
		{"POST", 200, true}, {"PUT", 204, true}, {"DELETE", 200, true}, {"PATCH", 303, true}, {"FROB", 200, true},
		{"POST", 404, false}, {"POST", 500, false}, {"GET", 200, false}, {"HEAD", 200, false}, {"OPTIONS", 200, false},
		{"TRACE", 200, false},
	} {
		if got := Invalidates(tt.method, tt.status); got != tt.want {
			t.Errorf("%s %d: %t", tt.method, tt.status, got)
		}
	}
	u, _ := url.Parse("http://a.test/x/y")
	also := AlsoInvalid(u, header("Location", "../z", "Content-Location", "http://other.test/w"))
	if len(also) != 1 || also[0].String() != "http://a.test/z" {
		t.Errorf("got %v", also)
	}
}
