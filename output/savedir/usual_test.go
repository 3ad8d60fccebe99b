package savedir

import (
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/httpurl"
)

// TestUsualNames: of no name that is taken as usual anything would be replaced, of any other the same as without that
// short cut, and most that are safe are usual.
func TestUsualNames(t *testing.T) {
	alphabet := []string{"a", "C", "O", "n", "M", "l", "p", "T", "u", "x", "7", "1", "¹", ".", "-", "_", " ", ":", "\\",
		"$", "é", "\x7f", "\u200e", "\xff"}
	count := 0
	var try func(text string, left int)
	try = func(text string, left int) {
		if isUsual(text) {
			count++
			if safe := replaceInUnusual(text); safe != text {
				t.Fatalf("%q is taken as usual, and is made %q", text, safe)
			}
		} else if got, want := replaceUnsafe(text), replaceInUnusual(text); got != want {
			t.Fatalf("%q is made %q, want %q", text, got, want)
		}
		if left == 0 {
			return
		}
		for _, c := range alphabet {
			try(text+c, left-1)
		}
	}
	try("", 4)
	for _, text := range []string{"1k.json", "index", "user-17_b.tar.gz", "2026", "v1", "items", "api.example.com",
		"com.example", "localhost", "com10"} {
		if !isUsual(text) {
			t.Errorf("%q is not", text)
		}
	}
	if count < 10_000 {
		t.Errorf("only %d", count)
	}
}

// TestUsualNameIsDefault: a name that is made the short way is that of the long way, and that of a plain path is.
func TestUsualNameIsDefault(t *testing.T) {
	pieces := []string{"a", "CON", "b.json", "/", "", ".", "..", "%2e", "%2F", "é", "~", ":", "index",
		strings.Repeat("x", 120)}
	hosts := []string{"http://A.test", "https://a.test:443", "http://127.0.0.1:8080", "http://[::1]:80", "http://aux"}
	short := 0
	for _, host := range hosts {
		for i := range len(pieces) * len(pieces) * len(pieces) {
			path := pieces[i%len(pieces)] + "/" + pieces[i/len(pieces)%len(pieces)] + pieces[i/len(pieces)/len(pieces)]
			for _, r := range []fetch.Request{{URL: host + "/" + path}, {URL: host + "/" + path + "?q"},
				{URL: host + "/" + path, Method: "POST"}, {URL: host + "/" + strings.Repeat("a/", i%40) + path}} {
				u, err := httpurl.Parse(r.URL)
				if err != nil {
					continue
				}
				u = httpurl.RemoveDots(u)
				name, ok := usualName(&r, u)
				if want := defaultName(&r, u); ok && name != want {
					t.Fatalf("%s: %q, want %q", r.URL, name, want)
				}
				if ok {
					short++
				}
			}
		}
	}
	if short < 1000 {
		t.Errorf("only %d are made the short way", short)
	}
}
