package failure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"
)

// A Limit is the cause of a context that one of the time limits cancelled.
type Limit struct {
	Kind  Kind          // of the Failure
	Name  string        // of the option, as Validate spells it
	After time.Duration // the limit itself
}

// Error says what did not happen in time, and names the option.
func (e *Limit) Error() string {
	what := "not done within"
	switch e.Kind {
	case Stalled:
		what = "no data for"
	case Canceled:
		what = "the run ended after"
	}
	return fmt.Sprintf("%s %s (--%s)", what, e.After, e.Name)
}

// Failure returns the Failure of an exchange that the limit ended.
func (e *Limit) Failure() *Failure { return &Failure{Kind: e.Kind, Err: e, Option: e.Name} }

// A Stop is the cause of a context that the end of the run cancelled. Why completes "stopped by", such as "an
// interrupt".
type Stop struct{ Why string }

// Error says what stopped the run.
func (e *Stop) Error() string { return "stopped by " + e.Why }

// Innermost unwraps err as far as possible and returns the last error: those around it name Go's packages and
// functions, not what happened.
func Innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// FromContext returns the Failure for the cause that cancelled ctx: a Limit has its own kind, a Failure is returned as
// it is, and any other cause, such as a Stop, is of kind Canceled. nil means that ctx was not cancelled, so that an
// error is the exchange's own.
func FromContext(ctx context.Context) *Failure {
	cause := context.Cause(ctx)
	if cause == nil {
		return nil
	}
	var limit *Limit
	var failure *Failure
	switch {
	case errors.As(cause, &limit):
		return limit.Failure()
	case errors.As(cause, &failure):
		return failure
	}
	return &Failure{Kind: Canceled, Err: cause}
}

// connectionErrors are the errors with which the system ends a connection that was made: the other side reset it, or
// the network lost its way there.
var connectionErrors = []error{
	syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED,
	syscall.ENETRESET, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTUNREACH,
}

// IsReset reports whether err says that a connection was reset or aborted by the other side or the system.
func IsReset(err error) bool {
	return slices.ContainsFunc(connectionErrors, func(e error) bool { return errors.Is(err, e) })
}

// IsTimeout reports whether err is a net.Error that is a timeout.
func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// AwaitDeadline waits until ctx is done if err is a timeout at or after the deadline of ctx. A socket has a timer of
// its own for the same deadline, which may fire first; the cause of ctx is known only afterwards.
func AwaitDeadline(ctx context.Context, err error) {
	if deadline, ok := ctx.Deadline(); ok && IsTimeout(err) && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
}
