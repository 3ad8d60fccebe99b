package conn

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Bandwidth limits the bytes per second that all connections of a run receive together. They are counted as they come from the
// network: coded bodies, headers, HTTP/2 frames, TLS records and handshakes. TCP and IP headers are not counted, nor is what a server
// has sent and nobody has read yet, up to about 128 KiB a connection in the kernel. A nil *bandwidth is no limit.
//
// It is a queue in time: bytes read are booked behind those read before, and their reader waits until they are due.
// Each read is one small chunk, so that n readers get an n-th each, and late comers theirs at once.
type Bandwidth struct {
	perSecond float64 // bytes
	chunk     int     // the most that one read takes before it waits, in bytes

	mu       sync.Mutex // guards all below
	due      time.Time  // when all bytes booked so far are in time
	waiting  int        // readers that wait
	waitFrom time.Time  // when the first of them began to wait
	waited   time.Duration
}

// slack is how much may come at once after a pause, as the time it stands for: timers that fire up to so late slow nothing down.
const slack = 10 * time.Millisecond

// A chunk is what comes within slack, bounded above by what net/http reads at once of the bodies that it has to take apart, so that
// all reads are of one size, and below by what is worth a system call. Past 100 MB/s it grows, so that there are at most 25,000
// reads a second.
const (
	minChunk          = 512
	usualChunk        = 4 << 10
	maxChunk          = 64 << 10
	maxReadsPerSecond = 25000
)

// One connection must be able to use the whole bandwidth over a round trip of maxRoundTrip. Where that needs more than usualReadBuffer
// bytes, the kernel's own buffer size holds.
const (
	maxRoundTrip    = 250 * time.Millisecond
	usualReadBuffer = 1 << 20
	initialWindow   = 64 << 10 // what a server may send before it hears of a smaller window
)

// MaxWait is what a longer time of n bytes is taken for, so that no arithmetic overflows.
const MaxWait = 10 * 365 * 24 * time.Hour

// NewBandwidth returns a limit of so many bytes per second, or nil where that is 0.
func NewBandwidth(perSecond float64) *Bandwidth {
	if perSecond <= 0 {
		return nil
	}
	chunk := max(minChunk, min(perSecond*slack.Seconds(), usualChunk), min(perSecond/maxReadsPerSecond, maxChunk))
	return &Bandwidth{perSecond: perSecond, chunk: int(chunk)}
}

// ReadBuffer returns the size in bytes of a socket's receive buffer (SO_RCVBUF); 0 leaves it to the kernel.
func (b *Bandwidth) ReadBuffer() int {
	if b == nil {
		return 0
	}
	if n := b.perSecond * maxRoundTrip.Seconds(); n <= usualReadBuffer {
		return int(max(n, initialWindow))
	}
	return 0
}

// book books n bytes that were read at now, and returns how long their reader has to wait; not at all where that is 0 or less.
func (b *Bandwidth) book(n int, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due.Before(now) {
		b.due = now
	}
	b.due = b.due.Add(b.timeOf(n))
	return b.due.Sub(now) - slack
}

// timeOf returns how long n bytes take, at most maxBandwidthWait.
func (b *Bandwidth) timeOf(n int) time.Duration {
	return time.Duration(min(float64(n)/b.perSecond, MaxWait.Seconds()) * float64(time.Second))
}

// beginWait and endWait stand around a reader's wait.
func (b *Bandwidth) beginWait(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == 1 {
		b.waitFrom = now
	}
}

func (b *Bandwidth) endWait(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting--; b.waiting == 0 {
		b.waited += now.Sub(b.waitFrom)
	}
}

// LimitedFor returns for how long, up to now, at least one reader has waited: the time in which the bandwidth was the limit.
func (b *Bandwidth) LimitedFor(now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting > 0 {
		return b.waited + now.Sub(b.waitFrom)
	}
	return b.waited
}

// A share is one connection's place in the queue of a bandwidth.
type share struct {
	bandwidth *Bandwidth   // nil is no limit
	madeAt    time.Time    // some time before the first wait
	waits     bool         // false during handshakes: their bytes are booked, and their reads do not wait
	streams   atomic.Int32 // exchanges that use the connection at once
	unwaited  int          // bytes read since the last wait; the reader's own
	waited    atomic.Int64 // nanoseconds in all waits that are over
	waitFrom  atomic.Int64 // when the wait under way began, in nanoseconds since madeAt; 0 is none
}

// maxRead returns how much of a buffer of so many bytes may be filled by one read.
func (s *share) maxRead(buffer int) int {
	if s.bandwidth == nil {
		return buffer
	}
	return min(buffer, s.bandwidth.chunk)
}

// wait returns when n bytes that have just been read are due, or done is closed.
// An HTTP/2 connection reads a chunk for each of its streams before it waits.
func (s *share) wait(n int, done <-chan struct{}) {
	if s.bandwidth == nil || n == 0 {
		return
	}
	now := time.Now()
	wait := s.bandwidth.book(n, now)
	s.unwaited += n
	if wait <= 0 || !s.waits || s.unwaited <= (int(s.streams.Load())-1)*s.bandwidth.chunk {
		return
	}
	s.unwaited = 0
	s.bandwidth.beginWait(now)
	s.waitFrom.Store(int64(max(now.Sub(s.madeAt), 1)))
	due := time.NewTimer(wait)
	select {
	case <-due.C:
	case <-done:
		due.Stop()
	}
	now = time.Now()
	s.waited.Add(int64(now.Sub(s.madeAt)) - s.waitFrom.Load())
	s.waitFrom.Store(0)
	s.bandwidth.endWait(now)
}

// waitedBy returns how long the connection has waited for bandwidth up to now: the server was not silent in that time.
func (s *share) waitedBy(now time.Time) time.Duration {
	waited := s.waited.Load()
	if from := s.waitFrom.Load(); from > 0 {
		waited += int64(now.Sub(s.madeAt)) - from
	}
	return time.Duration(waited)
}
