package httpurl

import (
	"net/url"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // empty: an error
	}{
		{"plain", "http://a.test/x?y=z", "http://a.test/x?y=z"},
		{"no path", "https://a.test", "https://a.test"},
		{"upper case", "HTTPS://A.test/X", "https://A.test/X"},
		{"a port", "http://a.test:8080/", "http://a.test:8080/"},
		{"an empty port", "http://a.test:/", "http://a.test:/"},
		{"the largest port", "http://a.test:65535/", "http://a.test:65535/"},
		{"IPv4", "http://192.0.2.1/", "http://192.0.2.1/"},
		{"IPv6", "http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"},
		{"IPv6 with a zone", "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"},
		{"userinfo", "http://u:p@a.test/", "http://u:p@a.test/"},
		{"an international host", "http://bücher.test:8080/", "http://xn--bcher-kva.test:8080/"},
		{"an international host in capitals", "http://BÜCHER.test/", "http://xn--bcher-kva.test/"},
		{"UTF-8 in the path", "http://a.test/ü", "http://a.test/%C3%BC"},
		{"UTF-8 in the query", "http://a.test/?q=ü", "http://a.test/?q=%C3%BC"},
		{"UTF-8 in a query without a path", "http://a.test?q=ü", "http://a.test?q=%C3%BC"},
		{"what no URL may hold", "http://a.test/{a}|b?q=<c>", "http://a.test/%7Ba%7D%7Cb?q=%3Cc%3E"},
		{"escapes stay as they are", "http://a.test/%2f%41?q=%20", "http://a.test/%2f%41?q=%20"},
		{"a percent in the query", "http://a.test/?q=100%", "http://a.test/?q=100%"},
		{"a double slash in the path", "http://a.test//x//ü", "http://a.test//x//%C3%BC"},
		{"a URL in the query", "http://a.test/?u=http://b.test/ü", "http://a.test/?u=http://b.test/%C3%BC"},
		{"a fragment", "http://a.test/#x", "http://a.test/#x"},
		{"bad UTF-8", "http://a.test/\xff", "http://a.test/%FF"},

		{"no scheme", "a.test/x", ""},
		{"no double slash", "http:a.test", ""},
		{"another scheme", "ftp://a.test/", ""},
		{"no host", "http:///x", ""},
		{"only a port", "http://:80/", ""},
		{"only userinfo", "http://u:p@/", ""},
		{"a space", "http://a.test/a b", ""},
		{"a space in the host", "http://a b.test/", ""},
		{"a tab", "http://a.test/\t", ""},
		{"a line break", "http://a.test/\r\nHost: b", ""},
		{"NUL", "http://a.test/\x00", ""},
		{"DEL", "http://a.test/\x7f", ""},
		{"port 0", "http://a.test:0/", ""},
		{"a port too large", "http://a.test:65536/", ""},
		{"a port that is no number", "http://a.test:http/", ""},
		{"a negative port", "http://a.test:-1/", ""},
		{"a broken escape", "http://a.test/%zz", ""},
		{"an open bracket", "http://[::1/", ""},
		{"a quote in the host", "http://a\"b.test/", ""},
		{"a brace in the host", "http://{a}.test/", ""},
		{"a backslash in the host", "http://a\\b.test/", ""},
		{"a host that is no name in any language", "http://ü\u202e.test/", ""},
		{"a host too long", "http://" + strings.Repeat("a.", 127) + "test/", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, err := Parse(tt.text)
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("got %s, want an error", u)
			case tt.want != "" && err != nil:
				t.Error(err)
			case tt.want != "" && u.String() != tt.want:
				t.Errorf("got  %s\nwant %s", u, tt.want)
			}
		})
	}
}

// TestURLErrorsKeepSecrets checks that an error, which is printed, does not repeat the password of an unusable URL.
func TestURLErrorsKeepSecrets(t *testing.T) {
	for _, text := range []string{
		"http://user:hunter2@a.test:bad/", "http://user:hunter2@/", "http://user:hunter2@a.test/%zz",
		"http://user:hunter2@a b.test/", "http://user:hunter2@a.test:99999/", "http://user:hunter2@[::1/",
		"http://user:hun<ter2@a.test/", "ftp://user:hunter2@a.test/",
		"http://user:hunter2/x@a.test/", "http://user:hunter2#x@a.test/", "http://user:hunter2\\x@a.test/",
	} {
		t.Run(text, func(t *testing.T) {
			if _, err := Parse(text); err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error says %q", err)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	for text, want := range map[string]string{
		"http://a.test/x":         "http://a.test",
		"HTTP://A.Test:80/":       "http://a.test",
		"https://a.test:443/":     "https://a.test",
		"https://a.test:80/":      "https://a.test:80",
		"http://a.test:443/":      "http://a.test:443",
		"http://a.test:8080/":     "http://a.test:8080",
		"http://a.test:/":         "http://a.test",
		"http://u:p@a.test/":      "http://a.test",
		"http://[::1]:80/":        "http://[::1]",
		"http://[2001:DB8::80]/":  "http://[2001:db8::80]",
		"http://bücher.test:80/x": "http://xn--bcher-kva.test",
	} {
		u, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Origin(u); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// FuzzParseURL checks that a URL that Parse accepts has a scheme of http or https and an ASCII host, that its request
// target is valid in a request line, and that it means the same when it is parsed again.
func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"http://a.test/", "https://u:p@bücher.test:8443/ü?q=ü#f", "http://[::1%25lo]/",
		"http://a.test?x", "http://%C3%BC.test/", "http://a.test:/", "http://a.test/%", "http:///"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Parse(text)
		if err != nil {
			return
		}
		if !isHTTP(u.Scheme) || u.Hostname() == "" || !IsASCII(u.Host) {
			t.Errorf("%q is read as %q", text, u)
		}
		isInvalid := func(c rune) bool { return c <= ' ' || c >= 0x7f } // RFC 9112 section 3.2
		if i := strings.IndexFunc(u.RequestURI(), isInvalid); i >= 0 {
			t.Errorf("request target %q is broken at byte %d", u.RequestURI(), i)
		}
		if strings.ContainsAny(Origin(u), " @/?#\r\n") && strings.Count(Origin(u), "/") != 2 {
			t.Errorf("%q has the origin %q", text, Origin(u))
		}
		again, err := url.Parse(u.String())
		if err != nil || Origin(again) != Origin(u) || again.RequestURI() != u.RequestURI() {
			t.Errorf("%q is read as %q, and that as %v (%v)", text, u, again, err)
		}
	})
}
