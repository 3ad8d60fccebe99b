package transport

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"batchfetch/fetch/dial"
)

// A Config says how a Transport connects and which versions of HTTP it speaks.
type Config struct {
	// HTTP is the versions of HTTP that may be spoken.
	HTTP Version
	// TLS is the client configuration for https; nil is the system's roots. It is cloned.
	TLS *tls.Config
	// Concurrency is the most exchanges at once, HostConcurrency the most on one host.
	Concurrency, HostConcurrency int
	// Bandwidth is the most bytes received per second over all connections; 0 is no limit.
	Bandwidth float64
	// StallTimeout is the shortest stall timeout of exchanges; 0 is none. HTTP/2 connections are pinged before it is met.
	StallTimeout time.Duration
	// HTTPProxy, HTTPSProxy and NoProxy are as curl -x and NO_PROXY take them; empty is no proxy.
	HTTPProxy, HTTPSProxy, NoProxy string
	// Private says when addresses that are not public may be connected to. Over a UnixSocket it has no meaning.
	Private dial.Policy
	// Alternatives keeps the places that serve origins over HTTP/3 from run to run; nil keeps them for this one.
	Alternatives AltStore
	// Dial says how connections are made. Its TLS, Proxies, Bandwidth, Private and CloseIdle are set by New, and its
	// PingTime where that is 0.
	Dial dial.Config
}

// A RoundTripper makes exchanges over its own pooled connections.
type RoundTripper interface {
	// RoundTrip sends the request of c and returns once the header of the response has come. The caller reads the body
	// from Call.Body and closes it. The end of ctx ends the exchange, the body included.
	RoundTrip(ctx context.Context, c *Call) (*http.Response, error)
	// CloseIdle closes the connections that carry no exchange.
	CloseIdle()
	// Close is CloseIdle, also for connections that become idle later.
	Close()
}
