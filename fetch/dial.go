package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// A network is what a run reaches the world through. Tests have one of their own.
type network struct {
	dialer  net.Dialer
	private func(netip.Addr) string // names an address that is not public; "" is a public one
}

func realNetwork() network { return network{private: privateName} }

// A dialer makes connections, each within one limit for lookup, connect and handshake together.
type dialer struct {
	network
	timeout   time.Duration
	whole     time.Duration // of the exchange, which a dial may outlive
	hosts     *HostRules    // may have others for an origin
	tls       *tls.Config
	family    string // tcp, tcp4 or tcp6
	socket    string // a path to connect to in place of any address; empty is none
	pins      pins
	agent     string        // what a proxy is told of us
	proxies   *proxies      // nil is none
	bandwidth *bandwidth    // nil is no limit
	ping      time.Duration // of silence, before a ping on an HTTP/2 connection and after it
	// closeIdle makes room where there are too many open files.
	closeIdle func()
	starved   *atomic.Bool // a lookup has wanted a descriptor since that was asked last
	rule      Private      // anything but PrivateAllow refuses addresses that are not public
}

func newDialer(o *Options, n network) *dialer {
	d := &dialer{network: n, timeout: o.ConnectTimeout, whole: o.Timeout, hosts: o.Hosts, tls: tlsConfig(o),
		family: "tcp", socket: o.UnixSocket, pins: pinned(o.Resolve), agent: o.UserAgent, ping: pingAfter(o), rule: PrivateAllow,
		closeIdle: func() {}, starved: new(atomic.Bool)}
	d.frugal()
	switch {
	case o.IPv4:
		d.family = "tcp4"
	case o.IPv6:
		d.family = "tcp6"
	}
	return d
}

// usualPing is how long an HTTP/2 connection may be silent before it is pinged, and then until the answer.
const usualPing = 15 * time.Second

// pingAfter gives what may lie before the answer to a ping time to come, where the bandwidth is limited:
// a frame and what the kernel holds, on as many connections as there may be.
func pingAfter(o *Options) time.Duration {
	const lying = 256 << 10 // bytes
	if o.Bandwidth <= 0 {
		return usualPing
	}
	seconds := min(lying*float64(o.Concurrency)/o.Bandwidth, longestWait.Seconds())
	return usualPing + time.Duration(seconds*float64(time.Second))
}

// writeBuffer bounds what lies in the kernel of an upload, so that a slow one is seen to move.
const writeBuffer = 256 << 10

// direct connects to addr itself. Its error is a *Failure.
func (d *dialer) direct(ctx context.Context, addr string) (net.Conn, error) {
	raw, err := whenThereIsRoom(ctx, d.closeIdle, func() (net.Conn, error) {
		c, err := d.dial(stepsOf(ctx).lookups(ctx), addr)
		return c, d.starvation(err)
	})
	if err != nil {
		return nil, classifyDial(ctx, addr, err)
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(writeBuffer) // without it uploads are only seen to move in larger steps
		if n := d.bandwidth.readBuffer(); n > 0 {
			_ = tcp.SetReadBuffer(n) // without it the kernel takes in more before anyone reads
		}
	}
	return raw, nil
}

// local connects to the socket that stands for every host.
func (d *dialer) local(ctx context.Context) (net.Conn, error) {
	raw, err := whenThereIsRoom(ctx, d.closeIdle, func() (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.socket)
	})
	if err != nil {
		return nil, classifyDial(ctx, d.socket, err)
	}
	return raw, nil
}

func (d *dialer) dial(ctx context.Context, addr string) (net.Conn, error) {
	base := d.dialer
	if d.rule != PrivateAllow {
		base.ControlContext = d.check
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	known := d.known(host, port)
	if known == nil {
		return base.DialContext(ctx, d.family, addr)
	}
	if known = d.usable(known); len(known) == 0 {
		return nil, d.lacking()
	}
	return dialEach(ctx, &base, known, port)
}

// check looks at the address that is about to be connected to, so that no answer of a resolver gets past it.
func (d *dialer) check(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("not an address: %w", err)
	}
	if name := d.private(a.Addr()); name != "" {
		return &blockedError{addr: a.Addr().WithZone(""), name: name, rule: d.rule}
	}
	return nil
}

// known returns the addresses of a host that needs no resolver; nil where it needs one, or is an address as such.
func (d *dialer) known(host, port string) []netip.Addr {
	if given := d.pins.of(host, port); given != nil {
		return given
	}
	if isLocalhost(host) {
		return loopbacks
	}
	if a, ok := literalAddr(host); ok {
		return []netip.Addr{a}
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is4In6() {
		return []netip.Addr{a.Unmap()} // a zone means nothing to it
	}
	return nil
}

// usable returns those of addrs that -4 or -6 allow.
func (d *dialer) usable(addrs []netip.Addr) []netip.Addr {
	if d.family == "tcp" {
		return addrs
	}
	var kept []netip.Addr
	for _, a := range addrs {
		if a.Unmap().Is4() == (d.family == "tcp4") {
			kept = append(kept, a)
		}
	}
	return kept
}

// A familyError is why none of a host's addresses is of use.
type familyError struct{ wanted string }

func (e *familyError) Error() string { return "no " + e.wanted + " address" }

func (d *dialer) lacking() error {
	return &familyError{map[string]string{"tcp": "usable", "tcp4": "IPv4", "tcp6": "IPv6"}[d.family]}
}

// dialEach asks one address after the other, each within its share of the time left, as net.Dialer does.
// The first error tells.
func dialEach(ctx context.Context, base *net.Dialer, addrs []netip.Addr, port string) (net.Conn, error) {
	var first error
	for i, a := range addrs {
		share, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok && i < len(addrs)-1 {
			share, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(addrs)-i))
		}
		c, err := base.DialContext(share, "tcp", net.JoinHostPort(a.String(), port))
		cancel()
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// A blockedError is why an address was not connected to.
type blockedError struct {
	addr netip.Addr
	name string // of its kind
	rule Private
}

func (e *blockedError) Error() string { return e.addr.String() + " is not public" }

// of is the Failure of an exchange that was to go to host.
func (e *blockedError) of(host string) *Failure {
	where := fmt.Sprintf("%s (%s)", e.addr, e.name)
	if host != e.addr.String() {
		where += ", the address of " + host + ","
	}
	if e.rule == PrivateDeny {
		return failf(BlockedAddress, "%s is not public, and private is deny", where)
	}
	return failf(BlockedAddress, "%s is not public, and a public page redirected to it", where)
}
