package fetch

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// stallBytes is how much has to move within one --stall-timeout.
const stallBytes = 1 << 10

// stallSteps is how many looks a watch takes per limit: a stall is noticed at most an eighth of the limit late.
const stallSteps = 8

// A watch ends an exchange in which too little moves once it is connected.
type watch struct {
	limit  time.Duration
	cancel context.CancelCauseFunc
	body   atomic.Int64
	busy   atomic.Bool // the exchange is at work on what has come of a body, and does not ask for more
	conn   *conn       // counts what moves, where the exchange has the connection to itself; else nil
	road   *conn       // the connection, shared or not; nil is unknown

	mu    sync.Mutex
	timer *time.Timer
	marks [stallSteps]int64 // what had moved at the last looks
	look  int
	done  bool

	paused bool // between two connections

	ticked time.Time     // the last tick
	waited time.Duration // what road had waited for bandwidth by then
	silent time.Duration // since the last look, waits for bandwidth aside
}

// start begins to watch an exchange over road; shared says that others use it too. A nil road is an unknown one.
func (w *watch) start(road *conn, shared bool) {
	if w.limit <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return
	}
	w.paused = false
	w.conn, w.road = road, road
	if shared {
		w.conn = nil
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(w.limit/stallSteps, w.tick)
	}
	w.restart()
}

// restart begins anew with what has moved by now.
func (w *watch) restart() {
	w.look = 0
	if w.road.rations() {
		w.ticked = time.Now()
		w.silent, w.waited = 0, w.road.turn.waitedBy(w.ticked)
	}
	begun := w.total()
	for i := range w.marks {
		w.marks[i] = begun
	}
	w.timer.Reset(w.limit / stallSteps)
}

func (w *watch) total() int64 {
	if w.conn != nil {
		return w.conn.moved()
	}
	return w.body.Load()
}

// moved notes n bytes of a body.
func (w *watch) moved(n int) { w.body.Add(int64(n)) }

func (w *watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done || w.paused {
		return
	}
	if w.busy.Load() { // the silence may be ours: decoding takes time, and so does a disk
		w.restart()
		return
	}
	if w.due() && w.stalled() {
		w.cancel(&limitError{Stalled, "stall-timeout", w.limit})
		return
	}
	w.timer.Reset(w.limit / stallSteps)
}

// due reports whether it is time for a look. Time in which the connection waited for its share of the bandwidth does not count:
// it is not the server that was silent then.
func (w *watch) due() bool {
	if !w.road.rations() {
		return true
	}
	now := time.Now()
	waited := w.road.turn.waitedBy(now)
	w.silent += now.Sub(w.ticked) - (waited - w.waited)
	w.ticked, w.waited = now, waited
	if w.silent < w.limit/stallSteps {
		return false
	}
	w.silent = 0
	return true
}

// stalled takes a look, and reports whether too little has moved since the one before a whole limit ago.
func (w *watch) stalled() bool {
	total := w.total()
	slot := w.look % stallSteps
	w.look++
	if w.look >= stallSteps && total-w.marks[slot] < stallBytes {
		return true
	}
	w.marks[slot] = total
	return false
}

// pause waits for another start.
func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = true
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

// A conn counts what moves over it.
type conn struct {
	net.Conn
	remote        string
	made          time.Time
	last          atomic.Int64  // when something came last, in nanoseconds since made
	patience      time.Duration // how long it may be silent when a ping is under way
	received, out atomic.Int64
	bodies        atomic.Int64  // of what was received, where exchanges share the connection: bytes of bodies
	closed        atomic.Bool   // by the other side
	reset         atomic.Bool   // by the other side
	given         chan struct{} // closed once this side has closed the connection: nobody reads from it any more
	giving        sync.Once
	turn          turn  // its place in the bandwidth
	peek          *peek // at what has come; nil where the system has none
}

// rations reports whether reading from it may wait for bandwidth.
func (c *conn) rations() bool { return c != nil && c.turn.bandwidth != nil }

// Close tells those who wait for it.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.giving.Do(func() { close(c.given) })
	return err
}

// ready is called once what asks over the connection may wait for its turn.
func (c *conn) ready() *conn {
	c.turn.waits = true
	return c
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:c.turn.most(len(p))])
	if n > 0 {
		c.received.Add(int64(n))
		c.last.Store(int64(time.Since(c.made)))
	}
	c.note(err)
	c.turn.await(n, c.given)
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	c.note(err)
	return n, err
}

// isSilent reports whether nothing has come for so long that it can't be what came last that ended the connection.
func (c *conn) isSilent() bool {
	return time.Since(c.made)-time.Duration(c.last.Load()) >= c.patience
}

// note remembers how the connection ended: of several goroutines that use it, only the first is told.
func (c *conn) note(err error) {
	switch {
	case err == nil:
	case err == io.EOF:
		c.closed.Store(true)
	case isReset(err):
		c.reset.Store(true)
	}
}

func (c *conn) moved() int64 { return c.received.Load() + c.out.Load() }
