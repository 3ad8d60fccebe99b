package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/resolver"
)

// classifyDial returns the failure that err, met while connecting to addr, comes to: a limit, a name that does not
// resolve, an address that does not accept, or one that is not public.
func classifyDial(ctx context.Context, addr string, err error) *failure.Failure {
	host := hostOf(addr)
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return blocked.Failure(host)
	}
	var name *resolver.Error
	isName := errors.As(err, &name)
	failure.AwaitDeadline(ctx, err)
	if f := failure.FromContext(ctx); f != nil {
		if f.Kind == failure.Timeout {
			what := "no connection to " + addr
			if isName && name.Waiting {
				what = name.Error()
			}
			f.Err = fmt.Errorf("%w: %s", f.Err, what)
			if fdlimit.IsShortage(err) {
				f.Err = fmt.Errorf("%w: %w", f.Err, &shortage{err})
			}
		}
		return f
	}
	if fdlimit.IsShortage(err) {
		return failure.New(failure.Connect, "no connection to %s: %w", addr, &shortage{err})
	}
	var family *familyError
	if errors.As(err, &family) {
		return failure.New(failure.DNS, "no %s address found for %s", family.wanted, host)
	}
	if isName {
		return failure.New(failure.DNS, "%s", name)
	}
	var op *net.OpError
	var code *os.SyscallError
	switch {
	case errors.As(err, &code):
		return failure.New(failure.Connect, "connecting to %s: %w", addr, code.Err)
	case errors.As(err, &op):
		return failure.New(failure.Connect, "connecting to %s: %w", addr, op.Err)
	}
	return failure.New(failure.Connect, "connecting to %s: %w", addr, err)
}

// NotSpoken returns the failure of an exchange with a host that speaks none of the protocols that were asked for, which
// are named as in ALPN (RFC 7301).
func NotSpoken(host string, asked []string) *failure.Failure {
	words := strings.NewReplacer("h3", "HTTP/3", "h2", "HTTP/2", "http/1.1", "HTTP/1.1")
	names := words.Replace(strings.Join(asked, " or "))
	f := failure.New(failure.Protocol, "%s does not speak %s", host, names)
	f.Option = "http"
	return f
}

// NeedsHTTPS returns the failure of a request without TLS to a port that speaks TLS.
func NeedsHTTPS() *failure.Failure {
	f := failure.New(failure.Protocol,
		"not a valid HTTP answer: it speaks TLS on this port, for which the URL is https://")
	f.Option = failure.TLSScheme
	return f
}

// A shortage is the error of a dial for which this machine lacked something, in words.
type shortage struct{ err error }

func (e *shortage) Error() string { return fdlimit.ShortageText(e.err) }

// Unwrap returns the error.
func (e *shortage) Unwrap() error { return e.err }

// A BlockedError is that an address was not connected to because it is not public.
type BlockedError struct {
	Addr   netip.Addr
	Name   string // the kind of the address, such as "loopback"
	Policy Policy // that forbids it
}

func (e *BlockedError) Error() string { return e.Addr.String() + " is not public" }

// Failure returns the failure, of kind BlockedAddress, of an exchange with host.
func (e *BlockedError) Failure(host string) *failure.Failure {
	where := fmt.Sprintf("%s (%s)", e.Addr, e.Name)
	if host != e.Addr.String() {
		where += ", the address of " + host + ","
	}
	if e.Policy == PrivateDeny {
		return failure.New(failure.BlockedAddress, "%s is not public, and private is deny", where)
	}
	return failure.New(failure.BlockedAddress, "%s is not public, and a public page redirected to it", where)
}

// A familyError is that none of a host's addresses has the family wanted.
type familyError struct{ wanted string }

func (e *familyError) Error() string { return "no " + e.wanted + " address" }
