package cookiejar

import (
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

func TestCookieFile(t *testing.T) {
	for _, tt := range []struct{ name, file, to, want string }{
		{"a host's", "a.test\tFALSE\t/\tFALSE\t0\tk\tv", "http://a.test/", "k=v"},
		{"not below it", "a.test\tFALSE\t/\tFALSE\t0\tk\tv", "http://www.a.test/", ""},
		{"a domain's", ".a.test\tTRUE\t/\tFALSE\t0\tk\tv", "http://www.a.test/", "k=v"},
		{"a domain's without a dot", "a.test\tTRUE\t/\tFALSE\t0\tk\tv", "http://www.a.test/", "k=v"},
		{"in small letters", "A.test\ttrue\t/\tfalse\t0\tk\tv", "http://www.a.test/", "k=v"},
		{"below a path", "a.test\tFALSE\t/x\tFALSE\t0\tk\tv", "http://a.test/x/y", "k=v"},
		{"not beside it", "a.test\tFALSE\t/x\tFALSE\t0\tk\tv", "http://a.test/xy", ""},
		{"secure", "a.test\tFALSE\t/\tTRUE\t0\tk\tv", "https://a.test/", "k=v"},
		{"not by http", "a.test\tFALSE\t/\tTRUE\t0\tk\tv", "http://a.test/", ""},
		{"to come", "a.test\tFALSE\t/\tFALSE\t99999999999999999\tk\tv", "http://a.test/", "k=v"},
		{"with a fraction", "a.test\tFALSE\t/\tFALSE\t9999999999.5\tk\tv", "http://a.test/", "k=v"},
		{"expired", "a.test\tFALSE\t/\tFALSE\t1000000000\tk\tv", "http://a.test/", ""},
		{"of a session, as some write it", "a.test\tFALSE\t/\tFALSE\t-1\tk\tv", "http://a.test/", "k=v"},
		{"an empty value", "a.test\tFALSE\t/\tFALSE\t0\tk\t", "http://a.test/", "k="},
		{"without a value", "a.test\tFALSE\t/\tFALSE\t0\tk", "http://a.test/", "k="},
		{"a value with spaces and =", "a.test\tFALSE\t/\tFALSE\t0\tk\ta = b:c", "http://a.test/", "k=a = b:c"},
		{"HttpOnly", "#HttpOnly_.a.test\tTRUE\t/\tFALSE\t0\tk\tv", "http://a.test/", "k=v"},
		{"comments and blank lines", "\ufeff# Netscape HTTP Cookie File\r\n\r\n" +
			"# a.test\tFALSE\t/\tFALSE\t0\tx\ty\r\na.test\tFALSE\t/\tFALSE\t0\tk\tv\r\n", "http://a.test/", "k=v"},
		{"the last counts", "a.test\tFALSE\t/\tFALSE\t0\tk\tv\na.test\tFALSE\t/\tFALSE\t0\tk\tw", "http://a.test/", "k=w"},
		{"an IPv6 address", "::1\tFALSE\t/\tFALSE\t0\tk\tv", "http://[::1]/", "k=v"},
		{"an IPv6 address that starts like a header", "fe80::1\tFALSE\t/\tFALSE\t0\tk\tv", "http://[fe80::1]/", "k=v"},
		{"all of an address", "127.0.0.1\tTRUE\t/\tFALSE\t0\tk\tv", "http://127.0.0.1/", "k=v"},
		{"all of a public suffix is none but itself", ".co.uk\tTRUE\t/\tFALSE\t0\tk\tv", "http://a.co.uk/", ""},
		{"all of localhost", "localhost\tTRUE\t/\tFALSE\t0\tk\tv", "http://localhost/", "k=v"},
		{"an international domain", "bücher.test\tTRUE\t/\tFALSE\t0\tk\tv", "http://www.bücher.test/", "k=v"},
		{"a header", "Set-Cookie: k=v; Domain=a.test", "http://www.a.test/x", "k=v"},
		{"a header with a path", "set-cookie:k=v; domain=a.test; path=/x; secure", "https://a.test/x", "k=v"},
		{"a header that has expired", "Set-Cookie: k=v; Domain=a.test; Max-Age=0", "http://a.test/", ""},
		{"a header for a public suffix", "Set-Cookie: k=v; Domain=co.uk", "http://a.co.uk/", ""},
		{"all headers", "HTTP/1.1 200 OK\r\nDate: today\r\nSet-Cookie: k=v; Domain=a.test\r\n\r\n",
			"http://a.test/", "k=v"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := New()
			if err := j.Load([]byte(tt.file), testTime); err != nil {
				t.Fatal(err)
			}
			if got := j.headerFor(t, tt.to, testTime); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestCookieFileErrors checks that an error names the line and does not repeat its text.
func TestCookieFileErrors(t *testing.T) {
	const good = "a.test\tFALSE\t/\tFALSE\t0\tk\tv\n"
	for _, tt := range []struct{ name, line, want string }{
		{"spaces for tabs", "a.test FALSE / FALSE 0 k s3cret", "seven fields separated by tabs"},
		{"a field too many", "a.test\tFALSE\t/\tFALSE\t0\tk\ts3cret\tx", "seven fields"},
		{"no domain", "\tFALSE\t/\tFALSE\t0\tk\ts3cret", "the domain, is empty"},
		{"no truth", "a.test\tmaybe\t/\tFALSE\t0\tk\ts3cret", "TRUE or FALSE"},
		{"no path", "a.test\tFALSE\tx\tFALSE\t0\tk\ts3cret", "starts with /"},
		{"no time", "a.test\tFALSE\t/\tFALSE\tnever\tk\ts3cret", "in seconds since 1970"},
		{"no name", "a.test\tFALSE\t/\tFALSE\t0\t\ts3cret", "hold what no cookie can"},
		{"more than one cookie", "a.test\tFALSE\t/\tFALSE\t0\tk\ts3cret; x=y", "hold what no cookie can"},
		{"a control", "a.test\tFALSE\t/\tFALSE\t0\tk\ts3cret\rx", "hold what no cookie can"},
		{"a header for no host", "Set-Cookie: k=s3cret", "without a Domain"},
		{"a header without a cookie", "Set-Cookie: s3cret", "no Set-Cookie header"},
		{"JSON", `[{"name":"k","value":"s3cret"}]`, "seven fields"},
		{"too many", strings.Repeat(good, maxFileCookies), "holds over 10000 cookies"},
		{"too long", strings.Repeat("# s3cret\n", maxFileSize/8), "is over 4 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := New().Load([]byte(good+tt.line), testTime)
			if err == nil || !strings.Contains(err.Error(), tt.want) ||
				!strings.HasPrefix(tt.name, "too ") && !strings.HasPrefix(err.Error(), "line 2: ") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v repeats the text", err)
			}
		})
	}
}

// FuzzCookieFile checks that any file is either read or refused with an error that repeats no text of it, and that the
// cookies of one that is read can be sent in one header line.
func FuzzCookieFile(f *testing.F) {
	for _, seed := range []string{
		"a.test\tFALSE\t/\tFALSE\t0\tk\tv", "#HttpOnly_.a.test\tTRUE\t/\tTRUE\t0\tk\tv\n",
		"Set-Cookie: k=v; Domain=a.test; Path=/", "HTTP/1.1 200 OK\nX: y", "# x", "..\tTRUE\t/\tFALSE\t0\tk\tv",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		const mark = "Zq7secretX9k"
		err := New().Load([]byte(strings.ReplaceAll(file, "v", mark)), testTime)
		if err != nil && strings.Contains(err.Error(), mark) {
			t.Errorf("%v repeats the text", err)
		}
		j := New()
		if j.Load([]byte(file), testTime) != nil {
			return
		}
		for _, list := range j.sites {
			for _, k := range list {
				text := k.name + "=" + k.value
				if !httpguts.ValidHeaderFieldValue(text) || strings.Contains(k.value, ";") || k.path[0] != '/' {
					t.Errorf("%+v can't be sent", k.cookie)
				}
			}
		}
		j.headerFor(t, "https://a.test/", testTime)
	})
}
