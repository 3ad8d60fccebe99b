package fetch_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// write sends text.
func write(c net.Conn, text string) error {
	_, err := io.WriteString(c, text)
	return err
}

// requestReader reads requests from a connection.
type requestReader struct{ *bufio.Reader }

// next returns the next request with its body in memory. It returns nil at the end of the connection.
func (h *requestReader) next() *http.Request {
	r, err := http.ReadRequest(h.Reader)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// closeAndDrain closes our side and waits for the client to close its own. A connection closed with unread bytes would
// be reset.
func (h *requestReader) closeAndDrain(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	h.drain()
}

// drain blocks until the client has closed.
func (h *requestReader) drain() { _, _ = io.Copy(io.Discard, h) }

// respond sends text to the first request and closes.
func respond(text string) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		if in.next() != nil {
			_ = write(c, text)
			in.closeAndDrain(c)
		}
	}
}

// respondAndHang sends text to the first request and then nothing more.
func respondAndHang(text string) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		if in.next() != nil {
			_ = write(c, text)
			in.drain()
		}
	}
}

// respondAndReset sends text to the first request and resets the connection.
func respondAndReset(text string) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		if in.next() != nil {
			_ = write(c, text)
			_ = c.(*net.TCPConn).SetLinger(0)
		}
	}
}

// respondRepeatedly sends head and then text at most n times, with a pause after each.
func respondRepeatedly(head, text string, n int, pause time.Duration) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		if in.next() == nil || write(c, head) != nil {
			return
		}
		for range n {
			if write(c, text) != nil {
				return
			}
			time.Sleep(pause)
		}
		in.closeAndDrain(c)
	}
}

// faultServers are the servers of a run, one for each fault.
type faultServers struct {
	mu      sync.Mutex
	open    map[net.Conn]bool // guarded by mu; nil after the run
	servers []net.Listener
	running sync.WaitGroup
}

// start starts the server of a fault and returns its address.
func (s *faultServers) start(t testing.TB, f fault) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.servers = append(s.servers, listener)
	s.running.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if s.add(c) {
				s.running.Go(func() { s.serve(f, c) })
			}
		}
	})
	return listener.Addr().String()
}

// add registers a connection. It closes it and returns false if the run is over.
func (s *faultServers) add(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		_ = c.Close()
		return false
	}
	s.open[c] = true
	return true
}

// serve plays a fault over a connection and closes it.
func (s *faultServers) serve(f fault, c net.Conn) {
	on := c
	if f.wrap != nil {
		on = f.wrap(c)
	}
	f.serve(on, &requestReader{bufio.NewReader(on)})
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// close ends all servers and their connections.
func (s *faultServers) close() {
	for _, listener := range s.servers {
		_ = listener.Close()
	}
	s.mu.Lock()
	for c := range s.open {
		_ = c.Close()
	}
	s.open = nil
	s.mu.Unlock()
	s.running.Wait()
}
