package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// A streamError is an HTTP/2 stream error (RFC 9113 section 5.4.2). It has the fields into which net/http's own, which
// is not exported, converts itself for errors.As.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// protocolError is the HTTP/2 error code PROTOCOL_ERROR (RFC 9113 section 7).
const protocolError = 1

func (streamError) Error() string { return "stream error" }

// goAway returns the error code of a GOAWAY (RFC 9113 section 6.8), where err is net/http's error for a connection that
// ended after one. That type is not exported and, unlike a stream error, does not convert itself for errors.As: it is
// known by its fields.
func goAway(err error) (code uint32, ok bool) {
	v := reflect.ValueOf(failure.Innermost(err))
	if v.Kind() != reflect.Struct || !v.FieldByName("LastStreamID").IsValid() {
		return 0, false
	}
	field := v.FieldByName("ErrCode")
	if !field.IsValid() || !field.CanUint() {
		return 0, false
	}
	return uint32(field.Uint()), true //nolint:gosec // a uint32 by RFC 9113
}

// classify returns the failure that err comes to, by its type. The end of ctx goes before err, and what is a failure
// already stays as it is.
func classify(ctx context.Context, err error) *failure.Failure {
	if f := failure.FromContext(ctx); f != nil {
		return f
	}
	var known *failure.Failure
	var limit *failure.Limit
	var stream streamError
	var op *net.OpError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &limit):
		return limit.Failure()
	case failure.IsReset(err):
		return failure.New(failure.Reset, "the connection was reset")
	case errors.As(err, &stream) && errors.As(stream.Cause, &known): // this side ended it, for that failure
		return known
	case errors.As(err, &stream) && stream.Code == protocolError:
		return failure.New(failure.Protocol, "not a valid HTTP/2 answer (error code %#x)", stream.Code)
	case errors.As(err, &stream):
		return failure.New(failure.Reset, "the server reset the stream (HTTP/2 error code %#x)", stream.Code)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return failure.New(failure.Truncated, "the connection closed before a whole answer")
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls: an alert after the handshake
		return refusedByAlert(err)
	case errors.As(err, &op) && op.Op == "local error": // crypto/tls: an alert that this side sent
		return failure.New(failure.TLS, "tls: what came can't be read: %w", op.Err)
	case failure.IsTimeout(err):
		return failure.New(failure.Timeout, "the network gave up waiting: %w", err)
	}
	switch code, gone := goAway(err); {
	case gone && code == 0:
		return failure.New(failure.Truncated, "the server said goodbye and closed the connection before a whole answer")
	case gone:
		return failure.New(failure.Reset, "the server gave the connection up (HTTP/2 error code %#x)", code)
	}
	return failure.New(failure.Protocol, "not a valid HTTP answer: %s", failure.Unquoted(err))
}

// refusedByAlert returns the failure for a TLS alert of the other side after the handshake: with TLS 1.3 it refuses
// what it was offered only then, a client certificate that it misses for one.
func refusedByAlert(err error) *failure.Failure {
	return dial.RefusedByAlert("the connection was refused", "", err)
}
