package transport

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// A steppedHost is a host that speaks HTTP/2 without TLS and takes one exchange at once over a connection, step by
// step. Each channel is of one connection, the first made or the second.
type steppedHost struct {
	transport *Transport
	target    *Target
	dialing   [2]chan struct{} // closed once its dial is under way
	accept    [2]chan struct{} // closed by the test: the dial succeeds
	requests  [2]chan uint32   // the stream of each request
	conns     [2]*h2Server     // set before the first of requests
	exchanges sync.WaitGroup
}

// newSteppedHost returns a steppedHost. The first connection to it begins with SETTINGS, the second with nothing.
func newSteppedHost(t *testing.T) *steppedHost {
	t.Helper()
	config := testConfig()
	config.HTTP = HTTP2
	h := &steppedHost{transport: New(config), target: testTarget(t, "GET", "http://a.test/", nil)}
	var ours, theirs [2]net.Conn
	for i := range ours {
		ours[i], theirs[i] = nettest.Pair(t)
		h.dialing[i], h.accept[i], h.requests[i] = make(chan struct{}), make(chan struct{}), make(chan uint32, 100)
	}
	var dials int // one at a time
	var served sync.WaitGroup
	tcpPool(h.transport).dial = func(ctx context.Context, _ *Target) connResult {
		i := dials
		if dials++; i == len(ours) {
			t.Error("a third dial")
			<-ctx.Done()
			return connResult{err: context.Cause(ctx)}
		}
		close(h.dialing[i])
		select {
		case <-h.accept[i]:
		case <-ctx.Done():
			return connResult{err: context.Cause(ctx)}
		}
		served.Go(func() { h.serve(i, theirs[i]) })
		return connResult{h2: conn.New(ours[i], nil)}
	}
	t.Cleanup(func() { h.transport.Close(); h.exchanges.Wait(); served.Wait() })
	return h
}

// serve takes the requests of a connection. All else is the test's to say.
func (h *steppedHost) serve(i int, c net.Conn) {
	s := &h2Server{Framer: http2.NewFramer(c, c), conn: c}
	h.conns[i] = s
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	if i == 0 {
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
	}
	for {
		f, err := s.ReadFrame()
		if err != nil {
			return
		}
		if id := f.Header().StreamID; f.Header().Type == http2.FrameHeaders {
			h.requests[i] <- id
		}
	}
}

// start starts an exchange, which is to succeed.
func (h *steppedHost) start(t *testing.T) {
	h.exchanges.Go(func() {
		if body, err := exchangeOver(t.Context(), h.transport, h.target); body != "2" {
			t.Errorf("%q, %v", body, err)
		}
	})
}

// await waits until n exchanges wait for a connection.
func (h *steppedHost) await(t *testing.T, n int) {
	t.Helper()
	p := tcpPool(h.transport)
	nettest.Eventually(t, "exchanges that wait", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		queue := p.queues[h.target.Origin]
		return queue != nil && len(queue.wants) == n
	})
}

// request returns the stream of the next request over a connection.
func (h *steppedHost) request(t *testing.T, i int) uint32 {
	t.Helper()
	select {
	case id := <-h.requests[i]:
		return id
	case <-time.After(time.Minute):
		t.Fatal("no request comes")
		return 0
	}
}

// TestSecondConnectionHoldsNothingBack: while the first request over a second connection to a host gets no response,
// and the connection's SETTINGS do not come, all others are made over the first as far as it has room.
func TestSecondConnectionHoldsNothingBack(t *testing.T) {
	t.Run("needed", func(t *testing.T) {
		h := newSteppedHost(t)
		h.start(t)
		close(h.accept[0])
		first := h.request(t, 0)
		h.start(t)
		close(h.accept[1])
		late := h.request(t, 1)
		h.start(t)
		h.start(t)
		h.await(t, 2)
		h.conns[0].ok(first)
		h.conns[0].ok(h.request(t, 0))
		h.conns[0].ok(h.request(t, 0))
		_ = h.conns[1].WriteSettings()
		h.conns[1].ok(late)
		h.exchanges.Wait()
	})
	t.Run("not needed any more", func(t *testing.T) {
		h := newSteppedHost(t)
		h.start(t)
		close(h.accept[0])
		first := h.request(t, 0)
		h.start(t)
		<-h.dialing[1]
		h.conns[0].ok(first)
		first = h.request(t, 0) // that which the second connection is made for
		close(h.accept[1])
		p := tcpPool(h.transport)
		nettest.Eventually(t, "the second connection", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.shared.byHost[h.target.Origin]) == 2
		})
		h.start(t)
		late := h.request(t, 1)
		h.start(t)
		h.start(t)
		h.await(t, 2)
		h.conns[0].ok(first)
		h.conns[0].ok(h.request(t, 0))
		h.conns[0].ok(h.request(t, 0))
		_ = h.conns[1].WriteSettings()
		h.conns[1].ok(late)
		h.exchanges.Wait()
	})
}
