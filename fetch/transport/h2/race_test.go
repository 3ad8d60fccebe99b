package h2

import (
	"io"
	"sync"
	"testing"
	"time"
)

// TestWokenStreamIsOver: a stream that the reader is about to wake may be over by then, and begin another exchange. The
// race detector sees where the reader still looks at it.
func TestWokenStreamIsOver(t *testing.T) {
	c := &Conn{config: testConfig()}
	s := c.newStream(get(), c.config.Window)
	var reader sync.WaitGroup
	noted := make(chan struct{})
	reader.Go(func() {
		c.mu.Lock()
		c.woken.add(s.wake)
		c.mu.Unlock()
		close(noted)
		c.woken.wakeAll()
	})
	<-noted
	c.mu.Lock()
	c.recycle(s)
	again := c.newStream(get(), c.config.Window)
	c.mu.Unlock()
	reader.Wait()
	if again != s || len(again.wake) != 1 {
		t.Errorf("another stream, or not woken: %d", len(again.wake))
	}
}

// TestTrailerLeavesRequest: a request is the caller's again once the header of the response has come. The race detector
// sees where a trailer still writes to it.
func TestTrailerLeavesRequest(t *testing.T) {
	returned := make(chan struct{})
	c, _ := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings()
		id := s.next()
		s.header(id, false, ":status", "200")
		<-returned
		s.header(id, true, "x-trailer", "a")
		_ = s.WritePing(false, [8]byte{})
		s.drain()
	})
	request := get()
	resp, err := c.RoundTrip(t.Context(), request)
	before := c.frames.Load()
	close(returned)
	if err != nil || !request.Responded {
		t.Fatal(request.Responded, err)
	}
	for c.frames.Load() < before+2 { // without the lock, so that nothing else orders the two
		time.Sleep(time.Millisecond)
	}
	if body, err := io.ReadAll(resp.Body); len(body) > 0 || err != nil || len(resp.Trailer) != 1 {
		t.Errorf("%q, %v, trailer %v", body, err, resp.Trailer)
	}
}
