package h2

import (
	"sync"
	"time"
)

// Windows is the room in which the windows of all streams of a run may grow (RFC 9113 section 5.2): what a server may
// send of a body beyond what was read of it. Any goroutine may use it.
type Windows struct {
	mu   sync.Mutex
	free int // bytes
}

// NewWindows returns room of so many bytes, beyond Config.Window of each stream.
func NewWindows(bytes int) *Windows { return &Windows{free: bytes} }

// Take takes n bytes, and reports whether there was room. A nil Windows has none.
func (w *Windows) Take(n int) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n > w.free {
		return false
	}
	w.free -= n
	return true
}

// Give gives n bytes back.
func (w *Windows) Give(n int) {
	if n == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free += n
}

// maxWindow is how far the window of a stream may grow, in bytes: 1 Gbit/s over a round trip of 250 ms.
const maxWindow = 32 << 20

// growth is how often a window doubles at a time, where as much as it has is read within roundTrips: the queues of a
// busy path make a round trip longer than the one that was measured.
const growth, roundTrips = 2, 4

// minRoundTrip is what a round trip is taken for at least: that of a machine with itself says nothing.
const minRoundTrip = time.Millisecond

// A receiveWindow is the window of a stream for the body of its response. Guarded by Conn.mu.
type receiveWindow struct {
	least  int // bytes that it has at least
	size   int // bytes that the server may have sent beyond those consumed
	left   int // bytes of it that the server may still send
	owed   int // bytes consumed that the server has not been told of
	unread int // bytes that have come and that are not consumed

	epoch time.Time // when the count of epochBytes began; zero: nothing was consumed yet
	bytes int       // consumed since epoch
}

// reset makes it a window of n bytes.
func (w *receiveWindow) reset(n int) { *w = receiveWindow{least: n, size: n, left: n} }

// received counts n bytes of a frame, padding bytes of which are no data. It returns false where the window did not
// allow them.
func (w *receiveWindow) received(n, padding int) bool {
	if n > w.left {
		return false
	}
	w.left -= n
	w.owed += padding
	w.unread += n - padding
	return true
}

// consumed counts n bytes as read by the exchange. It returns by how much the server may send more: 0 where it is not
// to be told yet. The window grows where as much is read within a few round trips, and so it may be what bounds the
// throughput; it shrinks where the exchange falls behind.
func (w *receiveWindow) consumed(n int, roundTrip time.Duration, room *Windows, now func() time.Time) (increment int) {
	w.owed += n
	w.unread -= n
	w.bytes += n
	if w.owed < w.size/4 {
		return 0
	}
	at := now()
	switch {
	case w.unread > w.size/2 && w.size > w.least:
		w.size /= 2
		room.Give(w.size)
		w.epoch, w.bytes = at, 0
	case w.epoch.IsZero():
		w.epoch, w.bytes = at, 0
	case w.bytes >= w.size:
		needed := roundTrips * max(roundTrip, minRoundTrip).Seconds() * float64(w.bytes) / float64(w.size)
		for range growth { // faster than TCP's congestion window, which is to be the bound
			if at.Sub(w.epoch).Seconds() < needed && 2*w.size <= maxWindow && room.Take(w.size) {
				w.size *= 2
			}
		}
		w.epoch, w.bytes = at, 0
	}
	if increment = w.size - w.left - w.unread; increment <= 0 {
		return 0
	}
	w.left += increment
	w.owed = 0
	return increment
}

// hasGrown reports whether it has room beyond what each has.
func (w *receiveWindow) hasGrown() bool { return w.size > w.least }

// close gives the room that the window has grown by back.
func (w *receiveWindow) close(room *Windows) {
	room.Give(w.size - w.least)
	w.size = w.least
}
