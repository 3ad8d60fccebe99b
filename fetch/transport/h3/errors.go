package h3

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/transport/h2"
)

// A Code is an error code of HTTP/3 or QPACK (RFC 9114 section 8.1, RFC 9204 section 6).
type Code uint64

// The codes that are received with a meaning of their own, or sent.
const (
	NoError             Code = 0x100
	streamCreationError Code = 0x103
	closedCritical      Code = 0x104
	frameUnexpected     Code = 0x105
	frameError          Code = 0x106
	ExcessiveLoad       Code = 0x107
	idError             Code = 0x108
	settingsError       Code = 0x109
	missingSettings     Code = 0x10a
	RequestRejected     Code = 0x10b
	requestCancelled    Code = 0x10c
	MessageError        Code = 0x10e
	VersionFallback     Code = 0x110
	decompressionFailed Code = 0x200
)

// codeNames are the names of the codes.
var codeNames = map[Code]string{
	NoError: "H3_NO_ERROR", 0x101: "H3_GENERAL_PROTOCOL_ERROR", 0x102: "H3_INTERNAL_ERROR",
	streamCreationError: "H3_STREAM_CREATION_ERROR", closedCritical: "H3_CLOSED_CRITICAL_STREAM",
	frameUnexpected: "H3_FRAME_UNEXPECTED", frameError: "H3_FRAME_ERROR", ExcessiveLoad: "H3_EXCESSIVE_LOAD",
	idError: "H3_ID_ERROR", settingsError: "H3_SETTINGS_ERROR", missingSettings: "H3_MISSING_SETTINGS",
	RequestRejected: "H3_REQUEST_REJECTED", requestCancelled: "H3_REQUEST_CANCELLED",
	0x10d: "H3_REQUEST_INCOMPLETE", MessageError: "H3_MESSAGE_ERROR", 0x10f: "H3_CONNECT_ERROR",
	VersionFallback: "H3_VERSION_FALLBACK", decompressionFailed: "QPACK_DECOMPRESSION_FAILED",
	0x201: "QPACK_ENCODER_STREAM_ERROR", 0x202: "QPACK_DECODER_STREAM_ERROR",
}

// String returns a code with its name, where it has one: H3_INTERNAL_ERROR (HTTP/3 error code 0x102).
func (c Code) String() string {
	if name := codeNames[c]; name != "" {
		return fmt.Sprintf("%s (HTTP/3 error code %#x)", name, uint64(c))
	}
	return fmt.Sprintf("HTTP/3 error code %#x", uint64(c))
}

// An Error is why an exchange failed, or a connection ended, at the level of HTTP/3 or QUIC (RFC 9114 section 8, RFC
// 9000 section 11). An error of the network is its Cause.
type Error struct {
	// Code is the HTTP/3 error code that was received or sent.
	Code Code
	// Remote says that the server sent it.
	Remote bool
	// Conn says that it ended the connection, and not a stream alone.
	Conn bool
	// NotProcessed says that the server has not processed the request: it may be sent again (RFC 9114 section 4.1.1).
	NotProcessed bool
	// Unanswered says that the connection ended, and nothing had come over it since the request was sent, not even why
	// the server ends it (CONNECTION_CLOSE of HTTP/3, RFC 9000 section 19.19).
	Unanswered bool
	// Useless says that the connection ended before the server had taken any request of it.
	Useless bool
	// Reason says in words what violates the protocol, where this side found that; else it is "".
	Reason string
	// Cause is the error of the network, or of the caller, that ended it; nil is none.
	Cause error
}

func (e *Error) Error() string {
	switch {
	case e.Cause != nil:
		return e.Cause.Error()
	case e.Reason != "":
		return e.Reason
	}
	return e.Code.String()
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// errClosed is the Cause where this side has closed the connection.
var errClosed = fmt.Errorf("the connection was closed: %w", net.ErrClosed)

// errEnd is the end of a stream, which is not that of its connection, as io.EOF would be for a conn.Conn.
var errEnd = errors.New("the end of the stream")

// connError returns the Error of a server that violates the protocol so that the connection ends.
func connError(code Code, reason string) *Error {
	return &Error{Code: code, Conn: true, Reason: reason}
}

// malformed returns the Error of a response that is malformed (RFC 9114 section 4.1.2).
func malformed(reason string) *Error { return &Error{Code: MessageError, Reason: reason} }

// cryptoError is the first of the 256 codes of QUIC that are TLS alerts (RFC 9001 section 4.8).
const cryptoError = 0x100

// explainQUIC returns the Error of a stream or a connection for one of package quic.
func explainQUIC(err error) *Error {
	var known *Error
	var reset *quic.StreamError
	var byApplication *quic.ApplicationError
	var byTransport *quic.TransportError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &reset) && reset.Remote:
		code := Code(reset.ErrorCode)
		return &Error{Code: code, Remote: true, NotProcessed: code == RequestRejected}
	case errors.As(err, &byApplication) && byApplication.Remote:
		return &Error{Code: Code(byApplication.ErrorCode), Remote: true, Conn: true}
	case errors.As(err, &reset), errors.As(err, &byApplication):
		return &Error{Conn: reset == nil, Cause: errClosed}
	case errors.As(err, &byTransport):
		return explainTransport(byTransport)
	case errors.As(err, new(*quic.IdleTimeoutError)), errors.As(err, new(*quic.HandshakeTimeoutError)):
		return &Error{Conn: true, Cause: h2.ErrSilent}
	case errors.As(err, new(*quic.StatelessResetError)):
		return &Error{Conn: true, Cause: fmt.Errorf("a stateless reset: %w", syscall.ECONNRESET)}
	case errors.Is(err, syscall.ECONNREFUSED): // by ICMP: the server is gone
		return &Error{Conn: true, Cause: fmt.Errorf("its UDP port is closed: %w", syscall.ECONNRESET)}
	}
	return &Error{Conn: true, Cause: err}
}

// explainTransport returns the Error for one of QUIC itself (RFC 9000 section 20.1).
func explainTransport(err *quic.TransportError) *Error {
	switch code := err.ErrorCode; {
	case err.Remote && code >= cryptoError && code < cryptoError+0x100:
		return &Error{Conn: true, Cause: alert(code)}
	case err.Remote && code == quic.NoError:
		return &Error{Code: NoError, Conn: true, Remote: true}
	case err.Remote:
		return &Error{Conn: true, Cause: fmt.Errorf("%w: the server ended it by %v", syscall.ECONNRESET, code)}
	default:
		return &Error{Conn: true, Reason: fmt.Sprintf("what came over QUIC is %v", code)}
	}
}

// alert returns the TLS alert that a server sent, in the form in which crypto/tls returns one.
func alert(code quic.TransportErrorCode) error {
	return &net.OpError{Op: "remote error", Net: "udp", Err: tls.AlertError(code - cryptoError)} //nolint:gosec // a byte
}
