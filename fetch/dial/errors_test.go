package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/resolver"
)

func TestClassifyDial(t *testing.T) {
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want failure.Kind
		says string
	}{
		{
			name: "no such name",
			err:  &resolver.Error{Host: "a.test", NotFound: true}, want: failure.DNS,
			says: "no address found for a.test",
		},
		{
			name: "a resolver that fails",
			err:  &resolver.Error{Host: "a.test", Text: "resolver 192.0.2.1 answered SERVFAIL"}, want: failure.DNS,
			says: "looking up a.test failed: resolver 192.0.2.1 answered SERVFAIL",
		},
		{
			name: "refused", err: nettest.SyscallError("connect", syscall.ECONNREFUSED), want: failure.Connect,
			says: "connecting to a.test:80: connection refused",
		},
		{
			name: "no route", err: nettest.SyscallError("connect", syscall.EHOSTUNREACH), want: failure.Connect,
			says: "connecting to a.test:80: no route to host",
		},
		{
			name: "not an address",
			err:  &net.OpError{Op: "dial", Err: &net.AddrError{Err: "bad", Addr: "x"}}, want: failure.Connect,
			says: "connecting to a.test:80",
		},
		{
			name: "connect-timeout met",
			ctx:  nettest.StoppedBy(&failure.Limit{Kind: failure.Timeout, Name: "connect-timeout", After: time.Second}),
			err:  context.Canceled, want: failure.Timeout,
			says: "not done within 1s (--connect-timeout): no connection to a.test:80",
		},
		{
			name: "connect-timeout met in the look-up",
			ctx:  nettest.StoppedBy(&failure.Limit{Kind: failure.Timeout, Name: "connect-timeout", After: time.Second}),
			err:  &resolver.Error{Host: "a.test", Waiting: true, Text: "no answer from resolver 192.0.2.1 (3 queries)"},
			want: failure.Timeout,
			says: "not done within 1s (--connect-timeout): no address for a.test yet: no answer from resolver 192.0.2.1 " +
				"(3 queries)",
		},
		{
			name: "the run stopped", ctx: nettest.StoppedBy(&failure.Stop{Why: "the caller"}),
			err: context.Canceled, want: failure.Canceled, says: "stopped by the caller",
		},
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

// A lateContext is one whose deadline has passed while its own timer has not fired yet.
type lateContext struct{ context.Context }

func (lateContext) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// TestConnectTimeoutIsTimeout: a connect-timeout is reported as such whichever timer fires first, the socket's or the
// context's. A time limit of the kernel or the resolver is not taken for it.
func TestConnectTimeoutIsTimeout(t *testing.T) {
	limit := &failure.Limit{Kind: failure.Timeout, Name: "connect-timeout", After: time.Second}
	socket := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	lookup := &resolver.Error{Host: "a.test", Text: "no answer from resolver 192.0.2.1"}
	passed, cancel := context.WithDeadlineCause(t.Context(), time.Now().Add(-time.Second), limit)
	defer cancel()
	far, cancel := context.WithTimeoutCause(t.Context(), time.Hour, limit)
	defer cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context // nil: its deadline has just passed, its timer is yet to fire
		err  error
		want failure.Kind
		says string
	}{
		{
			name: "the context's timer", ctx: passed,
			err: &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, want: failure.Timeout,
			says: "not done within 1s (--connect-timeout): no connection to a.test:80",
		},
		{
			name: "both", ctx: passed, err: socket, want: failure.Timeout,
			says: "not done within 1s (--connect-timeout): no connection to a.test:80",
		},
		{
			name: "the socket's timer", err: socket, want: failure.Timeout,
			says: "not done within 1s (--connect-timeout): no connection to a.test:80",
		},
		{
			name: "the kernel's time limit", ctx: far,
			err: nettest.SyscallError("connect", syscall.ETIMEDOUT), want: failure.Connect,
			says: "connecting to a.test:80: connection timed out",
		},
		{
			name: "the resolver's time limit", ctx: far, err: lookup, want: failure.DNS,
			says: "looking up a.test failed: no answer from resolver 192.0.2.1",
		},
		{
			name: "no limit of ours", ctx: t.Context(),
			err: nettest.SyscallError("connect", syscall.ETIMEDOUT), want: failure.Connect,
			says: "connecting to a.test:80: connection timed out",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				ctx, fire := context.WithCancelCause(t.Context())
				time.AfterFunc(20*time.Millisecond, func() { fire(limit) })
				tt.ctx = lateContext{ctx}
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
		want failure.Kind
		says string
	}{
		{
			name: "the wrong name",
			err:  &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: named("b.test"), Host: "a.test"}},
			want: failure.TLS, says: "certificate for b.test, not a.test",
		},
		{
			name: "many wrong names",
			err:  x509.HostnameError{Certificate: named("1", "2", "3", "4"), Host: "a.test"}, want: failure.TLS,
			says: "certificate for 1, 2, 3, …, not a.test",
		},
		{
			name: "an unknown authority",
			err:  &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, want: failure.TLS,
			says: "of a.test is signed by an unknown authority",
		},
		{
			name: "expired",
			err:  &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}},
			want: failure.TLS, says: "expired",
		},
		{
			name: "not TLS",
			err:  tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, want: failure.TLS,
			says: "a.test does not speak TLS on this port",
		},
		{
			name: "an alert", err: &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, want: failure.TLS,
			says: "a.test refused the handshake",
		},
		{name: "closed", err: io.EOF, want: failure.Truncated, says: "a.test closed the connection during the handshake"},
		{
			name: "closed within a record", err: io.ErrUnexpectedEOF, want: failure.Truncated,
			says: "a.test closed the connection during the handshake",
		},
		{
			name: "reset", err: nettest.SyscallError("read", syscall.ECONNRESET), want: failure.Reset,
			says: "a.test reset the connection during the handshake",
		},
		{
			name: "reset before all was written", err: nettest.SyscallError("write", syscall.EPIPE), want: failure.Reset,
			says: "a.test reset the connection during the handshake",
		},
		{
			name: "the way there is lost", err: nettest.SyscallError("read", syscall.EHOSTUNREACH), want: failure.Reset,
			says: "a.test reset the connection during the handshake",
		},
		{
			name: "the kernel's time limit", err: nettest.SyscallError("read", syscall.ETIMEDOUT), want: failure.Timeout,
			says: "the network gave up waiting in the handshake with a.test: connection timed out",
		},
		{
			name: "connect-timeout met",
			ctx:  nettest.StoppedBy(&failure.Limit{Kind: failure.Timeout, Name: "connect-timeout", After: time.Second}),
			err:  context.Canceled, want: failure.Timeout, says: "TLS handshake with a.test not done",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			got := classifyTLS(tt.ctx, "a.test", []string{"h2"}, tt.err)
			if got.Kind != tt.want || !strings.Contains(got.Error(), tt.says) {
				t.Errorf("got %s: %v", got.Kind, got)
			}
		})
	}
}
