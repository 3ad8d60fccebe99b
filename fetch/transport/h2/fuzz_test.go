package h2

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// A script is a connection to a server that sends what it has, whatever it is sent, and then closes.
type script struct {
	net.Conn
	mu     sync.Mutex
	says   *bytes.Reader
	asked  chan struct{} // closed once a request was written
	closed bool
}

func (s *script) Read(p []byte) (int, error) {
	<-s.asked
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	return s.says.Read(p[:min(len(p), 1000)])
}

func (s *script) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.asked:
	default:
		close(s.asked)
	}
	if s.closed {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

func (s *script) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzConn: whatever a server sends, exchanges over the connection end with it, and hold no more of bodies than their
// windows allow.
func FuzzConn(f *testing.F) {
	seed := func(says func(s *server)) {
		var out bytes.Buffer
		s := &server{Framer: http2.NewFramer(&out, nil)}
		s.AllowIllegalWrites = true
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 10})
		says(s)
		f.Add(out.Bytes())
	}
	seed(func(s *server) { s.ok(1, "one"); s.ok(3, "two"); s.ok(5, "three") })
	seed(func(s *server) {
		s.header(1, false, ":status", "103", "link", "</a>")
		s.header(1, false, ":status", "200", "content-length", "4")
		s.data4(1)
		_ = s.WriteRSTStream(3, http2.ErrCodeRefusedStream)
		_ = s.WriteGoAway(3, http2.ErrCodeNo, nil)
	})
	seed(func(s *server) {
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0},
			http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
		_ = s.WriteWindowUpdate(3, 1000)
		_ = s.WriteWindowUpdate(0, 1<<31-1)
		_ = s.WritePing(false, [8]byte{1})
	})
	for _, unusual := range [][]string{{"connection", "close"}, {"content-length", "5", "content-length", "5"}} {
		seed(func(s *server) {
			s.header(1, true, append([]string{":status", "200"}, unusual...)...)
			s.header(5, true, ":status", "2000")
		})
	}
	seed(func(s *server) {
		s.header(3, false, ":status", "200")
		_ = s.WriteDataPadded(3, false, []byte("body"), make([]byte, 200))
		s.header(3, true, "x-sum", "1")
		_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: 5, BlockFragment: []byte("\x88")})
		_ = s.WriteContinuation(5, true, []byte("\x40\x01x\x01y"))
		_ = s.WritePriority(1, http2.PriorityParam{})
		_ = s.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2})
	})
	f.Fuzz(func(t *testing.T, says []byte) {
		over := &script{says: bytes.NewReader(says), asked: make(chan struct{})}
		owner, config := new(ownerLog), testConfig()
		c := NewConn(over, config, owner)
		requests := []*Request{get(), post(make([]byte, 100_000)), get()}
		var all sync.WaitGroup
		for _, r := range requests {
			all.Go(func() {
				resp, err := c.RoundTrip(t.Context(), r)
				if err != nil {
					return
				}
				if r.Usual && !isUsual(resp) {
					t.Errorf("taken for usual: %+v", resp)
				}
				_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
				_ = resp.Body.Close()
			})
		}
		ended := make(chan struct{})
		go func() { all.Wait(); <-c.Done(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			panic("it hangs")
		}
		if owner.done != len(requests) || owner.leaving != 1 || len(c.streams) > 0 || config.Windows.free != 1<<20 {
			t.Errorf("%d exchanges are done, told %d times, %d streams, %d bytes of room", owner.done, owner.leaving,
				len(c.streams), config.Windows.free)
		}
	})
}

// isUsual is what Request.Usual says.
func isUsual(resp *http.Response) bool {
	fields := 0
	for name, values := range resp.Header {
		fields += len(values)
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade":
			return false
		}
	}
	lengths := resp.Header["Content-Length"]
	if len(lengths) == 1 {
		n, err := strconv.ParseInt(lengths[0], 10, 64)
		if err != nil || n != resp.ContentLength {
			return false
		}
	}
	return fields <= 100 && len(lengths) <= 1 && 100 <= resp.StatusCode && resp.StatusCode <= 999 && len(resp.Status) == 3
}

// TestFloods: frames that carry nothing end a connection without an exchange; with one they are read slowly, and what
// the server leaves unread of the answers does not grow without a bound.
func TestFloods(t *testing.T) {
	for name, frame := range map[string]func(s *server) error{
		"PING":          func(s *server) error { return s.WritePing(false, [8]byte{}) },
		"SETTINGS":      func(s *server) error { return s.WriteSettings() },
		"RST_STREAM":    func(s *server) error { return s.WriteRSTStream(1, http2.ErrCodeCancel) },
		"WINDOW_UPDATE": func(s *server) error { return s.WriteWindowUpdate(1, 1) },
		"DATA":          func(s *server) error { return s.WriteData(1, false, nil) },
		"PRIORITY":      func(s *server) error { return s.WritePriority(1, http2.PriorityParam{}) },
		"unknown":       func(s *server) error { return s.WriteRawFrame(0xfe, 0, 1, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := startServer(t, testConfig(), func(s *server) {
				_ = s.WriteSettings()
				s.ok(s.next(), "body")
				for frame(s) == nil {

				}
			})
			if body, err := exchange(t.Context(), c, get()); body != "body" || err != nil {
				t.Fatalf("%q, %v", body, err)
			}
			<-c.Done()
			if c.err == nil || c.err.Code != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("got %v", c.err)
			}
		})
	}
}
