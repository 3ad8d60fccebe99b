package fetch

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"batchfetch/fetch/transport"
)

// fakeOrigin responds in place of the network, so that tests can run in virtual time.
type fakeOrigin func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (o fakeOrigin) RoundTrip(r *http.Request) (*http.Response, error) { return o(r) }

// runWithClient is Run with one client for all requests.
func runWithClient(
	ctx context.Context, source Source, sink Sink, o *Options, client http.RoundTripper,
) (Summary, error) {
	return runWith(ctx, source, sink, o, transport.Over(clientRoundTripper{client}))
}

// A clientRoundTripper makes exchanges over a client that has no connections.
type clientRoundTripper struct{ client http.RoundTripper }

// RoundTrip is transport.RoundTripper's.
func (rt clientRoundTripper) RoundTrip(ctx context.Context, c *transport.Call) (*http.Response, error) {
	r := &http.Request{Method: c.Target.Method, URL: c.Target.URL, Header: c.Header, Host: c.Target.URL.Host,
		Body: http.NoBody, ContentLength: int64(len(c.Target.Body))}
	if len(c.Target.Body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(c.Target.Body))
	}
	return rt.client.RoundTrip(r.WithContext(ctx))
}

// CloseIdle does nothing.
func (clientRoundTripper) CloseIdle() {}

// Close does nothing.
func (clientRoundTripper) Close() {}

// newResponse returns a response. headers are names and values in turn.
func newResponse(code int, body string, headers ...string) *http.Response {
	h := make(http.Header)
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: code, Proto: "HTTP/1.1", Header: h, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body))}
}

// respondAfter responds 200 after span, unless the exchange is cancelled before.
func respondAfter(span time.Duration) fakeOrigin {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(span):
			return newResponse(200, "ok"), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}
