package fetch

import (
	"sync"
	"sync/atomic"
	"time"
)

// A bandwidth lets so many bytes a second through, for all connections of a run. They are counted as they come from the network:
// bodies as coded, headers, HTTP/2 frames, TLS records and handshakes; what TCP and IP add is not, and what a server has sent
// but nobody has read yet, up to about 128 KiB a connection in the kernel, is not either. A nil *bandwidth lets all through.
//
// It is a queue in time: what is read is noted behind what was read before, and whoever read it waits until its place has come.
// Everyone reads one small chunk and waits, so that n flights get a n-th each, and late comers theirs at once.
type bandwidth struct {
	perSecond float64
	chunk     int // the most that one flight reads before it waits, in bytes

	mu      sync.Mutex
	due     time.Time // when all that was let through will have been in time
	waiting int       // readers
	since   time.Time // when the first of them began to wait
	held    time.Duration
}

// slack is how much may come at once after a pause, as the time it stands for; timers that are up to so late slow nothing down.
const slack = 10 * time.Millisecond

// A chunk is what comes within slack, but no more than net/http reads at once of the bodies that it has to take apart,
// so that all flights' reads are of one size, and no less than is worth a system call.
// Past 100 MB/s it grows, so that there are at most 25,000 reads a second.
const (
	smallestChunk   = 512
	usualChunk      = 4 << 10
	largestChunk    = 64 << 10
	mostReadsSecond = 25000
)

// One connection has to be able to use the whole bandwidth over a round trip of longestTrip; where that takes more than usualReadBuffer
// bytes, the kernel's own measure holds.
const (
	longestTrip     = 250 * time.Millisecond
	usualReadBuffer = 1 << 20
	firstWindow     = 64 << 10 // what a server may send before it hears of a smaller one
)

// newBandwidth returns nil where perSecond is 0.
func newBandwidth(perSecond float64) *bandwidth {
	if perSecond <= 0 {
		return nil
	}
	chunk := max(smallestChunk, min(perSecond*slack.Seconds(), usualChunk), min(perSecond/mostReadsSecond, largestChunk))
	return &bandwidth{perSecond: perSecond, chunk: int(chunk)}
}

// readBuffer returns how much the kernel may take in for one connection, in bytes; 0 leaves it to the kernel.
func (b *bandwidth) readBuffer() int {
	if b == nil {
		return 0
	}
	if n := b.perSecond * longestTrip.Seconds(); n <= usualReadBuffer {
		return int(max(n, firstWindow))
	}
	return 0
}

// take notes n bytes that were read at now, and returns how long their reader has to wait; not at all where that is 0 or less.
func (b *bandwidth) take(n int, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due = latest(b.due, now).Add(b.lasts(n))
	return b.due.Sub(now) - slack
}

// lasts returns how long n bytes take, at most longestWait.
func (b *bandwidth) lasts(n int) time.Duration {
	return time.Duration(min(float64(n)/b.perSecond, longestWait.Seconds()) * float64(time.Second))
}

// enter and leave stand around a reader's wait.
func (b *bandwidth) enter(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == 1 {
		b.since = now
	}
}

func (b *bandwidth) leave(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting--; b.waiting == 0 {
		b.held += now.Sub(b.since)
	}
}

// heldFor returns for how long, up to now, anyone has waited: the time in which the bandwidth was the limit.
func (b *bandwidth) heldFor(now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting > 0 {
		return b.held + now.Sub(b.since)
	}
	return b.held
}

// A turn is one connection's place in a bandwidth's queue.
type turn struct {
	*bandwidth
	made    time.Time    // some time before its first wait
	waits   bool         // false while the connection is being made: those bytes are counted, and hold up nobody's handshake
	flights atomic.Int32 // exchanges that share the connection
	ahead   int          // read since it last waited, in bytes; the reader's own
	waited  atomic.Int64 // in all its waits that are over, in nanoseconds
	since   atomic.Int64 // when the wait under way began, in nanoseconds since made; 0 is none
}

// most returns how much of a buffer may be filled at once.
func (t *turn) most(buffer int) int {
	if t.bandwidth == nil {
		return buffer
	}
	return min(buffer, t.chunk)
}

// await returns when n bytes that have just been read are in time, or done is closed.
// An HTTP/2 connection reads a chunk for each of its flights before it waits.
func (t *turn) await(n int, done <-chan struct{}) {
	if t.bandwidth == nil || n == 0 {
		return
	}
	now := time.Now()
	wait := t.take(n, now)
	t.ahead += n
	if wait <= 0 || !t.waits || t.ahead <= (int(t.flights.Load())-1)*t.chunk {
		return
	}
	t.ahead = 0
	t.enter(now)
	t.since.Store(int64(max(now.Sub(t.made), 1)))
	over := time.NewTimer(wait)
	select {
	case <-over.C:
	case <-done:
		over.Stop()
	}
	now = time.Now()
	t.waited.Add(int64(now.Sub(t.made)) - t.since.Load())
	t.since.Store(0)
	t.leave(now)
}

// waitedBy returns how long the connection has waited for its turns up to now. That is no time of the server's.
func (t *turn) waitedBy(now time.Time) time.Duration {
	waited := t.waited.Load()
	if since := t.since.Load(); since > 0 {
		waited += int64(now.Sub(t.made)) - since
	}
	return time.Duration(waited)
}
