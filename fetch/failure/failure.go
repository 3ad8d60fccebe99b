package failure

import (
	"fmt"
	"time"
)

// Kind is the closed list of why a Request can fail.
type Kind string

// The kinds of failure, as they stand in a Record.
const (
	InvalidRequest   Kind = "invalid_request"
	DNS              Kind = "dns"
	Connect          Kind = "connect"
	TLS              Kind = "tls"
	Timeout          Kind = "timeout"   // of the whole exchange, or of connecting
	Stalled          Kind = "stalled"   // under 1 KiB in a stall timeout, once connected
	Reset            Kind = "reset"     // the connection was reset under the exchange
	Truncated        Kind = "truncated" // it closed before a whole answer
	Protocol         Kind = "protocol"
	BadStatus        Kind = "status"
	TooManyRedirects Kind = "too_many_redirects"
	TooLarge         Kind = "too_large"
	Checksum         Kind = "checksum"
	Decode           Kind = "decode"
	BlockedAddress   Kind = "blocked_address"
	HostDown         Kind = "host_down"
	RateLimited      Kind = "rate_limited"
	IO               Kind = "io"
	Canceled         Kind = "canceled"
)

// Kinds returns every Kind, in the order of the contract.
func Kinds() []Kind {
	return []Kind{InvalidRequest, DNS, Connect, TLS, Timeout, Stalled, Reset, Truncated, Protocol, BadStatus,
		TooManyRedirects, TooLarge, Checksum, Decode, BlockedAddress, HostDown, RateLimited, IO, Canceled}
}

// A Failure is a value in a Record, not a reason to stop.
type Failure struct {
	Kind Kind
	// Err says what happened, at which step and to whom, for someone who reads only that line.
	Err error
	// RetryAfter is what the host asked to wait; 0 is nothing asked.
	RetryAfter time.Duration
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func New(kind Kind, format string, args ...any) *Failure {
	return &Failure{Kind: kind, Err: fmt.Errorf(format, args...)}
}
