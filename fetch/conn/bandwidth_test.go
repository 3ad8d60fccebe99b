package conn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// A gulp is what one read brought.
type gulp struct {
	at time.Time
	n  int
}

// A drinker reads from a server that always has more, over a connection of its own, until it is closed.
type drinker struct {
	conn  *Conn
	gulps []gulp
	done  chan struct{}
}

// drink starts a drinker with so many flights on its connection, whose reads ask for at most buffer bytes.
func drink(b *Bandwidth, flights, buffer int) *drinker {
	ours, theirs := net.Pipe()
	d := &drinker{conn: New(ours, b, 0), done: make(chan struct{})}
	d.conn.share.waits = true
	d.conn.share.streams.Store(int32(flights))
	go func() {
		for {
			if _, err := theirs.Write(make([]byte, 25*b.chunk)); err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(d.done)
		for p := make([]byte, buffer); ; {
			n, err := d.conn.Read(p)
			if err != nil {
				return
			}
			d.gulps = append(d.gulps, gulp{time.Now(), n})
		}
	}()
	return d
}

// stop ends it and returns all it has read.
func (d *drinker) stop() (total int) {
	_ = d.conn.Close()
	<-d.done
	for _, g := range d.gulps {
		total += g.n
	}
	return total
}

// TestBandwidthIsShared: every flight gets the same, whatever its reads are like and how many share a connection,
// and all of them together get the whole.
func TestBandwidthIsShared(t *testing.T) {
	for _, perSecond := range []float64{2000, 100e3, 10e6, 300e6} {
		t.Run(fmt.Sprintf("%g", perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				span := time.Duration(min(1000, 50e6/perSecond) * float64(time.Second))
				b := NewBandwidth(perSecond)
				alone := []*drinker{drink(b, 1, 64<<10), drink(b, 1, 1<<20), drink(b, 1, max(usualChunk, b.chunk)), drink(b, 1, 64<<10)}
				together := drink(b, 5, 64<<10)
				time.Sleep(span)
				took := time.Since(alone[0].conn.madeAt)
				share := perSecond * took.Seconds() / 9
				total := 0.0
				for i, d := range append(alone, together) {
					flights := float64(d.conn.share.streams.Load())
					got := float64(d.stop())
					total += got
					if near := share*0.02 + perSecond*slack.Seconds() + float64(2*b.chunk); got/flights < share-near || got/flights > share+near {
						t.Errorf("drinker %d got %.0f bytes for each flight, its share is %.0f", i, got/flights, share)
					}
				}
				if most := perSecond*(took+slack).Seconds() + float64(9*b.chunk); total > most || total < 0.99*perSecond*took.Seconds()-float64(9*b.chunk) {
					t.Errorf("%.0f bytes in all, %.0f are allowed", total, most)
				}
			})
		})
	}
}

// TestBandwidthIsSmooth: in no window comes more than its time and the slack allow, but for a chunk of each flight, though some
// pause and others come late; who comes late has its share at once.
func TestBandwidthIsSmooth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perSecond = 1e6
		b := NewBandwidth(perSecond)
		early := []*drinker{drink(b, 1, 64<<10), drink(b, 1, 64<<10), drink(b, 1, 64<<10)}
		time.Sleep(5 * time.Second)
		late := drink(b, 1, 64<<10)
		time.Sleep(time.Second)
		if got, share := late.stop(), perSecond/4; float64(got) < 0.95*share || float64(got) > 1.05*share {
			t.Errorf("the late one got %d bytes in a second, its share is %.0f", got, share)
		}
		all := late.gulps
		for _, d := range early {
			d.stop()
			all = append(all, d.gulps...)
		}
		time.Sleep(time.Hour) // nothing is saved up
		again := drink(b, 1, 64<<10)
		time.Sleep(time.Second)
		again.stop()
		all = append(all, again.gulps...)
		for _, span := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
			most := perSecond*(span+slack).Seconds() + float64(4*b.chunk)
			for _, from := range all {
				sum := 0
				for _, g := range all {
					if since := g.at.Sub(from.at); since >= 0 && since < span {
						sum += g.n
					}
				}
				if float64(sum) > most {
					t.Fatalf("%d bytes in %s, allowed are %.0f", sum, span, most)
				}
			}
		}
	})
}

// TestBandwidthInEveryWindow: the pure part, with reads of any size at any time.
func TestBandwidthInEveryWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, perSecond := range []float64{1, 1000, 1e6, 1e9} {
		b := NewBandwidth(perSecond)
		var passed []gulp // when each read's wait was over
		now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
		for range 2000 {
			n := 1 + rng.IntN(b.chunk)
			wait := max(b.book(n, now), 0)
			now = now.Add(wait)
			passed = append(passed, gulp{now, n})
			if rng.IntN(50) == 0 {
				now = now.Add(time.Duration(rng.Int64N(int64(time.Minute))))
			}
		}
		for i := range passed {
			sum := 0
			for j := i; j < min(i+100, len(passed)); j++ {
				sum += passed[j].n
				if most := perSecond*(passed[j].at.Sub(passed[i].at)+slack).Seconds() + float64(b.chunk) + 1; float64(sum) > most {
					t.Fatalf("%g/s: %d bytes in %s, allowed are %.0f", perSecond, sum, passed[j].at.Sub(passed[i].at), most)
				}
			}
		}
	}
}

// TestWaitingForBandwidthIsNotSilence: a flight that hardly gets anything, because it is not its turn, has not stalled;
// a server that sends nothing has, though others wait.
func TestWaitingForBandwidthIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBandwidth(100)
		watched := func(c *Conn, shared bool) (*StallTimer, context.Context) {
			ctx, cancel := context.WithCancelCause(context.Background())
			w := new(StallTimer)
			w.Init(4*time.Second, cancel)
			w.Start(c, shared)
			return w, ctx
		}
		slow := drink(b, 1, 64<<10)
		mine, _ := watched(slow.conn, false)
		var waits []*StallTimer
		var healthy []context.Context
		for _, shared := range []bool{false, true} {
			d := drink(b, 1, 64<<10)
			defer d.stop()
			w, ctx := watched(d.conn, shared)
			waits, healthy = append(waits, w), append(healthy, ctx)
		}
		dead, nobody := net.Pipe()
		defer nobody.Close()
		silent := New(dead, b, 0)
		silent.share.waits = true
		go func() { _, _ = silent.Read(make([]byte, 1)) }()
		quiet, stalled := watched(silent, false)

		time.Sleep(4*time.Second + 4*time.Second/stallSteps)
		if !errors.As(context.Cause(stalled), new(*failure.Limit)) {
			t.Error("a silent server is not found")
		}
		time.Sleep(10 * time.Minute)
		for i, ctx := range healthy {
			if ctx.Err() != nil {
				t.Errorf("flight %d is taken for stalled: %v", i, context.Cause(ctx))
			}
		}
		for _, w := range append(waits, mine, quiet) {
			w.Stop()
		}
		_ = silent.Close()
		slow.stop()
	})
}

// TestClosedWhileItWaitsForBandwidth: what ends an exchange ends its wait.
func TestClosedWhileItWaitsForBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := drink(NewBandwidth(1), 1, 64<<10)
		time.Sleep(time.Second)
		began := time.Now()
		d.stop()
		if took := time.Since(began); took > 0 {
			t.Errorf("it went on for %s", took)
		}
	})
}

// TestHeldByBandwidth: the time in which someone waited, once, however many do.
func TestHeldByBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBandwidth(10e3)
		time.Sleep(time.Minute)
		if got := b.LimitedFor(time.Now()); got != 0 {
			t.Errorf("nobody has waited for %s", got)
		}
		first, second := drink(b, 1, 64<<10), drink(b, 1, 64<<10)
		time.Sleep(time.Minute)
		first.stop()
		second.stop()
		time.Sleep(time.Minute)
		if got := b.LimitedFor(time.Now()); got < 59*time.Second || got > time.Minute {
			t.Errorf("held for %s of a minute", got)
		}
	})
}
