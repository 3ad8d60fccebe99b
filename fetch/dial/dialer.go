package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
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

// writeBuffer is the size in bytes of a socket's send buffer (SO_SNDBUF). It bounds what the kernel takes of an upload
// at once, so that the stall timer sees progress in a slow one.
const writeBuffer = 256 << 10

// dialDirect connects to addr, host:port, without a proxy. Its error is a *failure.Failure.
func (d *Dialer) dialDirect(ctx context.Context, addr string) (net.Conn, error) {
	raw, err := fdlimit.RetryWhenFree(ctx, d.CloseIdle, func() (net.Conn, error) {
		c, err := d.dial(ctx, addr)
		return c, d.Names.shortageBehind(err)
	})
	if err != nil {
		return nil, classifyDial(ctx, addr, err)
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(writeBuffer) // an error leaves progress in larger steps
		if n := d.Bandwidth.ReadBuffer(); n > 0 {
			_ = tcp.SetReadBuffer(n) // an error leaves more bytes in the kernel than the bandwidth allows
		}
	}
	return raw, nil
}

// dialUnix connects to the Unix socket. Its error is a *failure.Failure.
func (d *Dialer) dialUnix(ctx context.Context) (net.Conn, error) {
	raw, err := fdlimit.RetryWhenFree(ctx, d.CloseIdle, func() (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.UnixSocket)
	})
	if err != nil {
		return nil, classifyDial(ctx, d.UnixSocket, err)
	}
	return raw, nil
}

// dial makes one attempt at a connection to addr, over the addresses that its host has.
func (d *Dialer) dial(ctx context.Context, addr string) (net.Conn, error) {
	base := d.Network.Dialer
	if d.Private != PrivateAllow {
		base.ControlContext = d.checkAddress
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	addrs, err := d.addrsOf(ctx, host, port)
	if err != nil {
		return nil, err
	}
	return d.dialFirst(ctx, &base, host, port, addrs)
}

// addrsOf returns the usable addresses of a host in the order in which they are to be tried.
func (d *Dialer) addrsOf(ctx context.Context, host, port string) ([]netip.Addr, error) {
	known := d.knownAddrs(host, port)
	if known == nil {
		found, err := d.Names.lookUp(ctx, host)
		if err != nil {
			return nil, err
		}
		known = interleave(found)
	}
	if known = d.ofFamily(known); len(known) == 0 {
		return nil, d.noUsableAddr()
	}
	return known, nil
}

// checkAddress is the guard against private addresses, a net.Dialer.ControlContext: it is given the address that is
// about to be connected to, after any name lookup. Its error is a *BlockedError.
func (d *Dialer) checkAddress(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("not an address: %w", err)
	}
	if name := d.Network.PrivateName(a.Addr()); name != "" {
		return &BlockedError{Addr: a.Addr().WithZone(""), Name: name, Policy: d.Private}
	}
	return nil
}

// knownAddrs returns the addresses of a host that are known without a resolver: from an Override, of localhost, or
// written as inet_aton reads them. It is nil where net.Dialer is to read the host, as a name or as an address.
func (d *Dialer) knownAddrs(host, port string) []netip.Addr {
	if given := d.overrides.of(host, port); given != nil {
		return given
	}
	if IsLocalhost(host) {
		return Loopbacks
	}
	if a, ok := LiteralAddr(host); ok {
		return []netip.Addr{a}
	}
	return nil
}

// ofFamily returns those of addrs that Family allows.
func (d *Dialer) ofFamily(addrs []netip.Addr) []netip.Addr {
	if d.Family == "tcp" {
		return addrs
	}
	var kept []netip.Addr
	for _, a := range addrs {
		if a.Unmap().Is4() == (d.Family == "tcp4") {
			kept = append(kept, a)
		}
	}
	return kept
}

// A familyError is that none of a host's addresses has the family wanted.
type familyError struct{ wanted string }

func (e *familyError) Error() string { return "no " + e.wanted + " address" }

// noUsableAddr returns the familyError for Family.
func (d *Dialer) noUsableAddr() error {
	return &familyError{map[string]string{"tcp": "usable", "tcp4": "IPv4", "tcp6": "IPv6"}[d.Family]}
}

// A BlockedError is that an address was not connected to because it is not public.
type BlockedError struct {
	Addr   netip.Addr
	Name   string // the kind of the address, such as "loopback"
	Policy Policy // that forbids it
}

func (e *BlockedError) Error() string { return e.Addr.String() + " is not public" }

// Failure returns the failure, of kind BlockedAddress, of an exchange with host.
func (e *BlockedError) Failure(host string) *failure.Failure {
	where := fmt.Sprintf("%s (%s)", e.Addr, e.Name)
	if host != e.Addr.String() {
		where += ", the address of " + host + ","
	}
	if e.Policy == PrivateDeny {
		return failure.New(failure.BlockedAddress, "%s is not public, and private is deny", where)
	}
	return failure.New(failure.BlockedAddress, "%s is not public, and a public page redirected to it", where)
}
