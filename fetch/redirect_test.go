package fetch

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport"
)

// newTestTarget returns the target that an input line with that method, URL and header would have.
func newTestTarget(t testing.TB, method, url string, header http.Header, body string) *target {
	t.Helper()
	u, err := httpurl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	from := &target{
		Target:  transport.Target{URL: u, Origin: httpurl.Origin(u), Method: method, Header: header},
		options: new(Options),
	}
	if body != "" {
		from.Body = []byte(body)
	}
	return from
}

// TestRedirectMethod checks RFC 9110 section 15.4. The body is dropped where the method changes.
func TestRedirectMethod(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} {
			want := method
			switch {
			case status == 303 && method != "HEAD", status < 303 && method == "POST":
				want = "GET"
			}
			from := newTestTarget(t, method, "http://a.test/x", http.Header{"Content-Type": {"text/plain"},
				"Content-Language": {"de"}, "X-Mine": {"1"}}, "body")
			to, failure := from.follow(status, "/y")
			if failure != nil {
				t.Fatal(failure)
			}
			if to.Method != want {
				t.Errorf("%d: %s becomes %s, want %s", status, method, to.Method, want)
			}
			changed := want != method
			if changed != (to.Body == nil) || changed != (to.Header["Content-Type"] == nil) ||
				changed != (to.Header["Content-Language"] == nil) {
				t.Errorf("%d: %s as %s keeps body %q and headers %v", status, method, to.Method, to.Body, to.Header)
			}
			if to.Header.Get("X-Mine") != "1" {
				t.Errorf("%d: a redirect within an origin lost a header", status)
			}
			if string(from.Body) != "body" || len(from.Header) != 3 {
				t.Errorf("%d: following changed where it came from", status)
			}
		}
	}
}

// TestRedirectToAnotherOrigin checks that only Accept*, User-Agent and Range are sent to another origin, and with a
// body the headers that describe it.
func TestRedirectToAnotherOrigin(t *testing.T) {
	given := http.Header{
		"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "Accept-Language": {"de"}, "User-Agent": {"me"},
		"Range":         {"bytes=0-1"},
		"Authorization": {"Basic x"}, "Proxy-Authorization": {"x"}, "Cookie": {"a=b"}, "X-Api-Key": {"secret"},
		"Host":    {"other.test"},
		"Referer": {"http://a.test/"}, "Origin": {"http://a.test"},
	}
	for _, tt := range []struct {
		name, from, location string
		crossOrigin          bool
	}{
		{"relative", "http://a.test/x/", "y", false},
		{"absolute, same origin", "http://a.test/", "http://a.test/y", false},
		{"default port written out", "http://a.test/", "http://A.test:80/y", false},
		{"another host", "http://a.test/", "http://b.test/y", true},
		{"scheme-relative", "http://a.test/", "//b.test/y", true},
		{"a sub-domain", "http://a.test/", "http://www.a.test/y", true},
		{"another port", "http://a.test/", "http://a.test:8080/y", true},
		{"up to https", "http://a.test/", "https://a.test/y", true},
		{"down to http", "https://a.test/", "http://a.test/y", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to, failure := newTestTarget(t, "GET", tt.from, given, "").follow(302, tt.location)
			if failure != nil {
				t.Fatal(failure)
			}
			want := slices.Sorted(maps.Keys(given))
			if tt.crossOrigin {
				want = []string{"Accept", "Accept-Encoding", "Accept-Language", "Range", "User-Agent"}
			}
			if got := slices.Sorted(maps.Keys(to.Header)); !slices.Equal(got, want) {
				t.Errorf("went along: %v\nwant:       %v", got, want)
			}
			if to.Origin != httpurl.Origin(to.URL) {
				t.Errorf("goes into the lane of %s, asks %s", to.Origin, to.URL)
			}
		})
	}
}

func TestRedirectedBodyKeepsItsType(t *testing.T) {
	from := newTestTarget(t, "POST", "http://a.test/", http.Header{"Content-Type": {"application/json"},
		"X-Api-Key": {"secret"}}, "{}")
	to, failure := from.follow(307, "http://b.test/")
	if failure != nil {
		t.Fatal(failure)
	}
	if string(to.Body) != "{}" || to.Header.Get("Content-Type") != "application/json" || to.Header.Get("X-Api-Key") != "" {
		t.Errorf("got %q with %v", to.Body, to.Header)
	}
}

func TestLocation(t *testing.T) {
	for _, tt := range []struct {
		name, location string
		want           string // as asked on the wire; empty: a protocol failure
	}{
		{name: "absolute", location: "https://b.test/y", want: "https://b.test/y"},
		{name: "rooted", location: "/y", want: "http://a.test/y"},
		{name: "relative", location: "y", want: "http://a.test/d/y"},
		{name: "up", location: "../y", want: "http://a.test/y"},
		{name: "query only", location: "?q=1", want: "http://a.test/d/x?q=1"},
		{name: "scheme-relative", location: "//b.test/y", want: "http://b.test/y"},
		{name: "userinfo is a stranger's", location: "http://user:pass@b.test/y", want: "http://b.test/y"},
		{name: "UTF-8 in the path", location: "/ü", want: "http://a.test/%C3%BC"},
		{name: "UTF-8 in the query", location: "/?q=ü", want: "http://a.test/?q=%C3%BC"},
		{name: "a space in the path", location: "/a b", want: "http://a.test/a%20b"},
		{name: "a space in the query", location: "/?q=a b", want: "http://a.test/?q=a%20b"},
		{name: "a space in a query that holds a URL", location: "/login?q=a b&next=http://c.test",
			want: "http://a.test/login?q=a%20b&next=http://c.test"},
		{name: "UTF-8 in a query that holds a URL", location: "?q=ü&next=http://c.test",
			want: "http://a.test/d/x?q=%C3%BC&next=http://c.test"},
		{name: "an international host", location: "http://bücher.test/", want: "http://xn--bcher-kva.test/"},
		{name: "an upper-case scheme", location: "HTTP://b.test/y", want: "http://b.test/y"},
		{name: "another scheme", location: "ftp://b.test/"},
		{name: "no web address at all", location: "javascript:alert(1)"},
		{name: "mail", location: "mailto:a@b.test"},
		{name: "no host", location: "http:///y"},
		{name: "an impossible port", location: "http://b.test:99999/"},
		{name: "a broken escape", location: "/%zz?%zz", want: "http://a.test/%25zz?%25zz"},
		{name: "a broken escape in the host", location: "http://b%zz.test/"},
		{name: "a broken escape in the fragment", location: "/y#%zz", want: "http://a.test/y#%25zz"},
		{name: "an escape of JavaScript", location: "/caf%u00e9", want: "http://a.test/caf%25u00e9"},
		{name: "dots", location: "/a/./b/../c", want: "http://a.test/a/c"},
		{name: "dots that are escaped", location: "/a/%2e/b/.%2E/c", want: "http://a.test/a/c"},
		{name: "relative dots that are escaped", location: "%2e%2e/y", want: "http://a.test/y"},
		{name: "absolute with dots", location: "https://b.test/../a/..", want: "https://b.test/"},
		{name: "backslashes", location: `\y\z`, want: "http://a.test/y/z"},
		{name: "a host behind backslashes", location: `\\b.test\y`, want: "http://b.test/y"},
		{name: "underscores beside an international label", location: "http://my_host.bücher.test/",
			want: "http://my_host.xn--bcher-kva.test/"},
		{name: "a line break is encoded", location: "/a\r\nX: y", want: "http://a.test/a%0D%0AX:%20y"},
		{name: "a broken host", location: "http://b .test/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to, fail := newTestTarget(t, "GET", "http://a.test/d/x", nil, "").follow(302, tt.location)
			if tt.want == "" {
				if fail == nil || fail.Kind != failure.Protocol {
					t.Errorf("got %v, %v; want a protocol failure", to.URL, fail)
				}
				return
			}
			if fail != nil {
				t.Fatal(fail)
			}
			if got := to.URL.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestLocationAsIs: with PathAsIs a path that begins with a slash keeps its dot segments, of the URL before too where
// the Location has no path.
func TestLocationAsIs(t *testing.T) {
	for location, want := range map[string]string{
		"/a/../b/%2e/c":          "http://a.test/a/../b/%2e/c",
		"http://b.test/a/../b/.": "http://b.test/a/../b/.",
		"//b.test/./%2f":         "http://b.test/./%2f",
		"../y":                   "http://a.test/y",
		"?q":                     "http://a.test/d/../%2e/x?q",
		"#y":                     "http://a.test/d/../%2e/x#y",
		"//b.test":               "http://b.test",
		"http://b.test?q":        "http://b.test?q",
	} {
		from := newTestTarget(t, "GET", "http://a.test/d/../%2e/x", nil, "")
		from.options.PathAsIs = true
		if to, fail := from.follow(302, location); fail != nil || to.URL.String() != want {
			t.Errorf("%s: got %v, %v; want %s", location, to.URL, fail, want)
		}
	}
}

// TestLocationFragment checks RFC 9110 section 10.2.2.
func TestLocationFragment(t *testing.T) {
	from := newTestTarget(t, "GET", "http://a.test/#here", nil, "")
	for location, want := range map[string]string{"/y": "http://a.test/y#here", "/y#there": "http://a.test/y#there"} {
		to, failure := from.follow(302, location)
		if failure != nil || to.URL.String() != want {
			t.Errorf("%s: got %v, %v; want %s", location, to.URL, failure, want)
		}
	}
}

// FuzzLocation checks that whatever a server writes, the redirect leads to http or https and a host, without
// credentials, and cannot break the request line.
func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"/y", "//b.test", "http://u:p@b.test:8080/?a=b#c", "?q=ü", "\\\\b.test",
		"http://[::1]/", "javascript:x", "..//..", "/a b", "/?q=a b&u=http://c"} {
		f.Add(seed)
	}
	from := newTestTarget(f, "GET", "https://a.test/d/x?y",
		http.Header{"Authorization": {"secret"}, "Accept": {"*/*"}}, "")
	f.Fuzz(func(t *testing.T, location string) {
		to, fail := from.follow(302, location)
		if fail != nil {
			if fail.Kind != failure.Protocol {
				t.Errorf("kind %s", fail.Kind)
			}
			return
		}
		if to.URL.Scheme != "http" && to.URL.Scheme != "https" || to.URL.Host == "" || to.URL.User != nil {
			t.Errorf("leads to %q", to.URL)
		}
		if to.Origin != "https://a.test" && to.Header.Get("Authorization") != "" {
			t.Errorf("the secret went to %s", to.Origin)
		}
		checkRequestLine(t, to.URL.RequestURI())
	})
}

// checkRequestLine checks that a request target holds nothing but what RFC 9112 section 3.2 allows.
func checkRequestLine(t *testing.T, uri string) {
	t.Helper()
	if i := strings.IndexFunc(uri, func(c rune) bool { return c <= ' ' || c >= 0x7f }); i >= 0 {
		t.Errorf("request target %q is broken at byte %d", uri, i)
	}
}

// TestRedirectsEnterTheLaneOfTheirNewHost checks that redirects from ten hosts to one keep to that one's limits.
func TestRedirectsEnterTheLaneOfTheirNewHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under, most := make(chan struct{}, 10), 0
		var starts []time.Time
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "b.test" {
				return newResponse(302, "", "Location", "http://b.test"+r.URL.Path), nil
			}
			under <- struct{}{} // the race detector reports more than one at a time
			most = max(most, len(under))
			starts = append(starts, time.Now())
			time.Sleep(10 * time.Millisecond)
			<-under
			return newResponse(200, "ok"), nil
		})
		var lines []string
		for i := range 10 {
			lines = append(lines, fmt.Sprintf("http://a%d.test/%d", i, i))
		}
		var sink recorder
		s, err := runWithClient(t.Context(), linesOf(lines...), &sink,
			options(func(o *Options) { o.HostConcurrency, o.HostRate = 1, 2 }), client)
		if err != nil || s.Succeeded != 10 || most != 1 {
			t.Fatalf("%d succeeded, %d at once on the new host, %v", s.Succeeded, most, err)
		}
		for i := 1; i < len(starts); i++ {
			if gap := starts[i].Sub(starts[i-1]); gap < 500*time.Millisecond-timerSlack {
				t.Errorf("start %d on the new host comes %s after the one before", i, gap)
			}
		}
	})
}

// TestRedirectWaits checks that a redirect with Retry-After is followed after it, and that it holds no other request.
func TestRedirectWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/a" {
				return newResponse(301, "", "Location", "/b", "Retry-After", "2"), nil
			}
			return newResponse(200, "here"), nil
		})
		var sink recorder
		_, err := runWithClient(t.Context(), linesOf("http://a.test/a", "http://a.test/c"), &sink, options(nil), client)
		if err != nil || len(sink.records) != 2 {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{0, 2 * time.Second} {
			if r := sink.records[i]; r.Failure != nil || r.Elapsed != want {
				t.Errorf("%s took %s: %v", r.Request.URL, r.Elapsed, r.Failure)
			}
		}
	})
}
