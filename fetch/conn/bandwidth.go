package conn

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Bandwidth is a rate limit, in bytes per second, on what all connections of a run receive together. Bytes are
// counted as they come from the network: coded bodies, headers, HTTP/2 frames, TLS records and handshakes. TCP and IP
// headers are not counted, nor are bytes that a server has sent and that are still unread in the kernel, up to about
// 128 KiB a connection. A nil *Bandwidth is no limit. Any goroutine may use it.
//
// It keeps the time at which the bytes read so far are due at that rate. Each read adds its bytes to that time and
// waits until they are due. A read is one small chunk, so that each of n readers gets an n-th of the rate, a new one
// at once.
type Bandwidth struct {
	perSecond float64 // bytes
	chunk     int     // the most that one read takes before it waits, in bytes

	mu       sync.Mutex    // guards all below
	due      time.Time     // when all bytes booked so far are due
	waiting  int           // readers that wait now
	waitFrom time.Time     // when waiting rose above 0
	waited   time.Duration // sum of the spans in which waiting was above 0 and that are over
}

// slack is the burst that is allowed after a pause, as the time that its bytes take at the rate. Timers that fire up to
// 10 ms late cost no throughput.
const slack = 10 * time.Millisecond

// These bound a chunk, in bytes. It is what comes within slack, but at most usualChunk, which is how much net/http
// reads at once of a chunked body, so that all reads have one size, and at least minChunk, below which a read is not
// worth its system call. Past 100 MB/s it grows up to maxChunk, so that there are at most maxReadsPerSecond.
const (
	minChunk          = 512
	usualChunk        = 4 << 10
	maxChunk          = 64 << 10
	maxReadsPerSecond = 25000
)

// These set a socket's receive buffer: one connection alone must be able to use the whole bandwidth over a round trip
// of maxRoundTrip. Where that needs more than usualReadBuffer bytes, the size is left to the kernel.
const (
	maxRoundTrip    = 250 * time.Millisecond
	usualReadBuffer = 1 << 20
	initialWindow   = 64 << 10 // bytes that a server may send before it learns of a smaller TCP window
)

// MaxWait is the longest time, about ten years, that any number of bytes is taken to need: it keeps arithmetic with
// durations from overflowing.
const MaxWait = 10 * 365 * 24 * time.Hour

// NewBandwidth returns a limit of perSecond bytes per second; nil, which is no limit, where perSecond is not above 0.
func NewBandwidth(perSecond float64) *Bandwidth {
	if perSecond <= 0 {
		return nil
	}
	chunk := max(minChunk, min(perSecond*slack.Seconds(), usualChunk), min(perSecond/maxReadsPerSecond, maxChunk))
	return &Bandwidth{perSecond: perSecond, chunk: int(chunk)}
}

// ReadBuffer returns the size in bytes that a socket's receive buffer (SO_RCVBUF) is to have; 0 leaves it to the
// kernel.
func (b *Bandwidth) ReadBuffer() int {
	if b == nil {
		return 0
	}
	if n := b.perSecond * maxRoundTrip.Seconds(); n <= usualReadBuffer {
		return int(max(n, initialWindow))
	}
	return 0
}

// book adds n bytes, read at now, to the bytes due, and returns how long their reader has to wait; 0 or less is no
// wait.
func (b *Bandwidth) book(n int, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due.Before(now) {
		b.due = now
	}
	b.due = b.due.Add(b.timeOf(n))
	return b.due.Sub(now) - slack
}

// timeOf returns how long n bytes take at the rate, at most MaxWait.
func (b *Bandwidth) timeOf(n int) time.Duration {
	return time.Duration(min(float64(n)/b.perSecond, MaxWait.Seconds()) * float64(time.Second))
}

// beginWait counts a reader that begins to wait at now. Each call is followed by one of endWait.
func (b *Bandwidth) beginWait(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == 1 {
		b.waitFrom = now
	}
}

// endWait takes a reader off the count of beginWait.
func (b *Bandwidth) endWait(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting--; b.waiting == 0 {
		b.waited += now.Sub(b.waitFrom)
	}
}

// LimitedFor returns for how long in all, up to now, at least one reader has waited: the time in which the bandwidth
// was the bottleneck. It is 0 for a nil Bandwidth.
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

// A share is what one connection gets of a Bandwidth. Its reader waits in it; other goroutines may ask how long that
// was.
type share struct {
	bandwidth *Bandwidth   // nil is no limit
	madeAt    time.Time    // some time before the first wait
	waits     bool         // false during handshakes: their bytes are booked, but their reads do not wait
	streams   atomic.Int32 // exchanges that use the connection at once
	unwaited  int          // bytes read since the last wait; for the reader alone
	waited    atomic.Int64 // nanoseconds in all waits that are over
	waitFrom  atomic.Int64 // when the wait under way began, in nanoseconds since madeAt; 0 is no wait
}

// maxRead returns how many bytes one read may take into a buffer of the given size.
func (s *share) maxRead(buffer int) int {
	if s.bandwidth == nil {
		return buffer
	}
	return min(buffer, s.bandwidth.chunk)
}

// wait books n bytes that have just been read and returns when they are due, or when done is closed.
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

// waitedBy returns how long in all, up to now, the connection has waited for bandwidth. In that time the server can't
// be called silent.
func (s *share) waitedBy(now time.Time) time.Duration {
	waited := s.waited.Load()
	if from := s.waitFrom.Load(); from > 0 {
		waited += int64(now.Sub(s.madeAt)) - from
	}
	return time.Duration(waited)
}
