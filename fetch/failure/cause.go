package failure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// A Limit is the cause of a context that one of the time limits ended.
type Limit struct {
	Kind  Kind
	Name  string // of the option, as Validate spells it
	After time.Duration
}

func (e *Limit) Error() string { return fmt.Sprintf("%s %s met", e.Name, e.After) }

// A Stop is the cause of a context that the end of the run cancelled.
type Stop struct{ Why string }

func (e *Stop) Error() string { return "stopped by " + e.Why }

// Innermost returns the error at the bottom: what lies around it names Go's packages, not what happened.
func Innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// Ended tells a limit met, or the run's end, from an error of the exchange itself.
func Ended(ctx context.Context) *Failure {
	cause := context.Cause(ctx)
	if cause == nil {
		return nil
	}
	var limit *Limit
	var failure *Failure
	switch {
	case errors.As(cause, &limit):
		return &Failure{Kind: limit.Kind, Err: limit}
	case errors.As(cause, &failure):
		return failure
	}
	return &Failure{Kind: Canceled, Err: cause}
}

func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// AwaitDeadline lets the cause of ctx's end arrive where a socket's own timer for the same deadline was first.
func AwaitDeadline(ctx context.Context, err error) {
	if deadline, ok := ctx.Deadline(); ok && IsTimeout(err) && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
}

// A ProxyRefusal is a proxy's answer in place of a tunnel.
type ProxyRefusal struct{ Status int }

func (r *ProxyRefusal) Error() string { return StatusText(r.Status) }
