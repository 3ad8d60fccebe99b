package h2

import (
	"errors"
	"fmt"

	"golang.org/x/net/http2"
)

// An Error is why an exchange failed, or a connection ended, at the level of HTTP/2 (RFC 9113 sections 5.4, 7). An
// error of the network is its Cause.
type Error struct {
	// Code is the HTTP/2 error code that was received or sent.
	Code http2.ErrCode
	// Remote says that the server sent it, in a RST_STREAM or a GOAWAY.
	Remote bool
	// Conn says that it ended the connection, and not a stream alone.
	Conn bool
	// NotProcessed says that the server has not processed the request: it may be sent again (RFC 9113 section 8.7).
	NotProcessed bool
	// Unanswered says that the connection ended, and nothing had come over it since the request was sent.
	Unanswered bool
	// Excess says that the server refused a stream that is one of more than it allows by now, or as it leaves.
	Excess bool
	// AfterResets says that the server reset the stream because of its load, before a response, and that this side had
	// reset some of the connection. Node.js 26 counts what those had waiting as long as the connection lasts: after 10 MB
	// it refuses all of its streams, while another connection has none of that.
	AfterResets bool
	// Useless says that the connection ended before the server had taken any request of it.
	Useless bool
	// BadHeader says that the header of the response is malformed: a field of it has a name or value that HTTP/2 does not
	// have.
	BadHeader bool
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
	return "HTTP/2 error " + CodeName(e.Code)
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeName returns an error code with its name, where it has one: INTERNAL_ERROR (HTTP/2 error code 0x2).
func CodeName(code http2.ErrCode) string {
	if code > http2.ErrCodeHTTP11Required {
		return fmt.Sprintf("HTTP/2 error code %#x", uint32(code))
	}
	return fmt.Sprintf("%v (HTTP/2 error code %#x)", code, uint32(code))
}

// ErrSilent is the Cause where nothing came over the connection, no answer to a ping either.
var ErrSilent = errors.New("no answer to a ping")

// errStuck is the Cause where a write found no room for too long.
var errStuck = errors.New("a write over the connection was stuck")

// errClosed is the Cause where this side has closed the connection.
var errClosed = errors.New("the connection was closed")

// connError returns the Error of a server that violates the protocol so that the connection ends.
func connError(code http2.ErrCode, reason string) *Error {
	return &Error{Code: code, Conn: true, Reason: reason}
}

// streamError returns the Error of a server that violates the protocol in one stream.
func streamError(code http2.ErrCode, reason string) *Error { return &Error{Code: code, Reason: reason} }

// malformed returns the Error of a response that is malformed (RFC 9113 section 8.1.1).
func malformed(reason string) *Error { return streamError(http2.ErrCodeProtocol, reason) }
