package transport

import (
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// maxAtOnce is how many bytes a request may have to be written in one go before the response is read: the kernel's send
// buffer takes them, whether or not the server reads (see dial). A larger one is written while the response is awaited,
// which may come early (RFC 9112 section 9.5).
const maxAtOnce = 64 << 10

// writeConcurrently writes a request in a goroutine of its own, in chunks, so that the stall timer sees progress. The
// goroutine ends when all is written, or the connection is closed; responseBody.end waits for it.
func (h *h1Conn) writeConcurrently(parts ...[]byte) *bodyWrite {
	w := &bodyWrite{over: h.conn, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for _, part := range parts {
			for chunk := range slices.Chunk(part, maxAtOnce) {
				if _, err := h.stream().Write(chunk); err != nil {
					w.fail(err)
					return
				}
			}
		}
		w.whole = true
	}()
	return w
}

// A bodyWrite is a request that is being written while its response is read. A nil *bodyWrite is done.
type bodyWrite struct {
	over  *conn.Conn
	ended chan struct{} // closed at the end of the goroutine that writes
	whole bool          // all was written; read once ended is closed

	mu       sync.Mutex // guards the next two
	err      error      // of the write
	answered bool       // the header of the response has come
}

// waitAfterFailure is how long the response to a request that can't be written is waited for. What the server sent
// before it closed the connection is there at once, and without it no response comes.
const waitAfterFailure = 200 * time.Millisecond

// fail takes the error of the write, and ends the wait for a response.
func (w *bodyWrite) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	if !w.answered {
		_ = w.over.SetReadDeadline(time.Now().Add(waitAfterFailure)) // a connection that has none is closed
	}
}

// answer takes note that the header of the response has come: its body is read in its own time.
func (w *bodyWrite) answer() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = true
	if w.err != nil {
		_ = w.over.SetReadDeadline(time.Time{}) // as in fail
	}
}

// explain returns the error of reading the response; where that was waited for in vain, the failure of the write.
func (w *bodyWrite) explain(err error) error {
	if w == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return err
	}
	return failure.New(failure.Reset, "the request could not be sent: %w", w.err)
}

// isDone reports whether all has been written by now.
func (w *bodyWrite) isDone() bool {
	if w == nil {
		return true
	}
	select {
	case <-w.ended:
		return w.whole
	default:
		return false
	}
}

// wait returns once the write has ended, whether or not all was written.
func (w *bodyWrite) wait() {
	if w != nil {
		<-w.ended
	}
}
