package fetch

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport"
)

// TestPrivateRedirects checks which redirects to private addresses are followed.
func TestPrivateRedirects(t *testing.T) {
	const private, public = "127.0.0.1:~", "127.0.0.2:~"
	for _, tt := range []struct {
		name string
		path []string
		want string // the message of a blocked address; "" is a success
	}{
		{"the input may name anything", []string{private}, ""},
		{"private to private", []string{private, private}, ""},
		{"private to public", []string{private, public}, ""},
		{"public to public", []string{public, public}, ""},
		{"public to public, by name", []string{"outside.test:~", "outside.test:~"}, ""},
		{"public to a name of which one address is public", []string{public, "mixed.test:~"}, ""},
		{"public to private", []string{public, private},
			"127.0.0.1 (loopback) is not public, and a public page redirected to it"},
		{"private to public to private", []string{private, public, private},
			"127.0.0.1 (loopback) is not public, and a public page redirected to it"},
		{"public to public to private", []string{public, public, private},
			"127.0.0.1 (loopback) is not public, and a public page redirected to it"},
		{"public to a private name", []string{public, "inside.test:~"},
			"127.0.0.1 (loopback), the address of inside.test, is not public, and a public page redirected to it"},
		{"public to localhost", []string{public, "localhost:~"},
			"127.0.0.1 (loopback), the address of localhost, is not public, and a public page redirected to it"},
		{"public to below localhost", []string{public, "a.localhost:~"},
			"127.0.0.1 (loopback), the address of a.localhost, is not public, and a public page redirected to it"},
		{"a name that changes its address", []string{"rebound.test:~", "rebound.test:~"},
			"127.0.0.1 (loopback), the address of rebound.test, is not public, and a public page redirected to it"},
		{"decimal", []string{public, "2130706433:~"},
			"127.0.0.1 (loopback), the address of 2130706433, is not public, and a public page redirected to it"},
		{"mapped", []string{public, "[::ffff:127.0.0.1]:~"},
			"127.0.0.1 (loopback), the address of ::ffff:127.0.0.1, is not public, and a public page redirected to it"},
		{"metadata", []string{public, "169.254.169.254"},
			"169.254.169.254 (link-local) is not public, and a public page redirected to it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hosts := startTwoHosts(t, nil)
			o := noRetryOptions(func(o *Options) { o.Retries, o.NameTTL = 2, 0 })
			r := runIn(t, o, testNetwork(t, twoHostNames), redirectChain(hosts.port, tt.path...)).records[0]
			switch {
			case tt.want == "" && r.Failure != nil:
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			case tt.want != "" && (kindOf(r) != failure.BlockedAddress || r.Failure.Error() != tt.want):
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			case r.Attempts != 1 || r.Redirects != len(tt.path)-1:
				t.Errorf("%d attempts, %d redirects", r.Attempts, r.Redirects)
			}
			o.Private = dial.PrivateAllow
			if !strings.HasPrefix(tt.path[len(tt.path)-1], "169.254") {
				if r := runIn(t, o, testNetwork(t, twoHostNames), redirectChain(hosts.port,
					tt.path...)).records[0]; r.Failure != nil {
					t.Errorf("where all is allowed: %v", r.Failure)
				}
			}
		})
	}
}

// TestReusedConnectionsToPrivateAddresses checks that a redirect of a public page cannot use the connection that the
// input opened to a private address, nor one to a name that had a private address.
func TestReusedConnectionsToPrivateAddresses(t *testing.T) {
	for version, choice := range map[string]transport.Version{"HTTP/1.1": transport.HTTP1, "HTTP/2": transport.HTTP2} {
		t.Run(version, func(t *testing.T) {
			protocols := new(http.Protocols)
			protocols.SetHTTP1(true)
			protocols.SetUnencryptedHTTP2(true)
			hosts := startTwoHosts(t, protocols)
			o := noRetryOptions(func(o *Options) { o.HTTP = choice })
			sink := runIn(t, o, testNetwork(t, twoHostNames),
				redirectChain(hosts.port, "127.0.0.1:~"), redirectChain(hosts.port, "inside.test:~"),
				redirectChain(hosts.port, "127.0.0.2:~", "127.0.0.1:~"), redirectChain(hosts.port, "127.0.0.2:~", "inside.test:~"),
				redirectChain(hosts.port, "127.0.0.1:~"))
			if got := sink.kinds(); got != "ok ok blocked_address blocked_address ok" {
				t.Error(got)
			}
			if private, public := hosts.private.Load(), hosts.public.Load(); private != 3 || public != 2 {
				t.Errorf("the private host got %d requests, the public one %d", private, public)
			}
		})
	}
}

// TestPrivateDeny checks that no private address gets a request, in whichever form it is written.
func TestPrivateDeny(t *testing.T) {
	hosts := startTwoHosts(t, nil)
	o := noRetryOptions(func(o *Options) { o.Private, o.Retries = dial.PrivateDeny, 3 })
	o.RetryOn.Kinds = append(o.RetryOn.Kinds, failure.BlockedAddress)
	for _, host := range []string{"127.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST.", "a.b.localhost", "[::1]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::]", "①②⑦.0.0.1", "127。0。0。1",
		"%31%32%37.0.0.1", "inside.test", "[64:ff9b::7f00:1]"} {
		r := runIn(t, o, testNetwork(t, twoHostNames), redirectChain(hosts.port, host+":~")).records[0]
		if kindOf(r) != failure.BlockedAddress && kindOf(r) != failure.InvalidRequest || r.Attempts > 1 {
			t.Errorf("%s: %s after %d attempts: %v", host, kindOf(r), r.Attempts, r.Failure)
		}
	}
	if got := runIn(t, o, testNetwork(t, twoHostNames), redirectChain(hosts.port, "127.0.0.2:~"),
		redirectChain(hosts.port, "outside.test:~", "127.0.0.2:~"),
		redirectChain(hosts.port, "mixed.test:~")).kinds(); got != "ok ok ok" {
		t.Error(got)
	}
	if requests := hosts.private.Load(); requests != 0 {
		t.Errorf("the private host got %d requests", requests)
	}
	const want = "127.0.0.1 (loopback), the address of inside.test, is not public, and private is deny"
	r := runIn(t, o, testNetwork(t, twoHostNames), "http://inside.test:"+hosts.port).records[0]
	if says := r.Failure.Error(); says != want {
		t.Errorf("says %q", says)
	}
}

// TestCacheOfPrivateAddresses checks that a stored response from an address that --private forbids is not used.
func TestCacheOfPrivateAddresses(t *testing.T) {
	c := newResponseCache(options(nil), transport.New(options(nil).transportConfig(dial.Network{})))
	for _, tt := range []struct {
		rule   dial.Policy
		wary   bool
		remote string
		want   bool
	}{
		{dial.PrivateRedirects, false, "10.0.0.1:80", true},
		{dial.PrivateRedirects, true, "10.0.0.1:80", false},
		{dial.PrivateRedirects, true, "192.0.2.1", false},
		{dial.PrivateRedirects, true, "8.8.8.8:80", true},
		{dial.PrivateDeny, false, "127.0.0.1:80", false},
		{dial.PrivateDeny, false, "", false},
		{dial.PrivateDeny, false, "[2606:4700::1111]:443", true},
		{dial.PrivateAllow, false, "", true},
	} {
		c.options.Private = tt.rule
		to := &target{Target: transport.Target{URL: &url.URL{Scheme: "http", Host: "a.test", Path: "/"}, PublicOnly: tt.wary}}
		if got := c.isAddrAllowed(to, tt.remote); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}
