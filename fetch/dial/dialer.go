package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"batchfetch/fetch/fdlimit"
)

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
	base := d.guarded()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	addrs, err := d.addrsOf(ctx, host, port)
	if err != nil {
		return nil, err
	}
	return dialFirst(ctx, d, host, port, addrs, func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		c, err := base.DialContext(ctx, "tcp", to.String())
		return c, fdlimit.ExplainNoPort(ctx, to.String(), err)
	})
}

// guarded returns what connects to an address, where the guard allows it.
func (d *Dialer) guarded() *net.Dialer {
	base := d.Network.Dialer
	if d.Private != PrivateAllow {
		base.ControlContext = d.checkAddress
	}
	return &base
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

// noUsableAddr returns the familyError for Family.
func (d *Dialer) noUsableAddr() error {
	return &familyError{map[string]string{"tcp": "usable", "tcp4": "IPv4", "tcp6": "IPv6"}[d.Family]}
}
