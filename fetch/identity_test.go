package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/netrc"
)

// TestWhoAsks: a header of the user's own wins over the URL's userinfo, that over Username, that over the netrc.
func TestWhoAsks(t *testing.T) {
	netrc, err := netrc.Parse([]byte("machine a.test login net password rc\ndefault login any password one"))
	if err != nil {
		t.Fatal(err)
	}
	user := func(o *Options) { o.Username, o.Password = "us", "er" }
	header := func(o *Options) { o.Header = http.Header{"Authorization": {"flag"}} }
	none := func(o *Options) { o.Header = http.Header{"Authorization": nil} }
	rc := func(o *Options) { o.Netrc = netrc }
	line := http.Header{"Authorization": {"line"}}
	for _, tt := range []struct {
		name, url string
		header    http.Header
		change    []func(*Options)
		want      string
	}{
		{"nobody", "http://a.test/", nil, nil, ""},
		{"netrc", "http://a.test/", nil, []func(*Options){rc}, dial.BasicAuth("net", "rc")},
		{"netrc at any port", "https://A.test:8443/", nil, []func(*Options){rc}, dial.BasicAuth("net", "rc")},
		{"netrc's default", "http://b.test/", nil, []func(*Options){rc}, dial.BasicAuth("any", "one")},
		{"-u over netrc", "http://a.test/", nil, []func(*Options){rc, user}, dial.BasicAuth("us", "er")},
		{"URL over -u", "http://ur:l@a.test/", nil, []func(*Options){rc, user}, dial.BasicAuth("ur", "l")},
		{"URL over netrc", "http://ur:@a.test/", nil, []func(*Options){rc}, dial.BasicAuth("ur", "")},
		{"the URL's user with netrc's password", "http://net@a.test/", nil, []func(*Options){rc}, dial.BasicAuth("net", "rc")},
		{"a user that netrc does not know", "http://ur@a.test/", nil, []func(*Options){rc}, dial.BasicAuth("ur", "")},
		{"the URL's user alone", "http://ur@a.test/", nil, nil, dial.BasicAuth("ur", "")},
		{"-H over all", "http://ur:l@a.test/", nil, []func(*Options){rc, user, header}, "flag"},
		{"-H over netrc", "http://a.test/", nil, []func(*Options){rc, header}, "flag"},
		{"-H takes all away", "http://ur:l@a.test/", nil, []func(*Options){rc, user, none}, ""},
		{"a line over all", "http://ur:l@a.test/", line, []func(*Options){rc, user, header}, "line"},
		{"a line over netrc", "http://a.test/", line, []func(*Options){rc}, "line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tg := newTargeter(options(func(o *Options) {
				for _, change := range tt.change {
					change(o)
				}
			}))
			to, err := tg.newTarget(&Request{URL: tt.url, Header: tt.header})
			if err != nil {
				t.Fatal(err)
			}
			if got := to.Header.Get("Authorization"); got != tt.want || to.URL.User != nil {
				t.Errorf("got %q at %s, want %q", got, to.URL, tt.want)
			}
		})
	}
}

// A border is a set of servers that redirect to one another and note what they are told.
type border struct {
	plain, other, secure *httptest.Server

	mu   sync.Mutex
	told []http.Header // at /end, one for each visit
}

func newBorder(t *testing.T) *border {
	b := new(border)
	b.plain, b.other, b.secure = httptest.NewServer(b), httptest.NewServer(b), httptest.NewTLSServer(b)
	for _, server := range []*httptest.Server{b.plain, b.other, b.secure} {
		t.Cleanup(server.Close)
	}
	return b
}

// ServeHTTP redirects at /go?code=…&to=…, and at /end refuses the first visit.
func (b *border) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header()["Set-Cookie"] = r.URL.Query()["set"]
	if r.URL.Path == "/go" {
		code := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("code"), &code)
		http.Redirect(w, r, r.URL.Query().Get("to"), code)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told = append(b.told, r.Header.Clone()); len(b.told) == 1 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// trusting lets requests through to the TLS server, and tries again at once.
func (b *border) trusting(o *Options) {
	roots := x509.NewCertPool()
	roots.AddCert(b.secure.Certificate())
	o.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}
	o.Retries, o.RetryDelay, o.RetryUnsafe = 1, time.Millisecond, true
}

func (b *border) hop(from *httptest.Server, code int, to string) string {
	return fmt.Sprintf("%s/go?code=%d&to=%s", from.URL, code, url.QueryEscape(to))
}

// along returns the server that a redirect comes from, and the address that it leads to.
func (b *border) along(way string) (from *httptest.Server, to string) {
	switch way {
	case "port":
		return b.plain, b.other.URL
	case "host":
		return b.plain, strings.Replace(b.plain.URL, "127.0.0.1", "localhost", 1)
	case "up":
		return b.plain, b.secure.URL
	case "down":
		return b.secure, b.plain.URL
	}
	return b.plain, b.plain.URL
}

// TestSecretsStayAtHome: over sockets, whatever carries a secret reaches the end of a redirect within its origin, and
// never beyond: another scheme, host or port; whatever the status and method, and not on a second attempt either.
func TestSecretsStayAtHome(t *testing.T) {
	netrc, err := netrc.Parse([]byte("default login s3cret password s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	bearers := map[string]struct {
		header string
		change func(*Options)
		line   string // what the input line says beside the URL
	}{
		"-u":            {"Authorization", func(o *Options) { o.Username, o.Password = "s3cret", "s3cret" }, ""},
		"netrc":         {"Authorization", func(o *Options) { o.Netrc = netrc }, ""},
		"userinfo":      {"Authorization", nil, "userinfo"},
		"-H":            {"Authorization", func(o *Options) { o.Header = http.Header{"Authorization": {"s3cret"}} }, ""},
		"line":          {"Authorization", nil, `,"headers":{"Authorization":"s3cret"}`},
		"-b":            {"Cookie", func(o *Options) { o.Cookie, o.Jar = "k=s3cret", cookiejar.New() }, ""},
		"-H Cookie":     {"Cookie", func(o *Options) { o.Header = http.Header{"Cookie": {"k=s3cret"}} }, ""},
		"a line Cookie": {"Cookie", nil, `,"headers":{"Cookie":"k=s3cret"}`},
	}
	for _, code := range []int{302, 303, 307, 308} {
		for name, bearer := range bearers {
			t.Run(fmt.Sprintf("%d %s", code, name), func(t *testing.T) {
				t.Parallel()
				for _, way := range []string{"home", "port", "host", "up", "down"} {
					b := newBorder(t)
					from, to := b.along(way)
					address, more := b.hop(from, code, to+"/end"), bearer.line
					if more == "userinfo" {
						address, more = strings.Replace(address, "://", "://s3cret:s3cret@", 1), ""
					}
					r, _ := one(t, fmt.Sprintf(`{"url":%q,"method":"POST","body":"x"%s}`, address, more), quick(func(o *Options) {
						b.trusting(o)
						if bearer.change != nil {
							bearer.change(o)
						}
					}))
					if r.Failure != nil || r.Redirects != 1 || r.Attempts != 2 || len(b.told) != 2 {
						t.Fatalf("%s: %v after %d redirects, %d attempts, %d visits", way, r.Failure, r.Redirects, r.Attempts, len(b.told))
					}
					for visit, header := range b.told {
						if told := header.Get(bearer.header) != ""; told != (way == "home") {
							t.Errorf("%s, visit %d: told %s %q", way, visit, bearer.header, header.Get(bearer.header))
						}
					}
				}
			})
		}
	}
}

// TestNetrcAbroad: not even an entry of the new host's own is used after a redirect, as with curl.
func TestNetrcAbroad(t *testing.T) {
	b := newBorder(t)
	netrc, err := netrc.Parse([]byte("machine localhost login s3cret password s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	abroad := strings.Replace(b.other.URL, "127.0.0.1", "localhost", 1) + "/end"
	for address, want := range map[string]string{b.hop(b.plain, 302, abroad): "", abroad: dial.BasicAuth("s3cret", "s3cret")} {
		one(t, address, quick(func(o *Options) { b.trusting(o); o.Netrc = netrc }))
		if got := b.told[len(b.told)-1].Get("Authorization"); got != want {
			t.Errorf("%s: told %q, want %q", address, got, want)
		}
	}
}

// TestJarFollows: what a redirect's answer sets is there at its end, and goes where it belongs alone.
func TestJarFollows(t *testing.T) {
	const set = "&set=a%3D1&set=b%3D2;Path%3D/elsewhere&set=c%3D3;Max-Age%3D0"
	for _, tt := range []struct {
		name   string
		jar    bool
		cookie string // Options.Cookie
		header string // the line's own
		way    string // empty is home
		want   string
	}{
		{name: "home", jar: true, want: "a=1"},
		{name: "no jar", want: ""},
		{name: "beside the string", jar: true, cookie: "x=y; a=old", want: "a=1; x=y"},
		{name: "beside a line's own", jar: true, cookie: "x=y", header: "a=mine; z=2", want: "a=mine; z=2"},
		{name: "the string without a jar", cookie: "x=y; a=old", want: "x=y; a=old"},
		{name: "abroad", jar: true, cookie: "x=y", way: "host", want: ""},
		{name: "to another port", jar: true, cookie: "x=y", way: "port", want: ""},
		{name: "up to TLS", jar: true, cookie: "x=y", way: "up", want: ""},
		{name: "down from TLS", jar: true, cookie: "x=y", way: "down", want: ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBorder(t)
			from, to := b.along(tt.way)
			more := ""
			if tt.header != "" {
				more = fmt.Sprintf(`,"headers":{"Cookie":%q}`, tt.header)
			}
			r, _ := one(t, fmt.Sprintf(`{"url":%q%s}`, b.hop(from, 302, to+"/end")+set, more), quick(func(o *Options) {
				b.trusting(o)
				if o.Cookie = tt.cookie; tt.jar {
					o.Jar = cookiejar.New()
				}
			}))
			if r.Failure != nil || len(b.told) != 2 {
				t.Fatalf("%v after %d visits", r.Failure, len(b.told))
			}
			for visit, header := range b.told {
				if got := strings.Join(header["Cookie"], " and "); got != tt.want {
					t.Errorf("visit %d: told %q, want %q", visit, got, tt.want)
				}
			}
		})
	}
}

// TestSecureCookieBySocket: a Secure cookie goes over TLS and not over a plain connection to the same host.
func TestSecureCookieBySocket(t *testing.T) {
	b, jar := newBorder(t), cookiejar.New()
	if err := jar.Load([]byte("127.0.0.1\tFALSE\t/\tTRUE\t0\tk\tv"), time.Now()); err != nil {
		t.Fatal(err)
	}
	for server, want := range map[*httptest.Server]string{b.plain: "", b.secure: "k=v"} {
		one(t, server.URL+"/end", quick(func(o *Options) { b.trusting(o); o.Jar = jar }))
		if got := b.told[len(b.told)-1].Get("Cookie"); got != want {
			t.Errorf("%s: told %q, want %q", server.URL, got, want)
		}
	}
}

// BenchmarkTarget: what a plain URL is asked with costs nothing more without a netrc and a Jar.
func BenchmarkTarget(b *testing.B) {
	netrc, err := netrc.Parse([]byte("machine a.test login ann password one"))
	if err != nil {
		b.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"plain": nil,
		"netrc": func(o *Options) { o.Netrc = netrc },
		"jar":   func(o *Options) { o.Jar = cookiejar.New() },
	} {
		b.Run(name, func(b *testing.B) {
			o := options(change)
			tg, x := newTargeter(o), exchange{options: o}
			if o.Jar != nil {
				o.Jar.SetCookies(&url.URL{Scheme: "http", Host: "a.test", Path: "/"}, []string{"k=v"}, time.Now())
			}
			r := Request{URL: "http://a.test/"}
			if err := r.parse(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				to, err := tg.newTarget(&r)
				if err != nil {
					b.Fatal(err)
				}
				withCookies(o, x.requestHeader(&to), to.URL)
			}
		})
	}
}
