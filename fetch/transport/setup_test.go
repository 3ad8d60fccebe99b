package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"batchfetch/fetch/dial"
)

// testConfig returns a Config without limits that accepts any certificate.
func testConfig() Config {
	insecure := &tls.Config{InsecureSkipVerify: true}
	return Config{HTTP: Auto, TLS: insecure, Concurrency: 50, HostConcurrency: 10, Private: dial.PrivateAllow,
		Dial: dial.Config{TLS: insecure, Family: "tcp", Private: dial.PrivateAllow,
			Timeouts: func(string) (connect, exchange time.Duration) { return 10 * time.Second, 0 }}}
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
	call.Stall.Init(5*time.Second, cancel)
	defer call.End()
	resp, err := rt.RoundTrip(ctx, call)
	if err != nil {
		return "", call.Explain(ctx, err, 0, 0)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(call.Body(resp))
	return string(text), err
}
