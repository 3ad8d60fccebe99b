package fetch

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// maxHeaderBytes bounds the header of an answer.
const maxHeaderBytes = 256 << 10

// newTransport returns the pooled client of a run. It follows no redirect, decodes nothing and retries nothing
// but a request that a reused connection was closed under before an answer began (RFC 9110 section 9.2.2).
func newTransport(o *Options) *http.Transport {
	d := &dialer{timeout: o.ConnectTimeout, whole: o.Timeout, tls: tlsConfig(o)}
	t := &http.Transport{
		DialContext:            d.plain,
		DialTLSContext:         d.secure,
		TLSClientConfig:        d.tls,
		ForceAttemptHTTP2:      o.HTTP != HTTP1,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    o.HostConcurrency,
		MaxIdleConns:           min(2*o.Concurrency, affordable(descriptorLimit())),
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		Protocols:              new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  15 * time.Second,
			PingTimeout:      15 * time.Second,
			MaxReadFrameSize: 64 << 10,
		},
	}
	d.closeIdle = t.CloseIdleConnections
	t.Protocols.SetHTTP1(o.HTTP != HTTP2)
	t.Protocols.SetHTTP2(o.HTTP != HTTP1)
	t.Protocols.SetUnencryptedHTTP2(o.HTTP == HTTP2) // http:// by prior knowledge, RFC 9113 section 3.3
	return t
}

func tlsConfig(o *Options) *tls.Config {
	c := new(tls.Config)
	if o.TLS != nil {
		c = o.TLS.Clone()
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1024)
	}
	switch o.HTTP {
	case HTTP1:
		c.NextProtos = []string{"http/1.1"}
	case HTTP2:
		c.NextProtos = []string{"h2"}
	default:
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	return c
}

// A dialer makes connections, each within one limit for lookup, connect and handshake together.
type dialer struct {
	timeout time.Duration
	whole   time.Duration // of the exchange; net/http lets a dial outlive it
	tls     *tls.Config
	// closeIdle makes room where there are too many open files.
	closeIdle func()
}

func (d *dialer) plain(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	c, err := d.connect(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (d *dialer) secure(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	c, err := d.connect(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	config := d.tls
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	began := time.Now()
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one that tells
		return nil, classifyTLS(ctx, host, err)
	}
	stepsOf(ctx).tlsDone(time.Since(began))
	return secured, nil
}

func (d *dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.whole > 0 && (d.timeout <= 0 || d.whole <= d.timeout) {
		return context.WithTimeoutCause(ctx, d.whole, &limitError{Timeout, "timeout", d.whole})
	}
	if d.timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d.timeout, &limitError{Timeout, "connect-timeout", d.timeout})
}

// writeBuffer bounds what lies in the kernel of an upload, so that a slow one is seen to move.
const writeBuffer = 256 << 10

func (d *dialer) connect(ctx context.Context, network, addr string) (*conn, error) {
	began := time.Now()
	raw, err := whenThereIsRoom(ctx, d.closeIdle, func() (net.Conn, error) {
		return new(net.Dialer).DialContext(stepsOf(ctx).lookups(ctx), network, addr)
	})
	if err != nil {
		return nil, classifyDial(ctx, addr, err)
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(writeBuffer) // without it uploads are only seen to move in larger steps
	}
	stepsOf(ctx).connected(time.Since(began))
	return &conn{Conn: raw, remote: raw.RemoteAddr().String(), given: make(chan struct{})}, nil
}
