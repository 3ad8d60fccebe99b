package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// TestClassify: the kind goes by the type of an error, also of a wrapped one; the end of the context goes before it.
func TestClassify(t *testing.T) {
	reset := nettest.SyscallError("read", syscall.ECONNRESET)
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want failure.Kind
	}{
		{
			name: "a failure stays what it is",
			err:  fmt.Errorf("dial: %w", failure.New(failure.TLS, "x")), want: failure.TLS,
		},
		{name: "a reset", err: reset, want: failure.Reset},
		{name: "a broken pipe", err: nettest.SyscallError("write", syscall.EPIPE), want: failure.Reset},
		{name: "an aborted connection", err: nettest.SyscallError("read", syscall.ECONNABORTED), want: failure.Reset},
		{name: "a way that is lost", err: nettest.SyscallError("read", syscall.EHOSTUNREACH), want: failure.Reset},
		{name: "an HTTP/2 stream error", err: fmt.Errorf("x: %w", &h2.Error{Code: 2, Remote: true}), want: failure.Reset},
		{name: "an end before the response", err: &url.Error{Op: "Get", Err: io.EOF}, want: failure.Truncated},
		{name: "an end within the body", err: io.ErrUnexpectedEOF, want: failure.Truncated},
		{name: "a connection closed under us", err: net.ErrClosed, want: failure.Truncated},
		{
			name: "a time limit of the network",
			err:  &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, want: failure.Timeout,
		},
		{
			name: "a failure.Limit",
			err:  fmt.Errorf("x: %w", &failure.Limit{Kind: failure.Stalled, Name: "stall-timeout", After: time.Second}),
			want: failure.Stalled,
		},
		{name: "anything else", err: errors.New("malformed HTTP response"), want: failure.Protocol},
		{
			name: "timeout met",
			ctx:  nettest.StoppedBy(&failure.Limit{Kind: failure.Timeout, Name: "timeout", After: time.Second}),
			err:  reset, want: failure.Timeout,
		},
		{
			name: "stalled",
			ctx:  nettest.StoppedBy(&failure.Limit{Kind: failure.Stalled, Name: "stall-timeout", After: time.Second}),
			err:  context.Canceled, want: failure.Stalled,
		},
		{
			name: "deadline met",
			ctx:  nettest.StoppedBy(&failure.Limit{Kind: failure.Canceled, Name: "deadline", After: time.Second}),
			err:  context.Canceled, want: failure.Canceled,
		},
		{
			name: "the run stopped", ctx: nettest.StoppedBy(&failure.Stop{Why: "the limit on failures"}),
			err: failure.New(failure.Connect, "x"), want: failure.Canceled,
		},
		{name: "the caller stopped", ctx: nettest.StoppedBy(nil), err: reset, want: failure.Canceled},
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

// TestOverload: a stream that the server has reset because of its load, and no connection, is a Failure for that.
func TestOverload(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{&h2.Error{Code: http2.ErrCodeEnhanceYourCalm, Remote: true}, true},
		{&h2.Error{Code: http2.ErrCodeEnhanceYourCalm, Remote: true, Conn: true}, false},
		{&h2.Error{Code: http2.ErrCodeEnhanceYourCalm}, false},
		{&h2.Error{Code: http2.ErrCodeInternal, Remote: true}, false},
		{&h3.Error{Code: h3.ExcessiveLoad, Remote: true}, true},
		{&h3.Error{Code: h3.ExcessiveLoad, Remote: true, Conn: true}, false},
		{&h3.Error{Code: 0x102, Remote: true}, false},
	} {
		if got := classify(t.Context(), tt.err); got.Overload != tt.want {
			t.Errorf("%+v: %t", tt.err, got.Overload)
		}
	}
}

// TestResetInResponse: a server that resets a stream for its protocol is believed before it has answered; within its
// own response it is the response that broke off.
func TestResetInResponse(t *testing.T) {
	for _, err := range []error{
		&h2.Error{Code: http2.ErrCodeProtocol, Remote: true}, &h3.Error{Code: h3.MessageError, Remote: true},
	} {
		for status, want := range map[int]failure.Kind{0: failure.Protocol, 200: failure.Reset} {
			if f := new(Call).Explain(t.Context(), err, status, 0); f.Kind != want {
				t.Errorf("%v with status %d: %s: %v", err, status, f.Kind, f)
			}
		}
	}
	for _, err := range []error{ // found by this side
		&h2.Error{Code: http2.ErrCodeProtocol}, &h3.Error{Code: h3.MessageError},
	} {
		if f := new(Call).Explain(t.Context(), err, 200, 9); f.Kind != failure.Protocol {
			t.Errorf("%v: %s: %v", err, f.Kind, f)
		}
	}
}
