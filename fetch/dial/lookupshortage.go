package dial

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"batchfetch/fetch/fdlimit"
)

// letLookupsWaitForFiles replaces the resolver by one whose sockets wait for a file descriptor where too many files
// are open, as dials do. Without it the lack of one would be a net.DNSError, which says so in its text alone, and
// would count as a fault of the host's name.
func (d *Dialer) letLookupsWaitForFiles() {
	resolver, dial := net.Resolver{}, new(net.Dialer).DialContext
	if own := d.Network.Dialer.Resolver; own != nil {
		resolver.PreferGo, resolver.StrictErrors = own.PreferGo, own.StrictErrors
		if own.Dial != nil {
			dial = own.Dial
		}
	}
	resolver.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return fdlimit.RetryWhenFree(ctx, d.CloseIdle, func() (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if fdlimit.IsExhausted(err) {
				d.lookupShortage.Store(true)
			}
			return c, err
		})
	}
	d.Network.Dialer.Resolver = &resolver
}

// shortageBehind returns err; or EMFILE, upon which the dial is made again, where err is a failed lookup that may come
// from a lack of file descriptors.
func (d *Dialer) shortageBehind(err error) error {
	var name *net.DNSError
	if !errors.As(err, &name) || !d.lookupShortage.Swap(false) && fdlimit.CanOpen() {
		return err
	}
	return &net.OpError{Op: "lookup", Net: "udp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
}
