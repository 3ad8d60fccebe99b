package dial

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"batchfetch/fetch/fdlimit"
)

// letLookupsWaitForFiles makes the sockets of name lookups wait for file descriptors, as dials do: a net.DNSError has but a text for
// the lack of one, and would put it down to the host's name.
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

// shortageBehind returns err, or the lack of descriptors that a failed lookup may have come of: then the dial is made once more.
func (d *Dialer) shortageBehind(err error) error {
	var name *net.DNSError
	if !errors.As(err, &name) || !d.lookupShortage.Swap(false) && fdlimit.CanOpen() {
		return err
	}
	return &net.OpError{Op: "lookup", Net: "udp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
}
