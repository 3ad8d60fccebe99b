package failure

import (
	"fmt"
	"time"
)

// A Kind is a reason why a Request fails. The list is closed: users rely on it.
type Kind string

// The kinds of failure, as they are written in a Record.
const (
	InvalidRequest   Kind = "invalid_request"
	DNS              Kind = "dns"
	Connect          Kind = "connect"
	TLS              Kind = "tls"
	Timeout          Kind = "timeout"   // of the whole exchange, or of connecting
	Stalled          Kind = "stalled"   // under 1 KiB in a stall timeout, once connected
	Reset            Kind = "reset"     // the connection was reset during the exchange
	Truncated        Kind = "truncated" // it was closed before the response was complete
	Protocol         Kind = "protocol"
	BadStatus        Kind = "status"
	TooManyRedirects Kind = "too_many_redirects"
	TooLarge         Kind = "too_large"
	Checksum         Kind = "checksum"
	Decode           Kind = "decode"
	BlockedAddress   Kind = "blocked_address"
	HostDown         Kind = "host_down"
	RateLimited      Kind = "rate_limited"
	Robots           Kind = "robots" // the host's robots.txt forbids it, or can't be had
	IO               Kind = "io"
	Canceled         Kind = "canceled"
)

// Kinds returns every Kind, in the order of the contract.
func Kinds() []Kind {
	return []Kind{InvalidRequest, DNS, Connect, TLS, Timeout, Stalled, Reset, Truncated, Protocol, BadStatus,
		TooManyRedirects, TooLarge, Checksum, Decode, BlockedAddress, HostDown, RateLimited, Robots, IO, Canceled}
}

// A Failure is why a Request failed. It is a value in a Record, and does not stop the run.
type Failure struct {
	Kind Kind
	// Err says what happened, at which step and to what, so that it can be understood without context.
	Err error
	// RetryAs is another kind by which a retry policy may judge the failure, as a passing one; empty is none.
	RetryAs Kind
	// Overload says that the server has reset the stream of the request because it has too much to do, over HTTP/2 or
	// HTTP/3, in place of a response.
	Overload bool
	// RetryAfter is how long the host wants clients to wait (RFC 9110 section 10.2.3); 0 is not said.
	RetryAfter time.Duration
	// Option is the name of the option, as Validate spells it, with which the request may succeed, or what its URL has to
	// begin with: PlainScheme, TLSScheme or AnyScheme; empty is none in particular.
	Option string
}

// The values of Failure.Option for a URL, of a request or a proxy, that has the wrong scheme or none, and for a
// valid response that names the URL to go on with in a way that can't be used.
const (
	PlainScheme = "http://"
	TLSScheme   = "https://"
	AnyScheme   = "://"
	BadRedirect = "redirect"
	BadPage     = "page"
)

// BrokenBody is the value of Failure.Option for a body in which something else stands where a chunk should: the server
// gave up on it.
const BrokenBody = "broken-body"

// RetryUnsafe is the value of Failure.Option for a failure after which only the method forbids another attempt.
const RetryUnsafe = "retry-unsafe"

// KeptPart is the value of Failure.Option for a part of a body that a cache on the way may have kept in place of
// another or of all of it.
const KeptPart = "kept-part"

// FailingHost is the value of Failure.Option for a request that is not sent as its host fails at all of them.
const FailingHost = "failing-host"

// TempDir is the value of Failure.Option for a temporary file that can't be written.
const TempDir = "tmpdir"

// Error returns the text of Err.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }

// Reworded returns a Failure that differs from f in Err alone.
func (f *Failure) Reworded(err error) *Failure {
	reworded := *f
	reworded.Err = err
	return &reworded
}

// New returns a Failure of a kind; format and args are those of fmt.Errorf.
func New(kind Kind, format string, args ...any) *Failure {
	return &Failure{Kind: kind, Err: fmt.Errorf(format, args...)}
}
