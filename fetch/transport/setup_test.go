package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
)

// testConfig returns a Config without limits that accepts any certificate.
func testConfig() Config {
	insecure := &tls.Config{InsecureSkipVerify: true}
	return Config{HTTP: Auto, TLS: insecure, Concurrency: 50, HostConcurrency: 10, Private: dial.PrivateAllow,
		Dial: dial.Config{TLS: insecure, Family: "tcp", Private: dial.PrivateAllow,
			Timeouts: func(string) (connect, exchange time.Duration) { return time.Minute, 0 }}}
}

// testTarget returns the Target of a request.
func testTarget(t testing.TB, method, address string, body []byte) *Target {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"User-Agent": {"x"}}
	return &Target{URL: u, Origin: u.Scheme + "://" + u.Host, Method: method, Header: header, Body: body}
}

// exchangeOver makes one exchange and returns its body.
func exchangeOver(ctx context.Context, rt RoundTripper, to *Target) (body string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	call := &Call{Target: to, Header: to.Header, Cancel: cancel}
	call.Stall.Init(time.Minute, cancel)
	defer call.End()
	resp, err := rt.RoundTrip(ctx, call)
	if err != nil {
		return "", call.Explain(ctx, err, 0, 0)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(call.Body(resp))
	return string(text), err
}

// startCall returns a Call for a Target, with its context. Both end with the test.
func startCall(t *testing.T, to *Target) (context.Context, *Call) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	call := &Call{Target: to, Header: to.Header, Cancel: cancel}
	call.Stall.Init(time.Minute, cancel)
	t.Cleanup(func() {
		call.End()
		cancel(nil)
	})
	return ctx, call
}

// newTestTransport returns a Transport with testConfig that is closed at the end of the test.
func newTestTransport(t *testing.T) *Transport {
	t.Helper()
	transport := New(testConfig())
	t.Cleanup(transport.Close)
	return transport
}

// A testServer is an HTTP/1.1 server whose responses are written by a test. It serves one connection at a time.
type testServer struct {
	url             string
	conns, requests atomic.Int32 // so far
	open            atomic.Int32 // connections open now
}

// newTestServer starts a testServer. respond is called for each request, the body of which has not been read, with the
// number of the request on its connection, from 1. The connection is closed where it returns false. The server ends
// with the test, so the Transport is made, and closed, after it.
func newTestServer(t *testing.T, respond func(c *net.TCPConn, number int, req *http.Request) bool) *testServer {
	t.Helper()
	s := new(testServer)
	s.url = nettest.Talk(t, func(c *net.TCPConn) {
		s.conns.Add(1)
		s.open.Add(1)
		defer s.open.Add(-1)
		in := bufio.NewReader(c)
		for number := 1; ; number++ {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			s.requests.Add(1)
			if !respond(c, number, req) {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body) // an error shows in the next request
		}
	})
	return s
}

// awaitClose waits until the server has no open connection.
func (s *testServer) awaitClose(t *testing.T) {
	t.Helper()
	nettest.Eventually(t, "the end of all connections", func() bool { return s.open.Load() == 0 })
}

// tcpPool returns the pool over TCP of the direct RoundTripper.
func tcpPool(t *Transport) *pool {
	if a, is := t.direct.(*alternating); is {
		return a.tcp
	}
	return t.direct.(*pool)
}
