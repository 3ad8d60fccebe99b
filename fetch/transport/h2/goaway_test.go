package h2

import (
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/nettest"

	"golang.org/x/net/http2"
)

// TestGoAway: exchanges past the last stream that a GOAWAY names may be made again; those before it end as they do; the
// connection takes no others, and is closed behind the last.
func TestGoAway(t *testing.T) {
	const n = 5
	begun := make(chan struct{})
	c, owner := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 100})
		var ids []uint32
		for range n {
			ids = append(ids, s.next())
		}
		close(begun)
		_ = s.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil) // as servers do that leave gracefully
		_ = s.WriteGoAway(ids[1], http2.ErrCodeNo, nil)
		s.ok(ids[1], "two")
		s.ok(ids[0], "one")
		s.drain()
	})
	bodies, again := make(chan string, n), make(chan struct{}, n)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			body, err := exchange(t.Context(), c, get())
			var wrong *Error
			switch {
			case err == nil:
				bodies <- body
			case errors.As(err, &wrong) && wrong.NotProcessed && !wrong.Useless:
				again <- struct{}{}
			default:
				t.Error(err)
			}
		})
	}
	<-begun
	all.Wait()
	<-c.Done()
	if len(bodies) != 2 || len(again) != n-2 || owner.leaving != 1 || owner.done != n {
		t.Errorf("%d answered, %d again, %+v", len(bodies), len(again), owner)
	}
}

// TestGoAwayIsPinged: a server that leaves while exchanges are under way is pinged once, as one that has forgotten them
// ends the connection only then: Hypercorn 0.17 sends a GOAWAY behind the thousandth request, and no response after it.
func TestGoAwayIsPinged(t *testing.T) {
	pings := make(chan int, 1)
	c, _ := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings()
		id := s.next()
		_ = s.WriteGoAway(id, http2.ErrCodeNo, nil)
		_ = s.WriteGoAway(id, http2.ErrCodeNo, nil)
		_ = s.WritePing(false, [8]byte{7})
		n := 0
		s.await(func(f http2.Frame) bool {
			ping, is := f.(*http2.PingFrame)
			if is && !ping.IsAck() {
				n++
			}
			return is && ping.IsAck()
		})
		pings <- n
	})
	var wrong *Error
	_, err := exchange(t.Context(), c, get())
	if n := <-pings; n != 1 || !errors.As(err, &wrong) || !wrong.Conn || wrong.NotProcessed {
		t.Errorf("%d pings, %v", n, err)
	}
}

// TestReset: the error code of a RST_STREAM is that of the error; a refused stream may be sent again.
func TestReset(t *testing.T) {
	for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required+1; code++ {
		c, _ := startServer(t, testConfig(), func(s *server) {
			_ = s.WriteSettings()
			_ = s.WriteRSTStream(s.next(), code)
			s.drain()
		})
		var wrong *Error
		_, err := exchange(t.Context(), c, get())
		if !errors.As(err, &wrong) || !wrong.Remote || wrong.Conn || wrong.Code != code ||
			wrong.NotProcessed != (code == http2.ErrCodeRefusedStream) {
			t.Errorf("%v: %+v", code, err)
		}
	}
}

// TestStreamsAllowed: no more exchanges are under way than the server allows at the time, which may be none; those that
// wait begin in turn.
func TestStreamsAllowed(t *testing.T) {
	allow := func(s *server, n uint32) {
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: n})
	}
	const n = 6
	c, owner := startServer(t, testConfig(), func(s *server) {
		allow(s, 0)
		first := s.next() // was under way before SETTINGS came
		allow(s, 0)
		_ = s.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if id := s.next(); id != 0 {
			t.Errorf("stream %d, though none is allowed", id)
		}
		_ = s.conn.SetReadDeadline(time.Time{})
		allow(s, 2)
		s.ok(first, "body")
		for range (n - 1) / 2 {
			a, b := s.next(), s.next()
			s.ok(b, "body")
			s.ok(a, "body")
		}
		s.ok(s.next(), "body")
		s.drain()
	})
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if body, err := exchange(t.Context(), c, get()); body != "body" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	all.Wait()
	if len(owner.allowed) != 2 || owner.allowed[0] != 0 || owner.allowed[1] != 2 {
		t.Errorf("%v are allowed", owner.allowed)
	}
}

// TestCloseWhileRead: any goroutine may close a body, which ends a read that waits; the server learns of it.
func TestCloseWhileRead(t *testing.T) {
	reset := make(chan bool, 2)
	c, owner := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings()
		id := s.next()
		s.header(id, false, ":status", "200")
		_ = s.WriteData(id, false, []byte("body"))
		reset <- s.await(func(f http2.Frame) bool { return f.Header().Type == http2.FrameRSTStream }) != nil
		s.ok(s.next(), "body")
		s.drain()
	})
	resp, err := c.RoundTrip(t.Context(), get())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, len("body"))); err != nil {
		t.Error(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := resp.Body.Read(make([]byte, 1)) // waits
		read <- err
	}()
	_ = resp.Body.Close()
	if err := <-read; err != errBodyClosed {
		t.Errorf("the read ends with %v", err)
	}
	_ = resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err != errBodyClosed {
		t.Errorf("a read behind it: %v", err)
	}
	if !<-reset {
		t.Error("no RST_STREAM")
	}
	if body, err := exchange(t.Context(), c, get()); body != "body" || err != nil || owner.done != 2 {
		t.Errorf("then %q, %v, %+v", body, err, owner)
	}
}

// TestWrongBeforeAnyExchange: where a server violates the protocol before any exchange has begun, the first one says
// so, as it does where it has begun by then; it is not to be made over another connection.
func TestWrongBeforeAnyExchange(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	c := NewConn(ours, testConfig(), new(ownerLog))
	if err := http2.NewFramer(theirs, nil).WritePing(false, [8]byte{}); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	var wrong *Error
	if _, err := exchange(t.Context(), c, get()); !errors.As(err, &wrong) || wrong.NotProcessed || wrong.Reason == "" {
		t.Errorf("%#v", err)
	}
}
