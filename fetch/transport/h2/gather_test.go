package h2

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"batchfetch/fetch/nettest"
)

// A countingConn counts writes.
type countingConn struct {
	net.Conn
	writes atomic.Int32
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestWritesAreGathered: requests that come at once go out in a few writes.
func TestWritesAreGathered(t *testing.T) {
	const n = 50
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that all can run while one writes
	ours, theirs := nettest.Pair(t)
	counting := &countingConn{Conn: ours}
	c, _ := serveOn(t, testConfig(), counting, theirs, func(s *server) {
		_ = s.WriteSettings()
		s.ok(s.next(), "")
		var ids []uint32
		for range n {
			ids = append(ids, s.next())
		}
		for _, id := range ids {
			s.ok(id, "body")
		}
		s.drain()
	})
	if _, err := exchange(t.Context(), c, get()); err != nil {
		t.Fatal(err)
	}
	before := counting.writes.Load()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if body, err := exchange(t.Context(), c, get()); body != "body" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	all.Wait()
	if writes := counting.writes.Load() - before; writes > n/2 {
		t.Errorf("%d writes", writes)
	}
}
