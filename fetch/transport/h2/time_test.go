package h2

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// TestPing: a connection that is silent while it has an exchange is pinged after PingTime, and ends where nothing comes
// for as long again; one that answers, or has no exchange, does not.
func TestPing(t *testing.T) {
	for _, answers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			var pings atomic.Int32
			c, _ := serveOn(t, testConfig(), ours, theirs, func(s *server) {
				_ = s.WriteSettings()
				s.ok(s.next(), "")
				id := s.next()
				for {
					f := s.await(func(f http2.Frame) bool { return f.Header().Type == http2.FramePing })
					if f == nil {
						return
					}
					if pings.Add(1); !answers {
						continue
					}
					_ = s.WritePing(true, f.(*http2.PingFrame).Data)
					if pings.Load() == 5 {
						s.ok(id, "late")
						s.drain()
						return
					}
				}
			})
			if _, err := exchange(t.Context(), c, get()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour) // without an exchange
			began := time.Now()
			body, err := exchange(t.Context(), c, get())
			took := time.Since(began)
			if answers && (body != "late" || err != nil || took < 5*time.Minute || took > 6*time.Minute) ||
				!answers && (!errors.Is(err, ErrSilent) || took < 2*time.Minute || took > 3*time.Minute || pings.Load() != 1) {
				t.Errorf("answers %t: %q, %v after %s, %d pings", answers, body, err, took, pings.Load())
			}
			c.Close()
			<-c.Done()
		})
	}
}

// TestCanceled: the end of its context ends an exchange at once, with its cause: before the response and within it. The
// server learns of it, and the connection serves others, but is closed where it has no other: it may be dead.
func TestCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, within := range []bool{false, true} {
			ours, theirs := net.Pipe()
			resets := 0
			c, owner := serveOn(t, testConfig(), ours, theirs, func(s *server) {
				_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 2})
				s.next()
				if id := s.next(); within {
					s.header(id, false, ":status", "200")
				}
				s.await(func(f http2.Frame) bool {
					if f.Header().Type == http2.FrameRSTStream {
						resets++
					}
					return false
				})
			})
			other := make(chan error, 1)
			longer, stop := context.WithCancelCause(t.Context())
			go func() {
				_, err := exchange(longer, c, get())
				other <- err
			}()
			synctest.Wait()
			why := errors.New("a limit")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(why) })
			began := time.Now()
			if _, err := exchange(ctx, c, get()); err != why || time.Since(began) != time.Second {
				t.Errorf("within %t: %v after %s", within, err, time.Since(began))
			}
			if synctest.Wait(); resets != 1 || owner.leaving != 0 {
				t.Errorf("%d resets, %+v", resets, owner)
			}
			stop(why)
			if err := <-other; err != why {
				t.Error(err)
			}
			<-c.Done()
			if owner.leaving != 1 || owner.done != 2 {
				t.Errorf("%+v", owner)
			}
		}
	})
}

// TestReceiveWindow: a window grows while it may be what bounds the throughput, as far as there is room, and not else;
// it shrinks where the exchange falls behind; what the server may send never exceeds it.
func TestReceiveWindow(t *testing.T) {
	const least, roundTrip = 64 << 10, 100 * time.Millisecond
	room := NewWindows(16 << 20)
	for _, tt := range []struct {
		name      string
		perSecond float64 // bytes that the server sends, as far as the window allows
		reads     float64 // and that the exchange reads
		min, max  int     // what the window comes to
	}{
		{"1 Gbit/s", 125e6, 1e12, 16 << 20, 16 << 20},
		{"10 Mbit/s", 1.25e6, 1e12, 512 << 10, 2 << 20},
		{"slow", 1e3, 1e12, least, least},
		{"a slow reader", 125e6, 100e3, least, least},
	} {
		var w receiveWindow
		w.reset(least)
		now := time.Now()
		w.epoch = now
		const step = time.Millisecond
		inFlight := make([]int, int(roundTrip/step)) // increments on their way
		may, unread, total := least, 0, 0
		for i := range 20_000 {
			now = now.Add(step)
			may += inFlight[i%len(inFlight)]
			inFlight[i%len(inFlight)] = 0
			sent := min(may, int(tt.perSecond*step.Seconds()))
			may -= sent
			if !w.received(sent, 0) {
				t.Fatalf("%s: more than the window", tt.name)
			}
			unread += sent
			read := min(unread, int(min(tt.reads, 1e12)*step.Seconds()))
			unread -= read
			total += read
			if read > 0 {
				inFlight[i%len(inFlight)] += w.consumed(read, roundTrip, room, func() time.Time { return now })
			}
			if w.left+w.unread > w.size {
				t.Fatalf("%s: %d may come and %d are unread, of %d", tt.name, w.left, w.unread, w.size)
			}
		}
		if w.size < tt.min || w.size > tt.max {
			t.Errorf("%s: the window is %d KiB, %d bytes read", tt.name, w.size>>10, total)
		}
		if w.close(room); room.free != 16<<20 {
			t.Fatalf("%s: %d bytes are not given back", tt.name, 16<<20-room.free)
		}
	}
}

// TestEndOfResponseWithoutBody: the end of a response that has no body is waited for where it comes in a frame of its
// own, so that the stream is not reset, but not for long.
func TestEndOfResponseWithoutBody(t *testing.T) {
	for _, tt := range []struct {
		method, status string
		after          time.Duration // of the header, until the end comes
		resets         int
		waits          time.Duration
	}{
		{"HEAD", "200", endTime / 2, 0, endTime / 2},
		{"GET", "204", endTime / 2, 0, endTime / 2},
		{"GET", "304", endTime / 2, 0, endTime / 2},
		{"HEAD", "200", time.Hour, 1, endTime},
		{"GET", "200", endTime / 2, 1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			resets := 0
			c, owner := serveOn(t, testConfig(), ours, theirs, func(s *server) {
				_ = s.WriteSettings()
				id := s.next()
				s.header(id, false, ":status", tt.status, "content-length", "5")
				time.AfterFunc(tt.after, func() { _ = s.WriteData(id, true, nil) })
				s.await(func(f http2.Frame) bool {
					if f.Header().Type == http2.FrameRSTStream {
						resets++
					}
					return false
				})
			})
			r := get()
			r.Method = tt.method
			began := time.Now()
			resp, err := c.RoundTrip(t.Context(), r)
			if took := time.Since(began); err != nil || took != tt.waits {
				t.Fatalf("%+v: %v after %s", tt, err, took)
			}
			_ = resp.Body.Close()
			if synctest.Wait(); resets != tt.resets || owner.done != 1 {
				t.Errorf("%+v: %d resets, %+v", tt, resets, owner)
			}
			c.Close()
			<-c.Done()
		})
	}
}
