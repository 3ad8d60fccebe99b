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
		{"a lone % in the query", "http://a.test/?q=100%", "http://a.test/?q=100%25"},
		{"a lone % in the path", "http://a.test/100%/x", "http://a.test/100%25/x"},
		{"a lone % at the end", "http://a.test/100%2", "http://a.test/100%252"},
		{"a % before no digits", "http://a.test/%zz?%zz", "http://a.test/%25zz?%25zz"},
		{"a % before a %", "http://a.test/%%41", "http://a.test/%25%41"},
		{"an old escape of JavaScript", "http://a.test/%u00e9?q=%u00e9", "http://a.test/%25u00e9?q=%25u00e9"},
		{"a lone % beside what is escaped", "http://a.test/%ü", "http://a.test/%25%C3%BC"},
		{"a double slash in the path", "http://a.test//x//ü", "http://a.test//x//%C3%BC"},
		{"a URL in the query", "http://a.test/?u=http://b.test/ü", "http://a.test/?u=http://b.test/%C3%BC"},
		{"a fragment", "http://a.test/#x", "http://a.test/#x"},
		{"a lone % in the fragment", "http://a.test/#100%", "http://a.test/#100%25"},
		{"a broken escape in the fragment", "http://a.test/#%zz", "http://a.test/#%25zz"},
		{"space in the fragment", "http://a.test/#a b\t", "http://a.test/#a%20b%09"},
		{"controls in the fragment", "http://a.test/#\x00\x7f", "http://a.test/#%00%7F"},
		{"a # in the fragment", "http://a.test/#a#b", "http://a.test/#a%23b"},
		{"a fragment like a client's route", "http://a.test#!/a/{id}?x=[1]", "http://a.test#!/a/%7Bid%7D?x=[1]"},
		{"bad UTF-8 in the fragment", "http://a.test/#\xff", "http://a.test/#%FF"},
		{"backslashes in the path", `http://a.test/a\b\c?q=\d#\e`, "http://a.test/a/b/c?q=%5Cd#%5Ce"},
		{"dot segments", "http://a.test/a/../%2e%2e/./b", "http://a.test/a/../%2e%2e/./b"},
		{"an underscore", "http://my_host.a.test/", "http://my_host.a.test/"},
		{"an underscore beside an international label", "http://my_host.bücher.test/",
			"http://my_host.xn--bcher-kva.test/"},
		{"an underscore in an international label", "http://my_bücher.test/", "http://xn--my_bcher-95a.test/"},
		{"hyphens beside an international label", "http://r3---sn-1.bücher.test/",
			"http://r3---sn-1.xn--bcher-kva.test/"},
		{"a hyphen at the end of a label", "http://-a-.bücher.test/", "http://-a-.xn--bcher-kva.test/"},
		{"an international label in ASCII beside another", "http://xn--bcher-kva.bücher.test/",
			"http://xn--bcher-kva.xn--bcher-kva.test/"},
		{"an emoji", "http://☃.test/", "http://xn--n3h.test/"},
		{"the stop of another script", "http://bücher。test/", "http://xn--bcher-kva.test/"},
		{"a sharp s", "http://straße.test/", "http://xn--strae-oqa.test/"},
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
		{"a broken escape in the host", "http://a%zz.test/", ""},
		{"a broken escape in the userinfo", "http://u%zz@a.test/", ""},
		{"a space before a fragment", "http://a.test/a b#c", ""},
		{"a slash of another width in the host", "http://a／b.test/", ""},
		{"a colon of another width in the host", "http://ü：80.test/", ""},
		{"an @ of another width in the host", "http://ü＠a.test/", ""},
		{"a % of another width in the host", "http://ü％41.test/", ""},
		{"a bracket of another width in the host", "http://ü［a.test/", ""},
		{"a space of another width in the host", "http://ü\u3000a.test/", ""},
		{"a quote of another width in the host", "http://ü＂.test/", ""},
		{"a soft hyphen alone", "http://\u00ad/", ""},
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

// TestParseReference: what a Location may hold.
func TestParseReference(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a path", "/x?y#z", "/x?y#z"},
		{"an authority", "//b.test/x", "//b.test/x"},
		{"a lone %", "/100%?q=%zz#%", "/100%25?q=%25zz#%25"},
		{"an old escape of JavaScript", "/caf%u00e9", "/caf%25u00e9"},
		{"space", "/a b?c d", "/a%20b?c%20d"},
		{"backslashes", `\login\x?a=\`, `/login/x?a=%5C`},
		{"a host behind backslashes", `\\b.test\x`, "//b.test/x"},
		{"a host behind a scheme and backslashes", `http:\\b.test\x`, "http://b.test/x"},
		{"a host behind both", `/\ü.test/x`, "//ü.test/x"},
		{"a colon in the first segment", "10:30/x", "./10:30/x"},
		{"a colon in front", ":x", "./:x"},
		{"a colon behind an underscore", "my_page:2?a=b", "./my_page:2?a=b"},
		{"a colon in a later segment", "a/b:c", "a/b:c"},
		{"a colon in the query", "?a:b", "?a:b"},
		{"a scheme", "mailto:x", "mailto:x"},
		{"a backslash in the authority", `//b.test\@c.test/x`, ""},
		{"a password with a backslash", `http://u:p\w@c.test/x`, ""},
	} {
		u, err := ParseReference(tt.text)
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%s: got %s, want an error", tt.name, u)
		case tt.want != "" && (err != nil || u.String() != strings.Replace(tt.want, "ü", "%C3%BC", 1)):
			t.Errorf("%s: got %v, %v, want %s", tt.name, u, err, tt.want)
		}
	}
}

// TestRemoveDots: dot segments are resolved however they are written, and nothing else changes.
func TestRemoveDots(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"", ""}, {"/", "/"}, {"/a/b", "/a/b"}, {"/a//b/", "/a//b/"}, {"/.a/..b/c./d../...", "/.a/..b/c./d../..."},
		{"/a/./b", "/a/b"}, {"/a/../b", "/b"}, {"/a/b/..", "/a/"}, {"/a/.", "/a/"}, {"/.", "/"}, {"/..", "/"},
		{"/../../a", "/a"}, {"/a/../..", "/"}, {"/a/%2e/b", "/a/b"}, {"/a/%2E%2e/b", "/b"}, {"/a/.%2e/b", "/b"},
		{"/a/%2e.", "/"}, {"/a/b%2f../c", "/a/b%2f../c"}, {"/a//../b", "/a/b"}, {"/%2fa/./%41?q=/../", "/%2fa/%41?q=/../"},
		{"/a/%2f..", "/a/%2f.."}, {"/a/%252e%252e/b", "/a/%252e%252e/b"}, {"?q=/./", "?q=/./"}, {"/../#/../", "/#/../"},
		{"/..//b.test/", "//b.test/"}, {"/..;x/", "/..;x/"},
	} {
		u, err := Parse("http://a.test" + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		before := u.String()
		if got := RemoveDots(u).String(); got != "http://a.test"+tt.want || u.String() != before {
			t.Errorf("%s: got %s, want %s; u became %s", tt.path, got, tt.want, u)
		}
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
		"http://a.test?x", "http://%C3%BC.test/", "http://a.test:/", "http://a.test/%", "http:///",
		"http://a.test/a/%2e./%2f../b", "http://a.test#%\x00", `http://a_\u00fc.test/\`} {
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
		plain := RemoveDots(u)
		if i := strings.IndexFunc(plain.RequestURI(), isInvalid); i >= 0 ||
			strings.Contains(plain.EscapedPath()+"/", "/../") {
			t.Errorf("%q has the request target %q", text, plain.RequestURI())
		}
		again, err := url.Parse(u.String())
		if err != nil || Origin(again) != Origin(u) || again.RequestURI() != u.RequestURI() {
			t.Errorf("%q is read as %q, and that as %v (%v)", text, u, again, err)
		}
	})
}

// TestParseSaysWhatStandsInTheLine: white space in a URL is told from several URLs in one line.
func TestParseSaysWhatStandsInTheLine(t *testing.T) {
	const several, space = "there are several URLs in it; write one a line, or each as an argument", "the URL holds ' '; "
	for text, want := range map[string]string{
		"https://a.test/ https://b.test/": several, "https://a.test/\tHTTP://b.test/": several,
		"https://a.test/b c": space, "https://a.test/?u= https://b.test/ c": space,
		"https://a.test/\x00https://b.test/\x00": "there is NUL in it, as xargs -0 reads it; tr '\\0' '\\n' makes ",

		"https://a.test/\x01":       "the URL holds '\\x01'; ",
		"https://a.test/ # comment": "the URL holds ' '; percent-encode it as %20, or leave out what is behind it",
		"https://a.test/\tname":     "the URL holds '\\t'; percent-encode it as %09, or leave out what is behind it",
	} {
		if _, err := Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// TestHasScheme: a scheme is a letter, and letters, digits, +, - and . behind it, up to a colon.
func TestHasScheme(t *testing.T) {
	for text, want := range map[string]bool{
		"http:": true, "HTTP://a": true, "z39.50r:x": true, "a+b-c.d:": true, "Z:": true, "a:b:c": true,
		"": false, ":": false, "a": false, "1a:": false, "+a:": false, "a b:": false, "a/b:": false, "é:": false,
		"a[:": false, "@a:": false, "`:": false, "a{:": false, "a_b:": false, "a\x00:": false, "a\xc1:": false,
	} {
		if got := hasScheme(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
