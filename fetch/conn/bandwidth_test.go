package conn

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A timedRead is one read: when it returned, and how many bytes it brought.
type timedRead struct {
	at time.Time
	n  int
}

// A readLoop reads, until it is stopped, over a connection of its own from a server that always has more to send.
type readLoop struct {
	conn  *Conn
	reads []timedRead
	done  chan struct{}
}

// startReading starts a readLoop on a connection that counts so many streams. Each read has a buffer of the given size.
func startReading(b *Bandwidth, streams, buffer int) *readLoop {
	ours, theirs := net.Pipe()
	l := &readLoop{conn: New(ours, b), done: make(chan struct{})}
	l.conn.share.waits = true
	l.conn.share.streams.Store(int32(streams))
	go func() {
		for {
			if _, err := theirs.Write(make([]byte, 25*b.chunk)); err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(l.done)
		for p := make([]byte, buffer); ; {
			n, err := l.conn.Read(p)
			if err != nil {
				return
			}
			l.reads = append(l.reads, timedRead{time.Now(), n})
		}
	}()
	return l
}

// stop ends the readLoop and returns how many bytes it has read.
func (l *readLoop) stop() (total int) {
	_ = l.conn.Close()
	<-l.done
	for _, r := range l.reads {
		total += r.n
	}
	return total
}

// TestBandwidthIsShared: every stream gets the same share, whatever the size of its reads and however many streams are
// on its connection, and all of them together get the whole bandwidth.
func TestBandwidthIsShared(t *testing.T) {
	for _, perSecond := range []float64{2000, 100e3, 10e6, 300e6} {
		t.Run(fmt.Sprintf("%g", perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				span := time.Duration(min(1000, 50e6/perSecond) * float64(time.Second))
				b := NewBandwidth(perSecond)
				var loops []*readLoop
				for _, buffer := range []int{64 << 10, 1 << 20, max(usualChunk, b.chunk), 64 << 10} {
					loops = append(loops, startReading(b, 1, buffer))
				}
				loops = append(loops, startReading(b, 5, 64<<10)) // five streams on one connection
				time.Sleep(span)
				took := time.Since(loops[0].conn.madeAt)
				share := perSecond * took.Seconds() / 9
				near := share*0.02 + perSecond*slack.Seconds() + float64(2*b.chunk)
				total := 0.0
				for i, l := range loops {
					streams := float64(l.conn.share.streams.Load())
					got := float64(l.stop())
					total += got
					if got/streams < share-near || got/streams > share+near {
						t.Errorf("connection %d got %.0f bytes for each stream, its share is %.0f", i, got/streams, share)
					}
				}
				least := 0.99*perSecond*took.Seconds() - float64(9*b.chunk)
				if most := perSecond*(took+slack).Seconds() + float64(9*b.chunk); total > most || total < least {
					t.Errorf("%.0f bytes in all, %.0f are allowed", total, most)
				}
			})
		})
	}
}

// TestBandwidthIsSmooth: in no window more bytes come than its length and the slack allow, but for a chunk of each
// stream, though some pause and others start late. One that starts late has its share at once.
func TestBandwidthIsSmooth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perSecond = 1e6
		b := NewBandwidth(perSecond)
		early := []*readLoop{startReading(b, 1, 64<<10), startReading(b, 1, 64<<10), startReading(b, 1, 64<<10)}
		time.Sleep(5 * time.Second)
		late := startReading(b, 1, 64<<10)
		time.Sleep(time.Second)
		if got, share := late.stop(), perSecond/4; float64(got) < 0.95*share || float64(got) > 1.05*share {
			t.Errorf("the one that started late got %d bytes in a second, its share is %.0f", got, share)
		}
		all := late.reads
		for _, l := range early {
			l.stop()
			all = append(all, l.reads...)
		}
		time.Sleep(time.Hour) // the bandwidth that a pause leaves unused is not saved up
		again := startReading(b, 1, 64<<10)
		time.Sleep(time.Second)
		again.stop()
		all = append(all, again.reads...)
		for _, span := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
			most := perSecond*(span+slack).Seconds() + float64(4*b.chunk)
			for _, from := range all {
				sum := 0
				for _, r := range all {
					if since := r.at.Sub(from.at); since >= 0 && since < span {
						sum += r.n
					}
				}
				if float64(sum) > most {
					t.Fatalf("%d bytes in %s, allowed are %.0f", sum, span, most)
				}
			}
		}
	})
}

// TestBandwidthInEveryWindow: book allows no more than the bandwidth in any window, with reads of any size at any time.
func TestBandwidthInEveryWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, perSecond := range []float64{1, 1000, 1e6, 1e9} {
		b := NewBandwidth(perSecond)
		var passed []timedRead // when each read's wait was over
		now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
		for range 2000 {
			n := 1 + rng.IntN(b.chunk)
			wait := max(b.book(n, now), 0)
			now = now.Add(wait)
			passed = append(passed, timedRead{now, n})
			if rng.IntN(50) == 0 {
				now = now.Add(time.Duration(rng.Int64N(int64(time.Minute))))
			}
		}
		for i := range passed {
			sum := 0
			for j := i; j < min(i+100, len(passed)); j++ {
				sum += passed[j].n
				span := passed[j].at.Sub(passed[i].at)
				if most := perSecond*(span+slack).Seconds() + float64(b.chunk) + 1; float64(sum) > most {
					t.Fatalf("%g/s: %d bytes in %s, allowed are %.0f", perSecond, sum, span, most)
				}
			}
		}
	}
}

// TestClosedWhileItWaitsForBandwidth: Close ends the wait of a read.
func TestClosedWhileItWaitsForBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startReading(NewBandwidth(1), 1, 64<<10)
		time.Sleep(time.Second)
		began := time.Now()
		l.stop()
		if took := time.Since(began); took > 0 {
			t.Errorf("it waited for another %s", took)
		}
	})
}

// TestLimitedFor: time in which several readers wait counts once.
func TestLimitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBandwidth(10e3)
		time.Sleep(time.Minute)
		if got := b.LimitedFor(time.Now()); got != 0 {
			t.Errorf("no reader has waited, got %s", got)
		}
		first, second := startReading(b, 1, 64<<10), startReading(b, 1, 64<<10)
		time.Sleep(time.Minute)
		first.stop()
		second.stop()
		time.Sleep(time.Minute)
		if got := b.LimitedFor(time.Now()); got < 59*time.Second || got > time.Minute {
			t.Errorf("limited for %s of a minute", got)
		}
	})
}
