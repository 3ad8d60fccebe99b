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

func write(c net.Conn, text string) error {
	_, err := io.WriteString(c, text)
	return err
}

// A requestReader reads requests.
type requestReader struct{ *bufio.Reader }

// next returns the next request, its body read; nil is the connection's end.
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

// closeAndDrain closes our side and waits for the other's: closed with bytes unread a connection would be reset.
func (h *requestReader) closeAndDrain(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	h.drain()
}

// drain blocks until the client has gone.
func (h *requestReader) drain() { _, _ = io.Copy(io.Discard, h) }

// respond sends text to the first request and ends the connection.
func respond(text string) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		if in.next() != nil {
			_ = write(c, text)
			in.closeAndDrain(c)
		}
	}
}

// respondAndHang sends text to the first request, and nothing more.
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

// respondRepeatedly sends head and then text over and over, at most n times, with a pause after each.
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

// A faultServers holds the servers of a run.
type faultServers struct {
	mu      sync.Mutex
	open    map[net.Conn]bool // nil once the run is over
	servers []net.Listener
	running sync.WaitGroup
}

// start starts the server of p and returns its address.
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

// close ends every server, whatever it is at.
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
