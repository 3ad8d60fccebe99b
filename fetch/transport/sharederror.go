package transport

import (
	"errors"

	"golang.org/x/net/http2"

	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// A sharedError is what an error of HTTP/2 or HTTP/3 says about the connection and the request.
type sharedError struct {
	cause        error // of the network; nil is none
	conn         bool  // it ended the connection, and not a stream alone
	remote       bool  // the server sent it
	isGoodbye    bool  // its code is that of no error
	notProcessed bool  // the server has not processed the request
	unanswered   bool  // the connection ended, and nothing had come since the request was sent
	excess       bool  // the server refused a stream that is one of more than it allows by now, or as it leaves
	afterResets  bool  // the server reset the stream because of its load, after resets of this side
	useless      bool  // the connection ended before the server had taken any request of it
	rejected     bool  // the server refused the stream, and not for excess
	wantsHTTP1   bool  // the server wants HTTP/1.1
}

// isUnfit reports whether a connection ended so that the next one over the same protocol may end so too: by silence, or
// for what violates the protocol.
func (e *sharedError) isUnfit() bool {
	isWrong := e.conn && e.cause == nil && !e.isGoodbye && !e.notProcessed
	return errors.Is(e.cause, h2.ErrSilent) || isWrong || e.wantsHTTP1
}

// sharedErrorOf returns what an error says, where it is one of HTTP/2 or HTTP/3.
func sharedErrorOf(err error) (sharedError, bool) {
	var over2 *h2.Error
	var over3 *h3.Error
	switch {
	case errors.As(err, &over2):
		return sharedError{cause: over2.Cause, conn: over2.Conn, remote: over2.Remote,
			isGoodbye: over2.Code == http2.ErrCodeNo, notProcessed: over2.NotProcessed, unanswered: over2.Unanswered,
			excess: over2.Excess, afterResets: over2.AfterResets, useless: over2.Useless,
			rejected:   over2.Remote && !over2.Conn && over2.Code == http2.ErrCodeRefusedStream && !over2.Excess,
			wantsHTTP1: over2.Remote && over2.Code == http2.ErrCodeHTTP11Required}, true
	case errors.As(err, &over3):
		return sharedError{cause: over3.Cause, conn: over3.Conn, remote: over3.Remote,
			isGoodbye: over3.Code == h3.NoError, notProcessed: over3.NotProcessed, unanswered: over3.Unanswered,
			useless: over3.Useless, rejected: over3.Remote && over3.Code == h3.RequestRejected,
			wantsHTTP1: over3.Remote && over3.Code == h3.VersionFallback}, true
	}
	return sharedError{}, false
}
