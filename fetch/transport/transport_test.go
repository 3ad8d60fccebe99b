package transport

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// A namedRoundTripper is a RoundTripper that fails with its name as the error.
type namedRoundTripper string

func (r namedRoundTripper) RoundTrip(context.Context, *Call) (*http.Response, error) {
	return nil, errors.New(string(r))
}
func (namedRoundTripper) CloseIdle() {}
func (namedRoundTripper) Close()     {}

// TestRoundTripperOfTarget: which RoundTripper a Call takes depends on the proxy for its URL and on who named it.
func TestRoundTripperOfTarget(t *testing.T) {
	const httpProxy, socksProxy = "http://p.test:1", "socks5h://p.test:1"
	for _, tt := range []struct {
		name, proxy, noProxy, url string
		publicOnly                bool
		want                      string
	}{
		{name: "no proxy", url: "http://a.test/", want: "direct"},
		{name: "no proxy, public only", url: "http://a.test/", publicOnly: true, want: "guarded"},
		{name: "HTTP proxy", proxy: httpProxy, url: "http://a.test/", want: "forward"},
		{name: "HTTP proxy, https", proxy: httpProxy, url: "https://a.test/", want: "direct"},
		{name: "HTTP proxy, public only", proxy: httpProxy, url: "http://a.test/", publicOnly: true, want: "forward"},
		{name: "SOCKS proxy", proxy: socksProxy, url: "http://a.test/", want: "direct"},
		{name: "SOCKS proxy, public only", proxy: socksProxy, url: "http://a.test/", publicOnly: true, want: "direct"},
		{name: "not over the proxy", proxy: httpProxy, noProxy: "a.test", url: "http://a.test/", want: "direct"},
		{name: "not over the proxy, public only", proxy: httpProxy, noProxy: "a.test", url: "http://a.test/",
			publicOnly: true, want: "guarded"},
		{name: "a private address over a proxy", proxy: httpProxy, url: "http://127.1/", want: "forward"},
		{name: "a private address over a proxy, public only", proxy: httpProxy, url: "http://127.1/", publicOnly: true,
			want: "127.0.0.1 (loopback), the address of 127.1, is not public, and a public page redirected to it"},
	} {
		transport := &Transport{
			direct: namedRoundTripper("direct"), guarded: namedRoundTripper("guarded"),
			proxies: dial.NewProxies(tt.proxy, tt.proxy, tt.noProxy), privateName: dial.PrivateName,
			private: dial.PrivateRedirects,
		}
		if transport.proxies.HTTP().IsHTTP() {
			transport.forward = namedRoundTripper("forward")
		}
		to := testTarget(t, "GET", tt.url, nil)
		to.PublicOnly = tt.publicOnly
		ctx, call := startCall(t, to)
		if _, err := transport.RoundTrip(ctx, call); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestRoundTrippersOfConfig: direct and guarded are one RoundTripper unless redirects alone are guarded, and there is a
// forward one for HTTP proxies, unless HTTP/2 alone is spoken.
func TestRoundTrippersOfConfig(t *testing.T) {
	for _, tt := range []struct {
		private       dial.Policy
		socket, proxy string
		version       Version
		isOne         bool
	}{
		{private: dial.PrivateAllow, isOne: true},
		{private: dial.PrivateDeny, isOne: true},
		{private: dial.PrivateRedirects},
		{private: dial.PrivateRedirects, socket: "/nowhere", isOne: true},
		{private: dial.PrivateAllow, proxy: "http://p.test:1", isOne: true},
		{private: dial.PrivateAllow, proxy: "http://p.test:1", version: HTTP2, isOne: true},
		{private: dial.PrivateAllow, proxy: "socks5://p.test:1", isOne: true},
	} {
		config := testConfig()
		config.Private, config.HTTPProxy, config.HTTP = tt.private, tt.proxy, HTTP1
		config.Dial.UnixSocket = tt.socket
		if tt.version != "" {
			config.HTTP = tt.version
		}
		transport := New(config)
		isOne := transport.direct == transport.guarded
		if isOne != tt.isOne || (transport.forward != nil) == (tt.version == HTTP2) {
			t.Errorf("%+v: direct is guarded: %t, forward: %t", tt, isOne, transport.forward != nil)
		}
		transport.Close()
	}
}

// TestPrivateAddress: with PrivateDeny the guard refuses a connection to loopback.
func TestPrivateAddress(t *testing.T) {
	config := testConfig()
	config.Private = dial.PrivateDeny
	transport := New(config)
	defer transport.Close()
	_, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", "http://127.0.0.1:9/", nil))
	var f *failure.Failure
	if !errors.As(err, &f) || f.Kind != failure.BlockedAddress {
		t.Errorf("got %v", err)
	}
}

// TestNoTimeouts: a Config without Timeouts connects without a limit.
func TestNoTimeouts(t *testing.T) {
	server := newTestServer(t, respondOK)
	config := testConfig()
	config.Dial.Timeouts = nil
	transport := New(config)
	defer transport.Close()
	text, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.url, nil))
	if text != "ok" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}
