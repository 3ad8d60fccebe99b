package fetch

import (
	"net/http"
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
			u, err := ParseURL(tt.text)
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

// TestURLErrorsKeepSecrets: an error is printed, and a URL that can't be used may still hold a password.
func TestURLErrorsKeepSecrets(t *testing.T) {
	for _, text := range []string{
		"http://user:hunter2@a.test:bad/", "http://user:hunter2@/", "http://user:hunter2@a.test/%zz", "http://user:hunter2@a b.test/",
		"http://user:hunter2@a.test:99999/", "http://user:hunter2@[::1/", "http://user:hun<ter2@a.test/", "ftp://user:hunter2@a.test/",
		"http://user:hunter2/x@a.test/", "http://user:hunter2#x@a.test/", "http://user:hunter2\\x@a.test/",
	} {
		t.Run(text, func(t *testing.T) {
			if _, err := ParseURL(text); err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error says %q", err)
			}
		})
	}
}

func TestOriginOf(t *testing.T) {
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
		u, err := ParseURL(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := originOf(u); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestWhatIsAsked: what a line says wins over the options, which win over our own.
func TestWhatIsAsked(t *testing.T) {
	const form, plain = "application/x-www-form-urlencoded", ""
	for _, tt := range []struct {
		name     string
		with     func(*Options)
		in       Request
		method   string
		body     string
		typ      string // Content-Type
		contains http.Header
	}{
		{name: "a plain URL", method: "GET", contains: http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}, "User-Agent": {"batchfetch"}, "Authorization": nil}},
		{name: "identity asks for no coding", with: func(o *Options) { o.Identity = true }, method: "GET", contains: http.Header{"Accept-Encoding": {"identity"}}},
		{name: "-X", with: func(o *Options) { o.Method = "PURGE" }, method: "PURGE"},
		{name: "the line's method wins", with: func(o *Options) { o.Method = "PURGE" }, in: Request{Method: "HEAD"}, method: "HEAD"},
		{name: "-d", with: func(o *Options) { o.Body = []byte("a=b") }, method: "POST", body: "a=b", typ: form},
		{name: "-d with -X", with: func(o *Options) { o.Body, o.Method = []byte("a=b"), "PUT" }, method: "PUT", body: "a=b", typ: form},
		{name: "the line's body wins", with: func(o *Options) { o.Body = []byte("a=b") }, in: Request{Body: []byte("{}"), BodyForm: BodyJSON}, method: "POST", body: "{}", typ: "application/json"},
		{name: "text", in: Request{Body: []byte("x")}, method: "POST", body: "x", typ: form},
		{name: "an empty body is a body", in: Request{Body: []byte{}}, method: "POST", typ: form},
		{name: "bytes", in: Request{Body: []byte{0}, BodyForm: BodyBase64}, method: "POST", body: "\x00", typ: "application/octet-stream"},
		{name: "-H Content-Type: takes ours away from JSON", with: func(o *Options) { o.Header = http.Header{"Content-Type": nil} }, in: Request{Body: []byte("{}"), BodyForm: BodyJSON}, method: "POST", body: "{}"},
		{name: "-H Content-Type: takes ours away from base64", with: func(o *Options) { o.Header = http.Header{"Content-Type": nil} }, in: Request{Body: []byte{0}, BodyForm: BodyBase64}, method: "POST", body: "\x00"},
		{name: "-H Content-Type: takes ours away from text", with: func(o *Options) { o.Header = http.Header{"Content-Type": nil} }, in: Request{Body: []byte("a")}, method: "POST", body: "a"},
		{name: "-H Content-Type: takes ours away from -d", with: func(o *Options) { o.Header, o.Body = http.Header{"Content-Type": nil}, []byte("a") }, method: "POST", body: "a"},
		{name: "a line's Content-Type comes back", with: func(o *Options) { o.Header = http.Header{"Content-Type": nil} }, in: Request{Body: []byte("{}"), BodyForm: BodyJSON, Header: http.Header{"Content-Type": {"text/csv"}}}, method: "POST", body: "{}", typ: "text/csv"},
		{name: "-H Content-Type wins over ours", with: func(o *Options) { o.Header = http.Header{"Content-Type": {"text/csv"}} }, in: Request{Body: []byte("{}"), BodyForm: BodyJSON}, method: "POST", body: "{}", typ: "text/csv"},
		{name: "the line's header wins over -H", with: func(o *Options) { o.Header = http.Header{"Accept": {"a/a"}, "X-A": {"1"}} }, in: Request{Header: http.Header{"Accept": {"b/b"}}}, method: "GET", typ: plain, contains: http.Header{"Accept": {"b/b"}, "X-A": {"1"}}},
		{name: "-H with no value drops ours", with: func(o *Options) { o.Header = http.Header{"Accept": nil, "User-Agent": nil} }, method: "GET", contains: http.Header{"Accept": nil, "User-Agent": {""}}},
		{name: "-u", with: func(o *Options) { o.Username, o.Password = "u", "p" }, method: "GET", contains: http.Header{"Authorization": {"Basic dTpw"}}},
		{name: "userinfo wins over -u", with: func(o *Options) { o.Username, o.Password = "x", "y" }, in: Request{URL: "http://u:p@a.test/"}, method: "GET", contains: http.Header{"Authorization": {"Basic dTpw"}}},
		{name: "userinfo is decoded", in: Request{URL: "http://u:%70@a.test/"}, method: "GET", contains: http.Header{"Authorization": {"Basic dTpw"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in.URL == "" {
				tt.in.URL = "http://a.test/"
			}
			got, err := newTargeter(options(tt.with)).of(&tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.method != tt.method || string(got.body) != tt.body || got.header.Get("Content-Type") != tt.typ {
				t.Errorf("asks %s %q as %q; want %s %q as %q", got.method, got.body, got.header.Get("Content-Type"), tt.method, tt.body, tt.typ)
			}
			if got.url.User != nil || got.host != "http://a.test" {
				t.Errorf("asks %s in the lane of %s", got.url, got.host)
			}
			for name, values := range tt.contains {
				if strings.Join(got.header[name], ",") != strings.Join(values, ",") || (got.header[name] == nil) != (values == nil) {
					t.Errorf("%s is %q, want %q", name, got.header[name], values)
				}
			}
		})
	}
}

// FuzzParseURL: a URL that can be used asks http or https of a host, its request line is whole,
// and it means the same when it is read again.
func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"http://a.test/", "https://u:p@bücher.test:8443/ü?q=ü#f", "http://[::1%25lo]/", "http://a.test?x", "http://%C3%BC.test/", "http://a.test:/", "http://a.test/%", "http:///"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text)
		if err != nil {
			return
		}
		if !isHTTP(u.Scheme) || u.Hostname() == "" || !isASCII(u.Host) {
			t.Errorf("%q is read as %q", text, u)
		}
		if i := strings.IndexFunc(u.RequestURI(), func(c rune) bool { return c <= ' ' || c >= 0x7f }); i >= 0 { // RFC 9112 section 3.2
			t.Errorf("request target %q is broken at byte %d", u.RequestURI(), i)
		}
		if strings.ContainsAny(originOf(u), " @/?#\r\n") && strings.Count(originOf(u), "/") != 2 {
			t.Errorf("%q has the origin %q", text, originOf(u))
		}
		again, err := url.Parse(u.String())
		if err != nil || originOf(again) != originOf(u) || again.RequestURI() != u.RequestURI() {
			t.Errorf("%q is read as %q, and that as %v (%v)", text, u, again, err)
		}
	})
}
