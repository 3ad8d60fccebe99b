package fetch

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cookiejar"
)

// TestJarFollows checks that a cookie set by a redirect is sent to the redirect's target, and only where it belongs.
func TestJarFollows(t *testing.T) {
	const set = "&set=a%3D1&set=b%3D2;Path%3D/elsewhere&set=c%3D3;Max-Age%3D0"
	for _, tt := range []struct {
		name   string
		jar    bool
		cookie string // Options.Cookie
		header string // of the input line
		route  string // see endpoints; empty is the same origin
		want   string
	}{
		{name: "home", jar: true, want: "a=1"},
		{name: "no jar", want: ""},
		{name: "beside the string", jar: true, cookie: "x=y; a=old", want: "a=1; x=y"},
		{name: "beside a line's own", jar: true, cookie: "x=y", header: "a=mine; z=2", want: "a=mine; z=2"},
		{name: "the string without a jar", cookie: "x=y; a=old", want: "x=y; a=old"},
		{name: "abroad", jar: true, cookie: "x=y", route: "host", want: ""},
		{name: "to another port", jar: true, cookie: "x=y", route: "port", want: ""},
		{name: "up to TLS", jar: true, cookie: "x=y", route: "up", want: "a=1"},
		{name: "down from TLS", jar: true, cookie: "x=y", route: "down", want: ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			servers := startRedirectServers(t)
			from, to := servers.endpoints(tt.route)
			more := ""
			if tt.header != "" {
				more = fmt.Sprintf(`,"headers":{"Cookie":%q}`, tt.header)
			}
			r, _ := runOne(t, fmt.Sprintf(`{"url":%q%s}`, servers.redirectURL(from, 302, to+"/end")+set, more),
				noRetryOptions(func(o *Options) {
					servers.setOptions(o)
					if o.Cookie = tt.cookie; tt.jar {
						o.Jar = cookiejar.New()
					}
				}))
			if r.Failure != nil || len(servers.received) != 2 {
				t.Fatalf("%v after %d visits", r.Failure, len(servers.received))
			}
			for visit, header := range servers.received {
				if got := strings.Join(header["Cookie"], " and "); got != tt.want {
					t.Errorf("visit %d: sent %q, want %q", visit, got, tt.want)
				}
			}
		})
	}
}

// TestSecureCookieBySocket checks that a Secure cookie is sent over TLS and not over a plain connection to the same
// host.
func TestSecureCookieBySocket(t *testing.T) {
	servers, jar := startRedirectServers(t), cookiejar.New()
	if err := jar.Load([]byte("127.0.0.1\tFALSE\t/\tTRUE\t0\tk\tv"), time.Now()); err != nil {
		t.Fatal(err)
	}
	for server, want := range map[*httptest.Server]string{servers.plain: "", servers.secure: "k=v"} {
		runOne(t, server.URL+"/end", noRetryOptions(func(o *Options) { servers.setOptions(o); o.Jar = jar }))
		if got := servers.received[len(servers.received)-1].Get("Cookie"); got != want {
			t.Errorf("%s: sent %q, want %q", server.URL, got, want)
		}
	}
}
