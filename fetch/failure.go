package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
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

func failf(kind Kind, format string, args ...any) *Failure {
	return &Failure{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// A limitError is the cause of a context that one of the time limits ended.
type limitError struct {
	kind  Kind
	name  string // of the option, as Validate spells it
	limit time.Duration
}

func (e *limitError) Error() string { return fmt.Sprintf("%s %s met", e.name, e.limit) }

// A stopError is the cause of a context that the end of the run cancelled.
type stopError struct{ why string }

func (e *stopError) Error() string { return "stopped by " + e.why }

// streamError has the shape that net/http's HTTP/2 stream error fills in when errors.As asks for it (RFC 9113 section 5.4.2).
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// protocolError is PROTOCOL_ERROR (RFC 9113 section 7): one side does not speak HTTP/2 as the other understands it.
const protocolError = 1

func (streamError) Error() string { return "stream error" }

// goAway reads the error that net/http makes of a connection that ended behind a GOAWAY (RFC 9113 section 6.8):
// unlike a stream's it does not lend itself to errors.As, so it is known by its fields.
func goAway(err error) (code uint32, ok bool) {
	v := reflect.ValueOf(innermost(err))
	if v.Kind() != reflect.Struct || !v.FieldByName("LastStreamID").IsValid() {
		return 0, false
	}
	field := v.FieldByName("ErrCode")
	if !field.IsValid() || !field.CanUint() {
		return 0, false
	}
	return uint32(field.Uint()), true //nolint:gosec // a uint32 by RFC 9113
}

// classify says what kind of failure err is, by its type. A failure already classified stays as it is.
func classify(ctx context.Context, err error) *Failure {
	if f := ended(ctx); f != nil {
		return f
	}
	var failure *Failure
	var limit *limitError
	var stream streamError
	var op *net.OpError
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &limit):
		return &Failure{Kind: limit.kind, Err: limit}
	case isReset(err):
		return failf(Reset, "the connection was reset")
	case errors.As(err, &stream) && errors.As(stream.Cause, &failure): // what we ended it for
		return failure
	case errors.As(err, &stream) && stream.Code == protocolError:
		return failf(Protocol, "not a valid HTTP/2 answer (error code %#x)", stream.Code)
	case errors.As(err, &stream):
		return failf(Reset, "the server reset the stream (HTTP/2 error code %#x)", stream.Code)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return failf(Truncated, "the connection closed before a whole answer")
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls: an alert after the handshake
		return failf(TLS, "tls: the connection was refused: %w", op.Err)
	case errors.As(err, &op) && op.Op == "local error": // an alert of ours
		return failf(TLS, "tls: what came can't be read: %w", op.Err)
	case isNetTimeout(err):
		return failf(Timeout, "the network gave up waiting: %w", err)
	}
	switch code, gone := goAway(err); {
	case gone && code == 0:
		return failf(Truncated, "the server said goodbye and closed the connection before a whole answer")
	case gone:
		return failf(Reset, "the server gave the connection up (HTTP/2 error code %#x)", code)
	}
	return failf(Protocol, "not a valid HTTP answer: %s", wrongness(err))
}

// maxQuoted bounds what is told of what is wrong with an answer.
const maxQuoted = 256

// wrongness says what is wrong with an answer, up to where net/http quotes it: a line of an answer may hold secrets, a cookie
// that it sets or the user's own, and be as long as a header.
func wrongness(err error) string {
	text, _, _ := strings.Cut(innermost(err).Error(), `"`)
	return clip(strings.TrimRight(text, ` :;,[(=`), maxQuoted)
}

// innermost returns the error at the bottom: what lies around it names Go's packages, not what happened.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// ended tells a limit met, or the run's end, from an error of the exchange itself.
func ended(ctx context.Context) *Failure {
	cause := context.Cause(ctx)
	if cause == nil {
		return nil
	}
	var limit *limitError
	var failure *Failure
	switch {
	case errors.As(cause, &limit):
		return &Failure{Kind: limit.kind, Err: limit}
	case errors.As(cause, &failure):
		return failure
	}
	return &Failure{Kind: Canceled, Err: cause}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

func isNetTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// awaitDeadline lets the cause of ctx's end arrive where a socket's own timer for the same deadline was first.
func awaitDeadline(ctx context.Context, err error) {
	if deadline, ok := ctx.Deadline(); ok && isNetTimeout(err) && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
}

// classifyDial says why no connection to host came about: a name that does not resolve, or an address that does not answer.
func classifyDial(ctx context.Context, addr string, err error) *Failure {
	host := hostOf(addr)
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return blocked.Failure(host)
	}
	awaitDeadline(ctx, err)
	if f := ended(ctx); f != nil {
		if f.Kind == Timeout {
			f.Err = fmt.Errorf("%w: no connection to %s", f.Err, addr)
			if isShort(err) {
				f.Err = fmt.Errorf("%w: too many open files", f.Err)
			}
		}
		return f
	}
	var family *familyError
	if errors.As(err, &family) {
		return failf(DNS, "no %s address found for %s", family.wanted, host)
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		if name.IsNotFound {
			return failf(DNS, "no address found for %s", host)
		}
		return failf(DNS, "looking up %s failed: %s", host, name.Err)
	}
	var op *net.OpError
	var code *os.SyscallError
	switch {
	case errors.As(err, &code):
		return failf(Connect, "connecting to %s: %w", addr, code.Err)
	case errors.As(err, &op):
		return failf(Connect, "connecting to %s: %w", addr, op.Err)
	}
	return failf(Connect, "connecting to %s: %w", addr, err)
}

// classifyTLS says what was wrong with the handshake, naming the certificate's names against the one wanted.
func classifyTLS(ctx context.Context, host string, err error) *Failure {
	if f := ended(ctx); f != nil {
		if f.Kind == Timeout {
			f.Err = fmt.Errorf("%w: TLS handshake with %s not done", f.Err, host)
		}
		return f
	}
	var wrongName x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var notTLS tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &wrongName):
		return failf(TLS, "tls: %s", misnamed(wrongName.Certificate, host))
	case errors.As(err, &unknown) && isSHA1(unknown.Cert):
		return failf(TLS, "tls: certificate of %s is signed with SHA-1, which proves nothing", host)
	case errors.As(err, &unknown):
		return failf(TLS, "tls: certificate of %s is signed by an unknown authority", host)
	case errors.As(err, &invalid):
		return failf(TLS, "tls: certificate of %s: %s", host, invalid.Error())
	case errors.As(err, &notTLS):
		return failf(TLS, "tls: %s does not speak TLS on this port", host)
	case errors.As(err, &op) && op.Op == "remote error": // how crypto/tls marks an alert of the other side
		return failf(TLS, "tls: %s refused the handshake: %w", host, op.Err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return failf(TLS, "tls: %s closed the connection during the handshake", host)
	}
	return failf(TLS, "tls: handshake with %s: %w", host, err)
}
