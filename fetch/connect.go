package fetch

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"
)

// plain returns a connection to addr without TLS.
func (d *dialer) plain(ctx context.Context, addr string) (*conn, error) {
	ctx, cancel := d.limit(ctx, "http://"+addr)
	defer cancel()
	c, err := d.reach(ctx, "http", addr)
	if err != nil {
		return nil, err
	}
	return c.ready(), nil
}

// secure returns a connection to addr with TLS over it.
func (d *dialer) secure(ctx context.Context, addr string) (*conn, *tls.Conn, error) {
	ctx, cancel := d.limit(ctx, "https://"+addr)
	defer cancel()
	c, err := d.reach(ctx, "https", addr)
	if err != nil {
		return nil, nil, err
	}
	config, host := d.tls, hostOf(addr)
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	began := time.Now()
	secured, err := handshake(ctx, c, host, config)
	if err != nil {
		return nil, nil, err
	}
	stepsOf(ctx).tlsDone(time.Since(began))
	return c.ready(), secured, nil
}

// link returns a connection to where a target is asked over HTTP/1.1.
func (d *dialer) link(ctx context.Context, to *target) (*link, error) {
	addr := net.JoinHostPort(to.url.Hostname(), portOf(to.url))
	var c *conn
	var secured *tls.Conn
	var err error
	if to.url.Scheme == "https" {
		c, secured, err = d.secure(ctx, addr)
	} else {
		c, err = d.plain(ctx, addr)
	}
	if err != nil {
		return nil, err
	}
	return newLink(c, secured), nil
}

// handshake closes c where it fails.
func handshake(ctx context.Context, c net.Conn, host string, config *tls.Config) (*tls.Conn, error) {
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one that tells
		return nil, classifyTLS(ctx, host, err)
	}
	return secured, nil
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// limit bounds the making of a connection to an origin, or to a proxy for whichever.
func (d *dialer) limit(ctx context.Context, origin string) (context.Context, context.CancelFunc) {
	timeout, whole := d.timeout, d.whole
	if own := d.hosts.Of(origin); own != nil {
		timeout, whole = or(own.ConnectTimeout, timeout), or(own.Timeout, whole)
	}
	if whole > 0 && (timeout <= 0 || whole <= timeout) {
		return context.WithTimeoutCause(ctx, whole, &limitError{Timeout, "timeout", whole})
	}
	if timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, timeout, &limitError{Timeout, "connect-timeout", timeout})
}

// reach connects to addr, over a proxy where a URL of that scheme takes one.
func (d *dialer) reach(ctx context.Context, scheme, addr string) (*conn, error) {
	began := time.Now()
	var raw net.Conn
	var err error
	switch p := d.proxies.at(scheme, addr); {
	case d.socket != "":
		raw, err = d.local(ctx)
	case p != nil:
		raw, err = d.through(ctx, p, addr)
	default:
		raw, err = d.direct(ctx, addr)
	}
	if err != nil {
		return nil, err
	}
	stepsOf(ctx).connected(time.Since(began))
	return d.counted(raw), nil
}

func (d *dialer) counted(raw net.Conn) *conn {
	now := time.Now()
	return &conn{Conn: raw, remote: raw.RemoteAddr().String(), made: now, patience: d.ping, given: make(chan struct{}),
		peek: newPeek(raw), turn: turn{bandwidth: d.bandwidth, made: now}}
}

// portOf returns the port of an http or https URL, the usual one where it names none.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
