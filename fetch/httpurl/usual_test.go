package httpurl

import (
	"reflect"
	"strings"
	"testing"
)

// usualSeeds are URLs, and whether parseUsual takes them.
var usualSeeds = map[string]bool{
	"http://a.test/":             true,
	"https://a.test":             true,
	"http://127.0.0.1:8080/u/17": true,
	"https://api-1.a.test:1/v1/Users/~x_y?page=2&q=a+b;c,d:e": true,
	"http://a.test?q":                          true,
	"http://a.test:65535":                      true,
	"http://a.test/a/../b/./c//d":              true,
	"http://" + strings.Repeat("a", 253) + "/": true,

	"http://" + strings.Repeat("a", 254) + "/": false,
	"HTTP://a.test/":                      false,
	"ftp://a.test/":                       false,
	"http:/a.test/":                       false,
	"http:///x":                           false,
	"http://":                             false,
	"http://A.test/":                      false,
	"http://a_b.test/":                    false,
	"http://u:p@a.test/":                  false,
	"http://u@a.test/":                    false,
	"http://[::1]/":                       false,
	"http://a.test:/":                     false,
	"http://a.test:0/":                    false,
	"http://a.test:65536/":                false,
	"http://a.test:99999999999999999999/": false,
	"http://a.test:80x/":                  false,
	"http://a.test:80:80/":                false,
	`http://a.test\x`:                     false,
	"http://a.test/ü":                     false,
	"http://ü.test/":                      false,
	"http://a.test/%41":                   false,
	"http://a.test/a b":                   false,
	"http://a.test/a\x00":                 false,
	"http://a.test/x;y":                   false,
	"http://a.test/x?":                    false,
	"http://a.test/?q=%41":                false,
	"http://a.test/?q=ü":                  false,
	"http://a.test/?q=<":                  false,
	"http://a.test/?q#f":                  false,
	"http://a.test/#f":                    false,
	"http://a.test#f":                     false,
	"http://a.test /":                     false,
}

func TestParseUsual(t *testing.T) {
	for text, want := range usualSeeds {
		if got := parseUsual(text) != nil; got != want {
			t.Errorf("%q is taken: %t, want %t", text, got, want)
		}
		sameAsAny(t, text)
	}
}

// sameAsAny fails the test where parseUsual takes a text that parseAny refuses, or makes another URL of it.
func sameAsAny(t *testing.T, text string) {
	t.Helper()
	usual := parseUsual(text)
	if usual == nil {
		return
	}
	if u, err := parseAny(text); err != nil || !reflect.DeepEqual(u, usual) {
		t.Errorf("%q is %#v, by parseAny %#v, %v", text, usual, u, err)
	}
}

func FuzzParseUsual(f *testing.F) {
	for text := range usualSeeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { sameAsAny(t, text) })
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"http://127.0.0.1:8080/u/17", "http://127.0.0.1:8080/u/%41"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
