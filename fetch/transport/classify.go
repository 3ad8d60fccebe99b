package transport

import (
	"context"
	"errors"
	"io"
	"net"

	"golang.org/x/net/http2"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// classify returns the failure that err comes to, by its type. The end of ctx goes before err, and what is a failure
// already stays as it is.
func classify(ctx context.Context, err error) *failure.Failure {
	if f := failure.FromContext(ctx); f != nil {
		return f
	}
	var known *failure.Failure
	var limit *failure.Limit
	var wrong *h2.Error
	var wrong3 *h3.Error
	var op *net.OpError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &limit):
		return limit.Failure()
	case failure.IsReset(err):
		return failure.New(failure.Reset, "the connection was reset")
	case errors.Is(err, h2.ErrSilent):
		return failure.New(failure.Stalled, "nothing came over the connection, no answer to a ping either")
	case errors.As(err, &wrong) && wrong.Cause == nil:
		return classifyHTTP2(wrong)
	case errors.As(err, &wrong3) && wrong3.Cause == nil:
		return classifyHTTP3(wrong3)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return failure.New(failure.Truncated, "the connection closed before a whole answer")
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls: an alert after the handshake
		return refusedByAlert(err)
	case errors.As(err, &op) && op.Op == "local error": // crypto/tls: an alert that this side sent
		return failure.New(failure.TLS, "tls: what came can't be read: %w", op.Err)
	case failure.IsTimeout(err):
		return failure.New(failure.Timeout, "the network gave up waiting: %w", err)
	}
	return failure.New(failure.Protocol, "not a valid HTTP answer: %s", failure.Unquoted(err))
}

// classifyHTTP2 returns the failure that an error of HTTP/2 comes to (RFC 9113 sections 5.4 and 7).
func classifyHTTP2(wrong *h2.Error) *failure.Failure {
	code := h2.CodeName(wrong.Code)
	switch {
	case !wrong.Remote:
		return failure.New(failure.Protocol, "not a valid HTTP/2 answer: %s", wrong.Reason)
	case wrong.Conn && wrong.Code == http2.ErrCodeNo:
		return failure.New(failure.Truncated, "the server said goodbye and closed the connection before a whole answer")
	case wrong.Conn:
		return failure.New(failure.Reset, "the server gave the connection up: %s", code)
	case wrong.Code == http2.ErrCodeRefusedStream:
		return failure.New(failure.Reset, "the server refused the stream")
	case wrong.Code == http2.ErrCodeProtocol:
		return failure.New(failure.Protocol, "not a valid HTTP/2 answer, says the server: %s", code)
	}
	f := failure.New(failure.Reset, "the server reset the stream: %s", code)
	f.Overload = wrong.Code == http2.ErrCodeEnhanceYourCalm
	return f
}

// resetInResponse returns the failure for a stream that its server has reset, within its own response, for a protocol
// that was violated; nil is another error. The response has begun, so that it is not the request that is at fault: h2o
// 2.2 says so of a body that breaks off behind it, and the next attempt may get the whole.
func resetInResponse(err error) *failure.Failure {
	var wrong *h2.Error
	var wrong3 *h3.Error
	switch {
	case errors.As(err, &wrong) && wrong.Remote && !wrong.Conn && wrong.Code == http2.ErrCodeProtocol:
		return failure.New(failure.Reset, "the server reset the stream: %s", h2.CodeName(wrong.Code))
	case errors.As(err, &wrong3) && wrong3.Remote && !wrong3.Conn && wrong3.Code == h3.MessageError:
		return failure.New(failure.Reset, "the server reset the stream: %v", wrong3.Code)
	}
	return nil
}

// classifyHTTP3 returns the failure that an error of HTTP/3 comes to (RFC 9114 section 8).
func classifyHTTP3(wrong *h3.Error) *failure.Failure {
	switch {
	case !wrong.Remote:
		return failure.New(failure.Protocol, "not a valid HTTP/3 answer: %s", wrong.Reason)
	case wrong.Code == h3.VersionFallback:
		f := failure.New(failure.Protocol, "the server wants to be asked in HTTP/1.1: %v", wrong.Code)
		f.Option = "http"
		return f
	case wrong.Conn && wrong.Code == h3.NoError:
		return failure.New(failure.Truncated, "the server said goodbye and closed the connection before a whole answer")
	case wrong.Conn:
		return failure.New(failure.Reset, "the server gave the connection up: %v", wrong.Code)
	case wrong.Code == h3.RequestRejected:
		return failure.New(failure.Reset, "the server refused the stream")
	case wrong.Code == h3.MessageError:
		return failure.New(failure.Protocol, "not a valid HTTP/3 answer, says the server: %v", wrong.Code)
	}
	f := failure.New(failure.Reset, "the server reset the stream: %v", wrong.Code)
	f.Overload = wrong.Code == h3.ExcessiveLoad
	return f
}

// refusedByAlert returns the failure for a TLS alert of the other side after the handshake: with TLS 1.3 it refuses
// what it was offered only then, a client certificate that it misses for one.
func refusedByAlert(err error) *failure.Failure {
	return dial.RefusedByAlert("the connection was refused", "", err)
}
