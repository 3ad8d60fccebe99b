package h2

import "net/http"

// A stream is one exchange on a connection. All of it is guarded by Conn.mu. It is used again once its exchange is
// over: whoever still has it, or its wake, by then may wake another exchange in vain.
type stream struct {
	id   uint32        // 0: it has not begun
	wake chan struct{} // holds one token: something has changed

	response *http.Response // its header has come
	usual    bool           // Request.Usual, once it has
	err      error          // why the stream has ended early; nil: it has not
	received bool           // the response has come whole: half-closed (remote), in the words of RFC 9113
	pending  chunkList      // of its body, what has come and the exchange has not taken
	window   receiveWindow
	noBody   bool  // the response can't have a body: HEAD, 204, 304
	expected int64 // bytes of the body by content-length; negative is unknown
	came     int64 // bytes of the body

	request    *Request
	body       []byte // of the request, what is still to be sent
	sent       bool   // the request was sent whole, or no more of it is to be: half-closed (local)
	sendWindow int64
	headers    int // bytes of the headers of interim responses

	framesBefore int64 // that had come over the connection when the request was sent
}

// wakeUp wakes the exchange. mu is held.
func (s *stream) wakeUp() { wakeUp(s.wake) }

// isUploading reports whether RoundTrip is still to send some of the request: there is no response yet. mu is held.
func (s *stream) isUploading() bool { return !s.sent && s.response == nil }

// isSent reports whether no more of the request is to be sent: all was, or the response is an error and has come
// whole, so that the server has no use for the rest. mu is held.
func (s *stream) isSent() bool {
	return s.sent || s.received && s.response.StatusCode >= http.StatusBadRequest
}
