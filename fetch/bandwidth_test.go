package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A gulp is what one read brought.
type gulp struct {
	at time.Time
	n  int
}

// A drinker reads from a server that always has more, over a connection of its own, until it is closed.
type drinker struct {
	conn  *conn
	gulps []gulp
	done  chan struct{}
}

// drink starts a drinker with so many flights on its connection, whose reads ask for at most buffer bytes.
func drink(b *bandwidth, flights, buffer int) *drinker {
	ours, theirs := net.Pipe()
	d := &drinker{conn: newConn(ours, b, 0), done: make(chan struct{})}
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
				b := newBandwidth(perSecond)
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
		b := newBandwidth(perSecond)
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
		b := newBandwidth(perSecond)
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
		b := newBandwidth(100)
		watched := func(c *conn, shared bool) (*stallTimer, context.Context) {
			ctx, cancel := context.WithCancelCause(context.Background())
			w := new(stallTimer)
			w.init(4*time.Second, cancel)
			w.start(c, shared)
			return w, ctx
		}
		slow := drink(b, 1, 64<<10)
		mine, _ := watched(slow.conn, false)
		var waits []*stallTimer
		var healthy []context.Context
		for _, shared := range []bool{false, true} {
			d := drink(b, 1, 64<<10)
			defer d.stop()
			w, ctx := watched(d.conn, shared)
			waits, healthy = append(waits, w), append(healthy, ctx)
		}
		dead, nobody := net.Pipe()
		defer nobody.Close()
		silent := newConn(dead, b, 0)
		silent.share.waits = true
		go func() { _, _ = silent.Read(make([]byte, 1)) }()
		quiet, stalled := watched(silent, false)

		time.Sleep(4*time.Second + 4*time.Second/stallSteps)
		if !errors.As(context.Cause(stalled), new(*limitError)) {
			t.Error("a silent server is not found")
		}
		time.Sleep(10 * time.Minute)
		for i, ctx := range healthy {
			if ctx.Err() != nil {
				t.Errorf("flight %d is taken for stalled: %v", i, context.Cause(ctx))
			}
		}
		for _, w := range append(waits, mine, quiet) {
			w.stop()
		}
		_ = silent.Close()
		slow.stop()
	})
}

// TestClosedWhileItWaitsForBandwidth: what ends an exchange ends its wait.
func TestClosedWhileItWaitsForBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := drink(newBandwidth(1), 1, 64<<10)
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
		b := newBandwidth(10e3)
		time.Sleep(time.Minute)
		if got := b.limitedFor(time.Now()); got != 0 {
			t.Errorf("nobody has waited for %s", got)
		}
		first, second := drink(b, 1, 64<<10), drink(b, 1, 64<<10)
		time.Sleep(time.Minute)
		first.stop()
		second.stop()
		time.Sleep(time.Minute)
		if got := b.limitedFor(time.Now()); got < 59*time.Second || got > time.Minute {
			t.Errorf("held for %s of a minute", got)
		}
	})
}

// TestPingsWaitForBandwidth: the answer to a ping may lie behind what the bandwidth holds up.
func TestPingsWaitForBandwidth(t *testing.T) {
	for _, tt := range []struct {
		bandwidth   float64
		concurrency int
		least, most time.Duration
	}{
		{0, 50, usualPingTime, usualPingTime},
		{1e9, 50, usualPingTime, usualPingTime + time.Second},
		{100e3, 50, 2 * time.Minute, 3 * time.Minute},
		{1, mostConcurrency, usualPingTime + maxBandwidthWait, usualPingTime + maxBandwidthWait},
	} {
		got := pingTime(tt.bandwidth, tt.concurrency)
		if got < tt.least || got > tt.most {
			t.Errorf("%g bytes/s: %s, want %s to %s", tt.bandwidth, got, tt.least, tt.most)
		}
	}
}

// TestBandwidthOverSockets: a run takes at least the time that its bytes take, bodies, headers and all,
// over HTTP/1.1 and HTTP/2, and says what held it up.
func TestBandwidthOverSockets(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Padding", strings.Repeat("p", 10<<10))
		_, _ = io.WriteString(w, strings.Repeat("b", 30<<10))
	}
	for _, version := range []HTTPVersion{HTTP1, HTTP2} {
		t.Run(string(version), func(t *testing.T) {
			server, o := secured(t, true, page)
			o.Bandwidth, o.HTTP = 1e6, version
			got := new(shelf)
			summary, err := Run(t.Context(), urls(16, server), got, o)
			if err != nil || summary.Succeeded != 16 {
				t.Fatalf("%v: %s", err, got.kinds())
			}
			least := 16 * 30 << 10 // bodies
			if version == HTTP1 {
				least = 16 * 40 << 10 // HTTP/2 has a header's text once for all answers
			}
			if want := time.Duration(float64(least)/1e6*float64(time.Second)) - 10*time.Millisecond; summary.Elapsed < want {
				t.Errorf("took %s, at least %s are needed", summary.Elapsed, want)
			}
			if summary.LimitedBy != LimitBandwidth {
				t.Errorf("limited by %s: %v", summary.LimitedBy, summary.LimitedFor)
			}
		})
	}
}
