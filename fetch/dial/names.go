package dial

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/resolver"
)

// Names looks names up for Dialers, keeps the answers, and remembers which addresses failed.
type Names struct {
	resolver *resolver.Resolver
	failed   failedAddrs
	shortage atomic.Bool // a query has lacked a file descriptor since shortageBehind last asked
}

// Close ends the look-ups under way.
func (n *Names) Close() { n.resolver.Close() }

// Counts returns the look-ups up to now, and those of them that were answered from memory.
func (n *Names) Counts() resolver.Counts { return n.resolver.Counts() }

// WaitedFor returns for how long dials have waited for names up to now, in all.
func (n *Names) WaitedFor(now time.Time) time.Duration { return n.resolver.WaitedFor(now) }

// Suspect records that a connection to host that was made, to the address remote, failed before a response: in the TLS
// handshake or later. The next dial begins with another address, of the other family where the host has both.
func (n *Names) Suspect(host, remote string) {
	if a, err := netip.ParseAddrPort(remote); err == nil {
		n.failed.addConnected(host, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), time.Now())
	}
}

// lookUp returns the addresses of a host, and tells the Times and the httptrace of ctx of a look-up that was made.
func (n *Names) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	began := time.Now()
	addrs, kept, err := n.resolver.Lookup(ctx, host)
	if !kept {
		timesOf(ctx).lookupDone(time.Since(began))
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.DNSDone != nil {
		info := httptrace.DNSDoneInfo{Err: err}
		for _, a := range addrs {
			info.Addrs = append(info.Addrs, net.IPAddr{IP: a.AsSlice(), Zone: a.Zone()})
		}
		trace.DNSDone(info)
	}
	return addrs, err
}

// shortageBehind returns err; or EMFILE, upon which the dial is made again, where err is a failed lookup that may come
// from a lack of file descriptors.
func (n *Names) shortageBehind(err error) error {
	var name *resolver.Error
	if !errors.As(err, &name) || !n.shortage.Swap(false) && fdlimit.CanOpen(1) {
		return err
	}
	return &net.OpError{Op: "lookup", Net: "udp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
}
