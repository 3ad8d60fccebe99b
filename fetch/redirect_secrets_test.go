package fetch

import (
	"cmp"
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

// TestSecretsStayWithTheirHost checks that a redirect to another origin sends no secret of the first, and never a
// Referer.
func TestSecretsStayWithTheirHost(t *testing.T) {
	got := make(chan http.Header, 1)
	other := startServer(t, func(w http.ResponseWriter, r *http.Request) { got <- r.Header })
	first := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" || r.Header.Get("Cookie") == "" {
			t.Error("the first host is not given its secrets")
		}
		http.Redirect(w, r, strings.Replace(other, "http://", "http://stranger:word@", 1), http.StatusFound)
	})
	line := fmt.Sprintf(`{"url":%q,"headers":{"Cookie":"a=b","X-Api-Key":"k","Accept-Language":"de"}}`,
		strings.Replace(first, "http://", "http://u:p@", 1))
	r, _ := runOne(t, line, noRetryOptions(func(o *Options) { o.Header = http.Header{"X-From-Flag": {"s"}} }))
	if r.Failure != nil || r.FinalURL != other {
		t.Fatalf("led to %s, %v", r.FinalURL, r.Failure)
	}
	header := <-got
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-From-Flag", "Referer"} {
		if header.Get(name) != "" {
			t.Errorf("%s went along", name)
		}
	}
	if header.Get("Accept-Language") != "de" || header.Get("User-Agent") != "batchfetch" {
		t.Errorf("got %v", header)
	}
}

// redirectServers are servers that redirect to one another and record the headers they receive.
type redirectServers struct {
	plain, other, secure *httptest.Server

	mu       sync.Mutex
	received []http.Header // at /end, one for each visit
}

// startRedirectServers starts three servers: two without TLS and one with.
func startRedirectServers(t *testing.T) *redirectServers {
	servers := new(redirectServers)
	servers.plain, servers.other, servers.secure = httptest.NewServer(servers), httptest.NewServer(servers),
		httptest.NewTLSServer(servers)
	for _, server := range []*httptest.Server{servers.plain, servers.other, servers.secure} {
		t.Cleanup(server.Close)
	}
	return servers
}

// ServeHTTP redirects at /go?code=…&to=…, and at /end refuses the first visit.
func (servers *redirectServers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header()["Set-Cookie"] = r.URL.Query()["set"]
	if r.URL.Path == "/go" {
		code := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("code"), &code)
		http.Redirect(w, r, r.URL.Query().Get("to"), code)
		return
	}
	servers.mu.Lock()
	defer servers.mu.Unlock()
	if servers.received = append(servers.received, r.Header.Clone()); len(servers.received) == 1 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// setOptions sets Options that trust the TLS server and retry at once.
func (servers *redirectServers) setOptions(o *Options) {
	roots := x509.NewCertPool()
	roots.AddCert(servers.secure.Certificate())
	o.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}
	o.Retries, o.RetryDelay, o.RetryUnsafe = 1, time.Millisecond, true
}

// redirectURL returns a URL of from that redirects to another URL.
func (servers *redirectServers) redirectURL(from *httptest.Server, code int, to string) string {
	return fmt.Sprintf("%s/go?code=%d&to=%s", from.URL, code, url.QueryEscape(to))
}

// endpoints returns the server that a redirect comes from and the address it leads to.
func (servers *redirectServers) endpoints(route string) (from *httptest.Server, to string) {
	switch route {
	case "port":
		return servers.plain, servers.other.URL
	case "host":
		return servers.plain, strings.Replace(servers.plain.URL, "127.0.0.1", "localhost", 1)
	case "up":
		return servers.plain, servers.secure.URL
	case "down":
		return servers.secure, servers.plain.URL
	}
	return servers.plain, servers.plain.URL
}

// TestSecretsStayInTheirOrigin checks over sockets that whatever carries a secret reaches the end of a redirect within
// its origin and never another scheme, host or port, for every status, and not on a second attempt either.
func TestSecretsStayInTheirOrigin(t *testing.T) {
	netrc, err := netrc.Parse([]byte("default login s3cret password s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	credentials := map[string]struct {
		header string
		change func(*Options)
		line   string // the rest of the input line
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
		for name, credential := range credentials {
			t.Run(fmt.Sprintf("%d %s", code, name), func(t *testing.T) {
				t.Parallel()
				for _, route := range []string{"same origin", "port", "host", "up", "down"} {
					servers := startRedirectServers(t)
					from, to := servers.endpoints(route)
					address, more := servers.redirectURL(from, code, to+"/end"), credential.line
					if more == "userinfo" {
						address, more = strings.Replace(address, "://", "://s3cret:s3cret@", 1), ""
					}
					r, _ := runOne(t, fmt.Sprintf(`{"url":%q,"method":"POST","body":"x"%s}`, address, more),
						noRetryOptions(func(o *Options) {
							servers.setOptions(o)
							if credential.change != nil {
								credential.change(o)
							}
						}))
					if r.Failure != nil || r.Redirects != 1 || r.Attempts != 2 || len(servers.received) != 2 {
						t.Fatalf("%s: %v after %d redirects, %d attempts, %d visits", route, r.Failure, r.Redirects, r.Attempts,
							len(servers.received))
					}
					for visit, header := range servers.received {
						if sent := header.Get(credential.header) != ""; sent != (route == "same origin") {
							t.Errorf("%s, visit %d: sent %s %q", route, visit, credential.header, header.Get(credential.header))
						}
					}
				}
			})
		}
	}
}

// TestHostSecretsAfterARedirect checks that an entry of the netrc that names a host, and the secrets of a hosts-file
// entry with a login, go to that host by https with GET and HEAD, wherever the chain began, and nowhere else.
func TestHostSecretsAfterARedirect(t *testing.T) {
	const rc, flag = "rc", "flag" // passwords of the netrc and of -u
	netrcOf := func(text string) func(*testing.T, *Options, string) {
		return func(t *testing.T, o *Options, _ string) {
			file, err := netrc.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			o.Netrc = file
		}
	}
	hostsFile := func(login bool) func(*testing.T, *Options, string) {
		return func(t *testing.T, o *Options, host string) {
			rules, err := NewHostRules([]HostRule{{Pattern: host, HostSettings: HostSettings{
				Username: "u", Password: "own", Header: http.Header{"X-Key": {"own"}}, Login: login}}})
			if err != nil {
				t.Fatal(err)
			}
			o.Hosts = rules
		}
	}
	named := netrcOf("machine 127.0.0.1 login u password rc")
	for _, tt := range []struct {
		name    string
		from    string // "plain" or "secure", of another host name
		to      string // the same, of 127.0.0.1
		method  string
		code    int
		prepare func(t *testing.T, o *Options, host string)
		flags   func(o *Options)
		want    string // the password that the last host gets
	}{
		{name: "netrc", from: "secure", to: "secure", code: 302, prepare: named, want: rc},
		{name: "netrc, HEAD", from: "secure", to: "secure", method: "HEAD", code: 307, prepare: named, want: rc},
		{name: "netrc, up from http", from: "plain", to: "secure", code: 302, prepare: named, want: rc},
		{name: "netrc, by http", from: "secure", to: "plain", code: 302, prepare: named},
		{name: "netrc, POST", from: "secure", to: "secure", method: "POST", code: 307, prepare: named},
		{name: "netrc, POST become GET", from: "secure", to: "secure", method: "POST", code: 303, prepare: named, want: rc},
		{name: "netrc's default", from: "secure", to: "secure", code: 302,
			prepare: netrcOf("default login u password rc")},
		{name: "netrc of another", from: "secure", to: "secure", code: 302,
			prepare: netrcOf("machine other.test login u password rc")},
		{name: "netrc beside -u", from: "secure", to: "secure", code: 302, prepare: named,
			flags: func(o *Options) { o.Username, o.Password = "u", flag }, want: rc},
		{name: "-u alone", from: "secure", to: "secure", code: 302,
			flags: func(o *Options) { o.Username, o.Password = "u", flag }},
		{name: "netrc, and -H takes it away", from: "secure", to: "secure", code: 302, prepare: named,
			flags: func(o *Options) { o.Header = http.Header{"Authorization": nil} }},
		{name: "a hosts file", from: "secure", to: "secure", code: 302, prepare: hostsFile(false)},
		{name: "a hosts file with login", from: "secure", to: "secure", code: 302, prepare: hostsFile(true), want: "own"},
		{name: "a hosts file with login, by http", from: "secure", to: "plain", code: 302, prepare: hostsFile(true)},
		{name: "a hosts file with login, POST", from: "secure", to: "secure", method: "POST", code: 308,
			prepare: hostsFile(true)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			servers := startRedirectServers(t)
			of := map[string]*httptest.Server{"plain": servers.other, "secure": servers.secure}
			to := of[tt.to].URL
			address := strings.Replace(servers.redirectURL(of[tt.from], tt.code, to+"/end"), "127.0.0.1", "localhost", 1)
			r, _ := runOne(t, fmt.Sprintf(`{"url":%q,"method":%q}`, address, cmp.Or(tt.method, "GET")),
				noRetryOptions(func(o *Options) {
					servers.setOptions(o)
					if tt.prepare != nil {
						tt.prepare(t, o, strings.TrimPrefix(strings.TrimPrefix(to, "https://"), "http://"))
					}
					if tt.flags != nil {
						tt.flags(o)
					}
				}))
			if r.Failure != nil || len(servers.received) != 2 {
				t.Fatalf("%v after %d visits", r.Failure, len(servers.received))
			}
			want, key := "", ""
			if tt.want != "" {
				want = dial.BasicAuth("u", tt.want)
			}
			if tt.want == "own" {
				key = "own"
			}
			for visit, header := range servers.received {
				if got := header.Get("Authorization"); got != want || header.Get("X-Key") != key {
					t.Errorf("visit %d: sent %q and %q, want %q and %q", visit, got, header.Get("X-Key"), want, key)
				}
			}
		})
	}
}

// TestEarthdataLogin checks the way that NASA Earthdata describes for curl, with a netrc and an empty cookie jar: a
// file's host sends to the host that logs in, which the netrc has, and that back with a code for which the first sets a
// cookie.
func TestEarthdataLogin(t *testing.T) {
	var data, login *httptest.Server
	login = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != dial.BasicAuth("me", "s3cret") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, data.URL+"/code", http.StatusFound)
	}))
	defer login.Close()
	data = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, err := r.Cookie("session"); {
		case r.Header.Get("Authorization") != "":
			t.Error("the file's host got the password")
		case r.URL.Path == "/code":
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/", Secure: true})
			http.Redirect(w, r, "/file", http.StatusFound)
		case err != nil:
			http.Redirect(w, r, strings.Replace(login.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		default:
			_, _ = w.Write([]byte("granule"))
		}
	}))
	defer data.Close()
	file, err := netrc.Parse([]byte("machine localhost login me password s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	var sink recorder
	_, err = Run(t.Context(), linesOf(data.URL+"/file"), &sink, noRetryOptions(func(o *Options) {
		o.TLS, o.Netrc, o.Jar = &tls.Config{InsecureSkipVerify: true}, file, cookiejar.New()
	}))
	if err != nil || sink.bodies[0] != "granule" || sink.records[0].Redirects != 3 {
		t.Errorf("got %q, %v after %d redirects", sink.bodies, sink.records[0].Failure, sink.records[0].Redirects)
	}
}
