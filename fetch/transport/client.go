package transport

import (
	"context"
	"net/http"
	"net/http/httptrace"
)

// A clientRoundTripper makes exchanges over net/http.
type clientRoundTripper struct{ client http.RoundTripper }

// OverClient returns a RoundTripper that makes exchanges over client: one of tests, or net/http's for comparison.
func OverClient(client http.RoundTripper) RoundTripper { return clientRoundTripper{client} }

// RoundTrip is RoundTripper's.
func (h clientRoundTripper) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { c.GotUnknownConn() },
		GotFirstResponseByte: func() { c.responded.Store(true) },
		Got1xxResponse:       c.gotInterim,
	})
	return h.client.RoundTrip(c.request().WithContext(ctx))
}

// CloseIdle is RoundTripper's.
func (h clientRoundTripper) CloseIdle() { (&http.Client{Transport: h.client}).CloseIdleConnections() }

// Close is RoundTripper's.
func (h clientRoundTripper) Close() { h.CloseIdle() }
