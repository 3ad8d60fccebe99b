package h2

import (
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"golang.org/x/net/http2"
)

// A streamTable has the streams of a connection: those under way, those that wait until the server allows another, and
// those that are over, to be used again. Guarded by Conn.mu, but for streamCount.
type streamTable struct {
	streams     map[uint32]*stream // under way, by their ids
	streamCount atomic.Int32       // of streams; any goroutine may read it
	waiting     []*stream          // that wait for one to end, the oldest first
	free        []*stream          // that are over: at most as many as were under way at once
	nextID      uint32             // of the next stream that begins
	allowed     int                // streams at once
}

// newStream returns a stream for a request, with a window of so many bytes: one that is over, where there is one.
// Conn.mu is held.
func (t *streamTable) newStream(r *Request, window int) *stream {
	var s *stream
	if last := len(t.free) - 1; last >= 0 {
		s, t.free = t.free[last], t.free[:last]
	} else {
		s = &stream{wake: make(chan struct{}, 1)}
	}
	*s = stream{wake: s.wake, request: r, body: r.Body, sent: len(r.Body) == 0, expected: -1}
	s.window.reset(window)
	return s
}

// recycle gives a stream back that is over. Conn.mu is held.
func (t *streamTable) recycle(s *stream) {
	release(s.pending.take())
	*s = stream{wake: s.wake}
	t.free = append(t.free, s)
}

// cancelWait takes a stream out of those that wait, where it does. Conn.mu is held.
func (t *streamTable) cancelWait(s *stream) {
	if i := slices.Index(t.waiting, s); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.admit() // the one behind, where this one was to begin
	}
}

// admit wakes the streams that may begin. Conn.mu is held.
func (t *streamTable) admit() {
	for i := range min(max(t.allowed-len(t.streams), 0), len(t.waiting)) {
		t.waiting[i].wakeUp()
	}
}

// A stream ends in two steps. First it is closed (RFC 9113 section 5.1), which lets another begin:
//
//	by              where                                              what ends it
//	closeIfWhole    Conn.queueBody, endResponse                        the request was sent, and the response has come
//	failStream      Conn.leave                                         a GOAWAY: the server has not processed it
//	abortStream     Conn.gotReset, Conn.fail                           a RST_STREAM that came; the end of the connection
//	resetStream     Conn.tolerate, Conn.endTooLarge, Conn.gotHeader    what came is invalid, or too large
//	cancelStream    body.Close, Conn.endExchange                       its exchange does not want the rest
//
// All but the first wake its exchange, with an error unless the response had come whole. Second the exchange calls
// Conn.endExchange, also where its stream has not begun, which recycles it.

// closeStream takes a stream out of those under way. Conn.mu is held.
func (t *streamTable) closeStream(s *stream) {
	if t.streams[s.id] != s {
		return
	}
	delete(t.streams, s.id)
	t.streamCount.Add(-1)
	t.admit()
}

// endResponse takes note that the response has come to its end. Conn.mu is held.
func (t *streamTable) endResponse(s *stream) {
	s.received = true
	if s.expected >= 0 && s.came < s.expected && !s.noBody {
		s.err = io.ErrUnexpectedEOF
	}
	t.closeIfWhole(s)
}

// closeIfWhole closes a stream both sides of which have ended. Conn.mu is held.
func (t *streamTable) closeIfWhole(s *stream) {
	if s.sent && s.received {
		t.closeStream(s)
	}
}

// failStream closes a stream with an error. Conn.mu is held.
func (t *streamTable) failStream(s *stream, why error) {
	t.closeStream(s)
	if s.err == nil {
		s.err = why
	}
	s.wakeUp()
}

// abortStream closes a stream over which nothing can be sent or come any more. One whose response has come whole is no
// failure: what is left of the request is not sent. Conn.mu is held.
func (t *streamTable) abortStream(s *stream, why error) {
	if s.received {
		s.sent, why = true, s.err
	}
	t.failStream(s, why)
}

// isKnown returns the error of a frame for a stream that has not begun; nil where it was one that is over. Conn.mu is
// held.
func (t *streamTable) isKnown(head http2.FrameHeader) error {
	if head.StreamID == 0 || head.StreamID%2 == 0 || head.StreamID >= t.nextID {
		return connError(http2.ErrCodeProtocol,
			fmt.Sprintf("a %v frame of stream %d, which has not begun (section 5.1)", head.Type, head.StreamID))
	}
	return nil
}
