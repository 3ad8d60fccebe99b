package dial

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"time"

	"batchfetch/fetch/fdlimit"
)

// attemptDelay is the time between the starts of two attempts at a connection (RFC 8305 section 5), minAttemptDelay the
// least where the dial has little time for many addresses.
const attemptDelay, minAttemptDelay = 250 * time.Millisecond, 10 * time.Millisecond

// maxAttempts bounds the addresses that a dial tries.
const maxAttempts = 64

// dialFirst returns what connect makes of the address of host that accepts first. Attempts start in order, those that
// failed lately last, each when the one before has failed or attemptDelay has passed. The error is that of the first
// address.
func dialFirst[C io.Closer](
	ctx context.Context, d *Dialer, host, port string, addrs []netip.Addr,
	connect func(context.Context, netip.AddrPort) (C, error),
) (made C, err error) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return made, err
	}
	targets := make([]netip.AddrPort, 0, len(addrs))
	for _, a := range addrs {
		targets = append(targets, netip.AddrPortFrom(a.Unmap(), uint16(number))) // an IPv4 address can't have a zone
	}
	targets = d.Names.failed.order(host, targets, time.Now())
	r := race[C]{failed: &d.Names.failed, targets: targets[:min(len(targets), maxAttempts)], connect: connect}
	return r.run(ctx)
}

// A race is attempts at a connection to one of several addresses.
type race[C io.Closer] struct {
	failed  *failedAddrs
	targets []netip.AddrPort // at least one
	connect func(context.Context, netip.AddrPort) (C, error)
	results chan attempt[C]
	started []time.Time // of the attempts, in the order of targets
	errs    []error     // of those that have ended
}

// An attempt is the result of one attempt.
type attempt[C io.Closer] struct {
	index int
	conn  C // where err is nil
	err   error
}

// run returns the first connection that is made, and closes any further one.
func (r *race[C]) run(ctx context.Context) (none C, err error) {
	if len(r.targets) == 1 {
		return r.connect(ctx, r.targets[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.results, r.errs = make(chan attempt[C]), make([]error, len(r.targets))
	delay := attemptDelay
	if deadline, ok := ctx.Deadline(); ok {
		delay = min(delay, max(time.Until(deadline)/time.Duration(len(r.targets)+1), minAttemptDelay))
	}
	next := time.NewTimer(delay)
	defer next.Stop()
	r.start(ctx)
	for ended := 0; ended < len(r.started); {
		select {
		case a := <-r.results:
			if ended++; a.err == nil {
				r.lateFailed(a.index, delay)
				cancel()
				r.closeFurther(len(r.started) - ended)
				return a.conn, nil
			}
			r.lose(ctx, a)
			if ctx.Err() == nil && len(r.started) < len(r.targets) {
				r.start(ctx)
				next.Reset(delay)
			}
		case <-next.C:
			if ctx.Err() == nil && len(r.started) < len(r.targets) {
				r.start(ctx)
				next.Reset(delay)
			}
		}
	}
	return none, r.err()
}

// start starts the next attempt.
func (r *race[C]) start(ctx context.Context) {
	i := len(r.started)
	r.started = append(r.started, time.Now())
	go func() {
		c, err := r.connect(ctx, r.targets[i])
		r.results <- attempt[C]{i, c, err}
	}()
}

// lose records an attempt that failed. An address that was not connected to for a reason of ours has not failed.
func (r *race[C]) lose(ctx context.Context, a attempt[C]) {
	r.errs[a.index] = a.err
	if now := time.Now(); ctx.Err() == nil && !errors.As(a.err, new(*BlockedError)) && !fdlimit.IsShortage(a.err) ||
		ctx.Err() != nil && now.Sub(r.started[a.index]) >= attemptDelay {
		r.failed.addAddr(r.targets[a.index], now)
	}
}

// lateFailed records the addresses that had not accepted, though they had a start of delay before the winner.
func (r *race[C]) lateFailed(winner int, delay time.Duration) {
	now := time.Now()
	for i, began := range r.started[:winner] {
		if r.errs[i] == nil && r.started[winner].Sub(began) >= delay {
			r.failed.addAddr(r.targets[i], now)
		}
	}
}

// closeFurther awaits the attempts that are still under way, which have been cancelled.
func (r *race[C]) closeFurther(underWay int) {
	for range underWay {
		if a := <-r.results; a.err == nil {
			_ = a.conn.Close() // nothing has been sent over it
		}
	}
}

// err returns the error of the first address; or a shortage of this machine, as the dial is then made again.
func (r *race[C]) err() error {
	for _, err := range r.errs {
		if fdlimit.IsShortage(err) {
			return err
		}
	}
	return r.errs[0]
}
