package cookiejar

import (
	"net/http"
	stdjar "net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"batchfetch/fetch/httpurl"
)

// testTime is the time at which the cookies of these tests are set.
var testTime = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// headerFor returns the Cookie header that j has for an address.
func (j *Jar) headerFor(t testing.TB, address string, now time.Time) string {
	t.Helper()
	return joinPairs(j.pairsFor(parseURL(t, address), now))
}

func parseURL(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := httpurl.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestCookieIsSent sets a cookie by a response from one URL and checks whether it is sent to another.
func TestCookieIsSent(t *testing.T) {
	for _, tt := range []struct {
		name, from, set, to string
		want                string
	}{
		{"back", "http://a.test/", "k=v", "http://a.test/", "k=v"},
		{"back in capitals", "http://A.test/", "k=v", "http://a.TEST/", "k=v"},
		{"with space around", "http://a.test/", " k = v ; Path = / ", "http://a.test/x", "k=v"},
		{"not to another port", "http://a.test:1/", "k=v", "http://a.test:2/", ""},
		{"to the usual port by number", "http://a.test/", "k=v", "http://a.test:80/", "k=v"},
		{"to the other scheme's port", "https://a.test/", "k=v", "https://a.test:80/", ""},
		{"with a domain to any port", "http://a.test:1/", "k=v; Domain=a.test", "http://www.a.test:2/", "k=v"},
		{"with a domain up to https", "http://a.test/", "k=v; Domain=a.test", "https://www.a.test/", "k=v"},
		{"with a domain not down either", "https://a.test/", "k=v; Domain=a.test", "http://www.a.test/", ""},
		{"not to a sub-domain", "http://a.test/", "k=v", "http://www.a.test/", ""},
		{"not to another host", "http://a.test/", "k=v", "http://b.test/", ""},
		{"with a domain to sub-domains", "http://a.test/", "k=v; Domain=a.test", "http://www.a.test/", "k=v"},
		{"with a domain with a dot", "http://a.test/", "k=v; domain=.A.Test", "http://www.a.test/", "k=v"},
		{"up to a domain", "http://www.a.test/", "k=v; Domain=a.test", "http://a.test/", "k=v"},
		{"not for a domain below", "http://a.test/", "k=v; Domain=www.a.test", "http://www.a.test/", ""},
		{"not for another domain", "http://a.test/", "k=v; Domain=b.test", "http://b.test/", ""},
		{"not for the end of a name", "http://xa.test/", "k=v; Domain=a.test", "http://a.test/", ""},
		{"not for a public suffix", "http://a.co.uk/", "k=v; Domain=co.uk", "http://b.co.uk/", ""},
		{"not for a private one", "http://a.github.io/", "k=v; Domain=github.io", "http://b.github.io/", ""},
		{"not for a top-level domain", "http://a.test/", "k=v; Domain=test", "http://a.test/", ""},
		{"a public suffix for itself", "http://github.io/", "k=v; Domain=github.io", "http://github.io/", "k=v"},
		{"not below it", "http://github.io/", "k=v; Domain=github.io", "http://a.github.io/", ""},
		{"an empty domain is none", "http://a.test/", "k=v; Domain=", "http://a.test/", "k=v"},
		{"an address", "http://127.0.0.1/", "k=v", "http://127.0.0.1:80/", "k=v"},
		{"an address at another port", "http://127.0.0.1/", "k=v; Domain=127.0.0.1", "http://127.0.0.1:8080/", ""},
		{"an address as domain", "http://127.0.0.1/", "k=v; Domain=127.0.0.1", "http://127.0.0.1/", "k=v"},
		{"not for the end of an address", "http://127.0.0.1/", "k=v; Domain=0.0.1", "http://10.0.0.1/", ""},
		{"not for the end of its own", "http://127.0.0.1/", "k=v; Domain=0.0.1", "http://127.0.0.1/", ""},
		{"an IPv6 address", "http://[::1]/", "k=v", "http://[::1]:80/", "k=v"},
		{"an international domain", "http://www.bücher.test/", "k=v; Domain=bücher.test", "http://xn--bcher-kva.test/",
			"k=v"},
		{"below its folder", "http://a.test/x/y", "k=v", "http://a.test/x/z", "k=v"},
		{"at its folder", "http://a.test/x/y", "k=v", "http://a.test/x", "k=v"},
		{"not above it", "http://a.test/x/y", "k=v", "http://a.test/", ""},
		{"not beside it", "http://a.test/x/y", "k=v", "http://a.test/xy", ""},
		{"with a path", "http://a.test/x/y", "k=v; Path=/", "http://a.test", "k=v"},
		{"with a relative path", "http://a.test/x/y", "k=v; Path=z", "http://a.test/z", ""},
		{"with a path elsewhere", "http://a.test/x/y", "k=v; Path=/z/", "http://a.test/z/1", "k=v"},
		{"secure by https", "https://a.test/", "k=v; Secure", "https://a.test/", "k=v"},
		{"secure not by http", "https://a.test/", "k=v; secure", "http://a.test/", ""},
		{"secure not from http", "http://a.test/", "k=v; Secure", "https://a.test/", ""},
		{"plain not by http either", "https://a.test/", "k=v", "http://a.test/", ""},
		{"from http up to https", "http://a.test/", "k=v", "https://a.test/", "k=v"},
		{"from http up to https, at any port", "http://a.test:81/", "k=v", "https://a.test:8443/", "k=v"},
		{"from http not up to a sub-domain", "http://a.test/", "k=v", "https://www.a.test/", ""},
		{"from http not up to another path", "http://a.test/x/", "k=v", "https://a.test/y", ""},
		{"a promise not kept by http", "http://a.test/", "__Host-k=v; Path=/", "https://a.test/", ""},
		{"a promise kept", "https://a.test/", "__Host-k=v; Secure; Path=/", "https://a.test/", "__Host-k=v"},
		{"a promise broken by domain", "https://a.test/", "__Host-k=v; Secure; Path=/; Domain=a.test", "https://a.test/",
			""},
		{"a promise broken by path", "https://a.test/", "__host-k=v; Secure", "https://a.test/", ""},
		{"a promise broken by http", "http://a.test/", "__Secure-k=v", "https://a.test/", ""},
		{"no name", "http://a.test/", "=v", "http://a.test/", ""},
		{"no value", "http://a.test/", "k", "http://a.test/", ""},
		{"an empty value", "http://a.test/", "k=", "http://a.test/", "k="},
		{"quotes stay", "http://a.test/", `k="v w"`, "http://a.test/", `k="v w"`},
		{"what is not ASCII", "http://a.test/", "k=ü,{\\}", "http://a.test/", "k=ü,{\\}"},
		{"a control", "http://a.test/", "k=v\x01", "http://a.test/", ""},
		{"too long", "http://a.test/", "k=" + strings.Repeat("v", maxCookieSize), "http://a.test/", ""},
		{"a domain too long is none", "http://a.test/", "k=v; Domain=b." + strings.Repeat("v", maxAttributeSize),
			"http://a.test/", "k=v"},
		{"for a while", "http://a.test/", "k=v; Max-Age=10", "http://a.test/", "k=v"},
		{"no longer", "http://a.test/", "k=v; Max-Age=0", "http://a.test/", ""},
		{"not since ever", "http://a.test/", "k=v; max-age=-1", "http://a.test/", ""},
		{"for ages", "http://a.test/", "k=v; Max-Age=99999999999999999999", "http://a.test/", "k=v"},
		{"no age", "http://a.test/", "k=v; Max-Age=1h", "http://a.test/", "k=v"},
		{"until a date", "http://a.test/", "k=v; Expires=Wed, 21 Oct 2099 07:28:00 GMT", "http://a.test/", "k=v"},
		{"until one that has passed", "http://a.test/", "k=v; Expires=Thu, 01-Jan-1970 00:00:00 GMT", "http://a.test/",
			""},
		{"the age wins over the date", "http://a.test/", "k=v; Max-Age=10; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
			"http://a.test/", "k=v"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := New()
			j.SetCookies(parseURL(t, tt.from), []string{tt.set}, testTime)
			if got := j.headerFor(t, tt.to, testTime); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestCookieRefused checks that a cookie that may not be set is not stored at all.
func TestCookieRefused(t *testing.T) {
	for _, tt := range []struct{ from, set string }{
		{"http://a.co.uk/", "k=v; Domain=co.uk"},
		{"http://a.test/", "k=v; Domain=test"},
		{"http://a.test/", "k=v; Domain=b.test"},
		{"http://a.test/", "k=v; Domain=www.a.test"},
		{"http://127.0.0.1/", "k=v; Domain=0.0.1"},
		{"http://127.0.0.1/", "k=v; Domain=1"},
		{"http://[::1]/", "k=v; Domain=a.test"},
		{"http://a.test/", "k=v; Secure"},
		{"https://a.test/", "__Host-k=v"},
		{"http://a.test/", "k"},
	} {
		j := New()
		if j.SetCookies(parseURL(t, tt.from), []string{tt.set}, testTime); len(j.sites) > 0 {
			t.Errorf("%s may set %s", tt.from, tt.set)
		}
	}
}

// TestCookieDates checks the dates of Expires (RFC 6265 section 5.1.1).
func TestCookieDates(t *testing.T) {
	for text, want := range map[string]string{
		"Wed, 21 Oct 2099 07:28:00 GMT":   "2099-10-21T07:28:00Z",
		"Wednesday, 21-Oct-99 07:28:00":   "1999-10-21T07:28:00Z",
		"Wed Oct 21 07:28:00 2099":        "2099-10-21T07:28:00Z",
		"21 oct 69 7:8:9":                 "2069-10-21T07:08:09Z",
		"21 october 70 07:28:00":          "1970-10-21T07:28:00Z",
		"07:28:00+2099/oct/21":            "2099-10-21T07:28:00Z",
		"07:28:00 21/oct/2099":            "2099-10-21T07:28:00Z",
		"31 Feb 2099 07:28:00":            "",
		"32 Jan 2099 07:28:00":            "",
		"21 Oct 2099 24:00:00":            "",
		"21 Oct 2099 07:60:00":            "",
		"21 Oct 2099":                     "",
		"21 Oct 07:28:00":                 "",
		"21 Foo 2099 07:28:00":            "",
		"21 Oct 1600 07:28:00":            "",
		"21 Oct 20999 07:28:00":           "",
		"":                                "",
		"0 Oct 2099 07:28:00":             "",
		"Thu, 01 Jan 1970 00:00:00 GMT":   "1970-01-01T00:00:00Z",
		"Sun, 29-Feb-2032 23:59:59 +0100": "2032-02-29T23:59:59Z",
	} {
		got := ""
		if at, ok := parseDate(text); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzJar checks that the Jar sends what net/http/cookiejar sends, whatever servers set. Left out is what that one
// accepts and we do not: Secure from plain http, __Secure- and __Host- names without their attributes, and control
// characters in an attribute.
func FuzzJar(f *testing.F) {
	for _, set := range []string{"k=v", "k=v; Domain=a.test", "k=v; Path=/x; Secure", "k=v\nk=w; Max-Age=0",
		"a=1\nb=2; Path=/x/y\na=3", "k=v; Domain=co.uk", "k=v; Max-Age=5; Domain=.test"} {
		f.Add(set, "www.a.test", "/x/y", "a.test", "/x")
	}
	f.Fuzz(func(t *testing.T, set, host, path, host2, path2 string) {
		from, err1 := httpurl.Parse("https://" + host + path)
		to, err2 := httpurl.Parse("https://" + host2 + path2)
		if err1 != nil || err2 != nil || strings.Contains(path+path2, "%") ||
			strings.HasSuffix(from.Hostname()+to.Hostname(), ".") || strings.ContainsAny(set, "\",\\") {
			return
		}
		known, err := stdjar.New(&stdjar.Options{PublicSuffixList: publicsuffix.List})
		if err != nil {
			t.Fatal(err)
		}
		j := New()
		for line := range strings.SplitSeq(set, "\n") {
			line = strings.ReplaceAll(line, " ", "") // net/http leaves it behind an =
			c, err := http.ParseSetCookie(line)
			if err != nil || c.Domain == "." || strings.HasPrefix(strings.ToLower(c.Name), "__") || !c.Expires.IsZero() ||
				strings.Contains(strings.ToLower(line), "expires") || len(line) > 1000 ||
				!httpurl.IsASCII(line) || strings.ContainsFunc(line, unicode.IsControl) {
				continue
			}
			known.SetCookies(from, []*http.Cookie{c})
			j.SetCookies(from, []string{line}, time.Now())
		}
		var want []string
		for _, c := range known.Cookies(to) {
			want = append(want, c.Name+"="+c.Value)
		}
		var got []string
		for _, p := range j.pairsFor(to, time.Now()) {
			got = append(got, p.name+"="+p.value)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q from %s to %s: got %q, want %q", set, from, to, got, want)
		}
	})
}
