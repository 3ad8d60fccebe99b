package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/fdlimit"
)

// attemptDelay is the time between the starts of two attempts at a connection (RFC 8305 section 5), minAttemptDelay the
// least where the dial has little time for many addresses.
const attemptDelay, minAttemptDelay = 250 * time.Millisecond, 10 * time.Millisecond

// maxAttempts bounds the addresses that a dial tries.
const maxAttempts = 64

// dialFirst connects to the address of host that accepts first. Attempts start in order, those that failed lately last,
// each when the one before has failed or attemptDelay has passed. The error is that of the first address.
func (d *Dialer) dialFirst(
	ctx context.Context, base *net.Dialer, host, port string, addrs []netip.Addr,
) (net.Conn, error) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	targets := make([]netip.AddrPort, 0, len(addrs))
	for _, a := range addrs {
		targets = append(targets, netip.AddrPortFrom(a.Unmap(), uint16(number))) // an IPv4 address can't have a zone
	}
	targets = d.Names.failed.order(host, targets, time.Now())
	r := race{failed: &d.Names.failed, targets: targets[:min(len(targets), maxAttempts)],
		connect: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			c, err := base.DialContext(ctx, "tcp", to.String())
			return c, fdlimit.ExplainNoPort(ctx, to.String(), err)
		}}
	return r.run(ctx)
}

// A race is attempts at a connection to one of several addresses.
type race struct {
	failed  *failedAddrs
	targets []netip.AddrPort // at least one
	connect func(context.Context, netip.AddrPort) (net.Conn, error)
	results chan attempt
	started []time.Time // of the attempts, in the order of targets
	errs    []error     // of those that have ended
}

// An attempt is the result of one attempt.
type attempt struct {
	index int
	conn  net.Conn
	err   error
}

// run returns the first connection that is made, and closes any further one.
func (r *race) run(ctx context.Context) (net.Conn, error) {
	if len(r.targets) == 1 {
		return r.connect(ctx, r.targets[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.results, r.errs = make(chan attempt), make([]error, len(r.targets))
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
	return nil, r.err()
}

// start starts the next attempt.
func (r *race) start(ctx context.Context) {
	i := len(r.started)
	r.started = append(r.started, time.Now())
	go func() {
		c, err := r.connect(ctx, r.targets[i])
		r.results <- attempt{i, c, err}
	}()
}

// lose records an attempt that failed. An address that was not connected to for a reason of ours has not failed.
func (r *race) lose(ctx context.Context, a attempt) {
	r.errs[a.index] = a.err
	if now := time.Now(); ctx.Err() == nil && !errors.As(a.err, new(*BlockedError)) && !fdlimit.IsShortage(a.err) ||
		ctx.Err() != nil && now.Sub(r.started[a.index]) >= attemptDelay {
		r.failed.addAddr(r.targets[a.index], now)
	}
}

// lateFailed records the addresses that had not accepted, though they had a start of delay before the winner.
func (r *race) lateFailed(winner int, delay time.Duration) {
	now := time.Now()
	for i, began := range r.started[:winner] {
		if r.errs[i] == nil && r.started[winner].Sub(began) >= delay {
			r.failed.addAddr(r.targets[i], now)
		}
	}
}

// closeFurther awaits the attempts that are still under way, which have been cancelled.
func (r *race) closeFurther(underWay int) {
	for range underWay {
		if a := <-r.results; a.conn != nil {
			_ = conn.Close(a.conn) // nothing has been sent over it
		}
	}
}

// err returns the error of the first address; or a shortage of this machine, as the dial is then made again.
func (r *race) err() error {
	for _, err := range r.errs {
		if fdlimit.IsShortage(err) {
			return err
		}
	}
	return r.errs[0]
}
