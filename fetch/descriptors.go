package fetch

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// spareDescriptors are left for what is no exchange and is not open yet: inputs, outputs, the journal, the runtime.
const spareDescriptors = 24

// descriptorsEach is how many an exchange may need at once: its connection, its body's file or the sockets of a name lookup,
// and a connection kept for the next.
const descriptorsEach = 3

// affordable returns how many exchanges at once a process may have that can open so many files more.
func affordable(descriptors uint64) int {
	if descriptors <= spareDescriptors+descriptorsEach {
		return 1
	}
	return int(min((descriptors-spareDescriptors)/descriptorsEach, mostConcurrency)) //nolint:gosec // at most mostConcurrency
}

// MostConcurrency returns how many exchanges this process can have under way at once, by the number of files that it may open
// beside those that it has open now.
func MostConcurrency() int {
	limit := descriptorLimit()
	if affordable(limit) == mostConcurrency {
		return mostConcurrency
	}
	return affordable(limit - min(openDescriptors(limit), limit))
}

// roomPause is how long a dial waits for a descriptor before it asks again.
const roomPause = 20 * time.Millisecond

// isShort reports whether the process or the system has too many files open: nobody's fault but ours, and soon over.
func isShort(err error) bool { return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) }

// whenThereIsRoom dials, and where the process or the system has too many files open closes what lies idle and dials again,
// until ctx ends.
func whenThereIsRoom(ctx context.Context, closeIdle func(), dial func() (net.Conn, error)) (net.Conn, error) {
	for {
		c, err := dial()
		if !isShort(err) {
			return c, err
		}
		closeIdle()
		pause := time.NewTimer(roomPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, err
		}
	}
}

// frugal makes d's lookups wait for the descriptors of their own sockets, as dials do: a net.DNSError has but a text for the
// lack of one, and would blame the host's name for it.
func (d *dialer) frugal() {
	resolver, ask := net.Resolver{}, new(net.Dialer).DialContext
	if own := d.dialer.Resolver; own != nil {
		resolver.PreferGo, resolver.StrictErrors = own.PreferGo, own.StrictErrors
		if own.Dial != nil {
			ask = own.Dial
		}
	}
	resolver.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return whenThereIsRoom(ctx, d.closeIdle, func() (net.Conn, error) {
			c, err := ask(ctx, network, addr)
			if isShort(err) {
				d.starved.Store(true)
			}
			return c, err
		})
	}
	d.dialer.Resolver = &resolver
}

// starvation returns err, or the lack of descriptors that a failed lookup may have come of: then it is made once more.
func (d *dialer) starvation(err error) error {
	var name *net.DNSError
	if !errors.As(err, &name) || !d.starved.Swap(false) && hasRoom() {
		return err
	}
	return &net.OpError{Op: "lookup", Net: "udp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
}

// hasRoom opens a file to see whether it can.
func hasRoom() bool {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return !isShort(err)
	}
	_ = f.Close() // nothing was written
	return true
}
