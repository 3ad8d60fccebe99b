package dial

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/resolver"
)

// A Network is the dialer, resolver and address registry that connections are made with. The zero Network is the
// system's; tests have others.
type Network struct {
	// Dialer connects and, with its Resolver, looks names up.
	Dialer net.Dialer
	// PrivateName names the kind of an address that is not public, such as "loopback", and returns "" for a public one.
	// Nil is the function PrivateName, which goes by RFC 6890.
	PrivateName func(netip.Addr) string
}

// A Config says how a Dialer connects.
type Config struct {
	// Network is what is dialed with; zero is the system's.
	Network Network
	// TLS is the complete configuration for https; it is never written to. DialTLS and https:// proxies need one.
	TLS *tls.Config
	// Family is tcp, tcp4 or tcp6 (curl -4, -6).
	Family string
	// UnixSocket is the path of a socket that every address is taken for; empty is no socket (curl --unix-socket).
	UnixSocket string
	// Overrides give hosts addresses in place of those that DNS has (curl --resolve).
	Overrides []Override
	// NameTTL is how long the addresses of a name are kept; 0 not at all, negative as long as they say themselves, within
	// bounds: see resolver.Config.TTL.
	NameTTL time.Duration
	// Names looks names up and knows which addresses failed, for all Dialers that have it; nil is one of the Dialer's own.
	Names *Names
	// UserAgent is the User-Agent header of a CONNECT to a proxy.
	UserAgent string
	// Proxies say which connections go over a proxy; nil is no proxy.
	Proxies *Proxies
	// Bandwidth limits what is received over all connections; nil is no limit.
	Bandwidth *conn.Bandwidth
	// PingTime is how long an HTTP/2 connection may be silent before a ping, and then until it is acknowledged.
	PingTime time.Duration
	// Private refuses addresses that are not public, unless it is PrivateAllow.
	Private Policy
	// CloseIdle closes idle connections, so that their file descriptors are free, where too many files are open. Nil
	// closes none.
	CloseIdle func()
	// Timeouts returns, for an origin (or scheme://host:port of a proxy), how long name lookup, connection and handshakes
	// may take together, and how long the whole exchange may, which bounds a dial too as a dial can outlive its exchange.
	// 0 is no limit, and so is a nil function.
	Timeouts func(origin string) (connect, exchange time.Duration)
}

// A Dialer makes connections: directly, over a proxy, or to a Unix socket; with TLS or without. The caller closes them.
// Any goroutine may use it.
type Dialer struct {
	Config
	overrides overridesByHost
	quirks    *quirks
}

// New returns a Dialer. Nil functions of c have the defaults that Config says.
func New(c Config) *Dialer {
	d := &Dialer{Config: c, overrides: indexOverrides(c.Overrides), quirks: new(quirks)}
	if d.Network.PrivateName == nil {
		d.Network.PrivateName = PrivateName
	}
	if d.CloseIdle == nil {
		d.CloseIdle = func() {}
	}
	if d.Timeouts == nil {
		d.Timeouts = func(string) (connect, exchange time.Duration) { return 0, 0 }
	}
	if d.Names == nil {
		d.Names = NewNames(&d.Config)
	}
	return d
}

// With returns a Dialer that differs from d in its Proxies and Timeouts alone.
func (d *Dialer) With(p *Proxies, timeouts func(origin string) (connect, exchange time.Duration)) *Dialer {
	other := *d
	other.Proxies, other.Timeouts = p, timeouts
	return &other
}

// NewNames returns Names for Dialers with that configuration. Sockets of queries wait for a file descriptor where too
// many files are open, as dials do. The caller closes it once no Dialer uses it.
func NewNames(c *Config) *Names {
	n := new(Names)
	system, ask, closeIdle := c.Network.Dialer.Resolver, new(net.Dialer).DialContext, c.CloseIdle
	if system != nil && system.Dial != nil {
		ask = system.Dial
	}
	if closeIdle == nil {
		closeIdle = func() {}
	}
	n.resolver = resolver.New(resolver.Config{
		Network: map[string]string{"tcp4": "ip4", "tcp6": "ip6"}[c.Family], TTL: c.NameTTL, System: system,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return fdlimit.RetryWhenFree(ctx, closeIdle, func() (net.Conn, error) {
				c, err := ask(ctx, network, addr)
				if fdlimit.IsExhausted(err) {
					n.shortage.Store(true)
				}
				return c, err
			})
		},
	})
	return n
}
