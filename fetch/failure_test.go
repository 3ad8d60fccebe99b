package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func syscallError(call string, code error) error {
	return &url.Error{Op: "Get", URL: "http://a.test", Err: &net.OpError{Op: call, Err: os.NewSyscallError(call, code)}}
}

// stoppedBy is a context that ended for cause.
func stoppedBy(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

// TestClassify: by type, however deep it lies, and a limit met or the run's end before anything else.
func TestClassify(t *testing.T) {
	reset := syscallError("read", syscall.ECONNRESET)
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want Kind
	}{
		{name: "a failure stays what it is", err: fmt.Errorf("dial: %w", failf(TLS, "x")), want: TLS},
		{name: "a reset", err: reset, want: Reset},
		{name: "a broken pipe", err: syscallError("write", syscall.EPIPE), want: Reset},
		{name: "an aborted connection", err: syscallError("read", syscall.ECONNABORTED), want: Reset},
		{name: "an HTTP/2 stream error", err: fmt.Errorf("x: %w", streamError{Code: 2}), want: Reset},
		{name: "an end before the answer", err: &url.Error{Op: "Get", Err: io.EOF}, want: Truncated},
		{name: "an end within the body", err: io.ErrUnexpectedEOF, want: Truncated},
		{name: "a connection closed under us", err: net.ErrClosed, want: Truncated},
		{name: "a time limit of the network", err: &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, want: Timeout},
		{name: "a limit of ours", err: fmt.Errorf("x: %w", &limitError{Stalled, "stall-timeout", time.Second}), want: Stalled},
		{name: "anything else", err: errors.New("malformed HTTP response"), want: Protocol},
		{name: "timeout met", ctx: stoppedBy(&limitError{Timeout, "timeout", time.Second}), err: reset, want: Timeout},
		{name: "stalled", ctx: stoppedBy(&limitError{Stalled, "stall-timeout", time.Second}), err: context.Canceled, want: Stalled},
		{name: "deadline met", ctx: stoppedBy(&limitError{Canceled, "deadline", time.Second}), err: context.Canceled, want: Canceled},
		{name: "the run stopped", ctx: stoppedBy(&stopError{"the limit on failures"}), err: failf(Connect, "x"), want: Canceled},
		{name: "the caller stopped", ctx: stoppedBy(nil), err: reset, want: Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			if got := classify(tt.ctx, tt.err); got.Kind != tt.want {
				t.Errorf("got %s: %v", got.Kind, got)
			}
		})
	}
}

func TestClassifyDial(t *testing.T) {
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want Kind
		says string
	}{
		{name: "no such name", err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: "a.test", IsNotFound: true}}, want: DNS, says: "no address found for a.test"},
		{name: "a resolver that fails", err: &net.DNSError{Err: "server misbehaving", Name: "a.test", IsTemporary: true}, want: DNS, says: "looking up a.test failed: server misbehaving"},
		{name: "refused", err: syscallError("connect", syscall.ECONNREFUSED), want: Connect, says: "connecting to a.test:80: connection refused"},
		{name: "no route", err: syscallError("connect", syscall.EHOSTUNREACH), want: Connect, says: "connecting to a.test:80: no route to host"},
		{name: "an address that is none", err: &net.OpError{Op: "dial", Err: &net.AddrError{Err: "bad", Addr: "x"}}, want: Connect, says: "connecting to a.test:80"},
		{name: "connect-timeout met", ctx: stoppedBy(&limitError{Timeout, "connect-timeout", time.Second}), err: context.Canceled, want: Timeout, says: "connect-timeout 1s met: no connection to a.test:80"},
		{name: "the run stopped", ctx: stoppedBy(&stopError{"the caller"}), err: context.Canceled, want: Canceled, says: "stopped by the caller"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			got := classifyDial(tt.ctx, "a.test:80", tt.err)
			if got.Kind != tt.want || !strings.Contains(got.Error(), tt.says) {
				t.Errorf("got %s: %v", got.Kind, got)
			}
		})
	}
}

// A late context tells that its deadline has passed before its own timer has fired.
type late struct{ context.Context }

func (late) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// TestConnectTimeoutIsTimeout: whichever timer is first, the socket's or the context's; and no limit of ours is blamed for one of the network's.
func TestConnectTimeoutIsTimeout(t *testing.T) {
	limit := &limitError{Timeout, "connect-timeout", time.Second}
	socket := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	lookup := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "i/o timeout", Name: "a.test", IsTimeout: true}}
	passed, cancel := context.WithDeadlineCause(t.Context(), time.Now().Add(-time.Second), limit)
	defer cancel()
	far, cancel := context.WithTimeoutCause(t.Context(), time.Hour, limit)
	defer cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context // nil: its deadline has just passed, its timer is yet to fire
		err  error
		want Kind
		says string
	}{
		{name: "the context's timer", ctx: passed, err: &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, want: Timeout, says: "connect-timeout 1s met: no connection to a.test:80"},
		{name: "both", ctx: passed, err: socket, want: Timeout, says: "connect-timeout 1s met: no connection to a.test:80"},
		{name: "the socket's timer", err: socket, want: Timeout, says: "connect-timeout 1s met: no connection to a.test:80"},
		{name: "the resolver's timer", err: lookup, want: Timeout, says: "connect-timeout 1s met: no connection to a.test:80"},
		{name: "the kernel's patience", ctx: far, err: syscallError("connect", syscall.ETIMEDOUT), want: Connect, says: "connecting to a.test:80: connection timed out"},
		{name: "the resolver's patience", ctx: far, err: lookup, want: DNS, says: "looking up a.test failed: i/o timeout"},
		{name: "no limit of ours", ctx: t.Context(), err: syscallError("connect", syscall.ETIMEDOUT), want: Connect, says: "connecting to a.test:80: connection timed out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				ctx, fire := context.WithCancelCause(t.Context())
				time.AfterFunc(20*time.Millisecond, func() { fire(limit) })
				tt.ctx = late{ctx}
			}
			if got := classifyDial(tt.ctx, "a.test:80", tt.err); got.Kind != tt.want || got.Error() != tt.says {
				t.Errorf("got %s: %v", got.Kind, got)
			}
		})
	}
}

func TestClassifyTLS(t *testing.T) {
	named := func(names ...string) *x509.Certificate { return &x509.Certificate{DNSNames: names} }
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want Kind
		says string
	}{
		{name: "the wrong name", err: &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: named("b.test"), Host: "a.test"}}, want: TLS, says: "certificate for b.test, not a.test"},
		{name: "many wrong names", err: x509.HostnameError{Certificate: named("1", "2", "3", "4"), Host: "a.test"}, want: TLS, says: "certificate for 1, 2, 3, …, not a.test"},
		{name: "an unknown authority", err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, want: TLS, says: "of a.test is signed by an unknown authority"},
		{name: "expired", err: &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, want: TLS, says: "expired"},
		{name: "no TLS", err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, want: TLS, says: "a.test does not speak TLS on this port"},
		{name: "an alert", err: &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, want: TLS, says: "a.test refused the handshake"},
		{name: "closed", err: io.EOF, want: TLS, says: "a.test closed the connection during the handshake"},
		{name: "connect-timeout met", ctx: stoppedBy(&limitError{Timeout, "connect-timeout", time.Second}), err: context.Canceled, want: Timeout, says: "TLS handshake with a.test not done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			got := classifyTLS(tt.ctx, "a.test", tt.err)
			if got.Kind != tt.want || !strings.Contains(got.Error(), tt.says) {
				t.Errorf("got %s: %v", got.Kind, got)
			}
		})
	}
}
