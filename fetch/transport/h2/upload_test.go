package h2

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// post returns a request with a body.
func post(body []byte) *Request {
	r := get()
	r.Method, r.Body, r.AnnouncesBody = http.MethodPost, body, true
	return r
}

// isEnd reports whether a frame is the end of a request body.
func isEnd(f http2.Frame) bool {
	return f.Header().Type == http2.FrameData && f.Header().Flags.Has(http2.FlagDataEndStream)
}

// A counter counts bytes that were sent.
type counter struct{ n atomic.Int64 }

func (c *counter) AddBytes(n int) { c.n.Add(int64(n)) }

// TestUpload: a request body comes whole, in frames and windows as the server has them, which change meanwhile: a
// window that was opened may become negative, and is not written to until it is positive again.
func TestUpload(t *testing.T) {
	const size, first = 300_000, 20_000
	setting := func(s *server, id http2.SettingID, n uint32) { _ = s.WriteSettings(http2.Setting{ID: id, Val: n}) }
	c, _ := startServer(t, testConfig(), func(s *server) {
		setting(s, http2.SettingInitialWindowSize, first)
		s.ok(s.next(), "") // the settings are known by the next
		id := s.next()
		s.await(func(http2.Frame) bool { return s.data == first })
		setting(s, http2.SettingInitialWindowSize, 1) // the window is 1 - first
		setting(s, http2.SettingMaxFrameSize, 1<<20)
		_ = s.WriteWindowUpdate(id, first-1)
		_ = s.WritePing(false, [8]byte{7})
		s.await(func(f http2.Frame) bool { return f.Header().Type == http2.FramePing })
		if s.data != first {
			t.Errorf("%d bytes have come, %d were allowed", s.data, first)
		}
		_ = s.WriteWindowUpdate(id, size)
		s.await(func(http2.Frame) bool { return s.data == 1<<16-1 }) // what the connection allows
		_ = s.WriteWindowUpdate(0, size)
		end := s.await(isEnd)
		if end == nil || s.data != size {
			t.Errorf("%d bytes", s.data)
		}
		s.ok(id, "body")
		s.drain()
	})
	if _, err := exchange(t.Context(), c, get()); err != nil {
		t.Fatal(err)
	}
	sent := new(counter)
	r := post(make([]byte, size))
	r.Sent = sent
	if body, err := exchange(t.Context(), c, r); body != "body" || err != nil || sent.n.Load() != size {
		t.Errorf("%q, %v, %d bytes sent", body, err, sent.n.Load())
	}
}

// TestUploadAfterSettings: a body is sent once the server has said how much of one it takes (RFC 9113 section 6.9.2).
// net/http of Go 1.26 with http.HTTP2Config.MaxReceiveBufferPerStream 4096 resets a stream by FLOW_CONTROL_ERROR that
// has sent more before its SETTINGS came; a server that does not say takes 65,535 bytes.
func TestUploadAfterSettings(t *testing.T) {
	const size = 50_000
	for name, tt := range map[string]struct {
		says  []http2.Setting
		first int // bytes that come before a WINDOW_UPDATE
	}{
		"a small window": {[]http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 4096}}, 4096},
		"no window":      {[]http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 100}}, size},
		"nothing at all": {nil, size},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := startServer(t, testConfig(), func(s *server) {
				id := uint32(0)
				for id == 0 { // next acknowledges SETTINGS before those of the server
					f, err := s.ReadFrame()
					if err != nil {
						return
					}
					id = f.Header().StreamID
				}
				_ = s.WriteSettings(tt.says...)
				_ = s.WriteSettingsAck()
				s.await(func(f http2.Frame) bool {
					settings, is := f.(*http2.SettingsFrame)
					return is && settings.IsAck()
				})
				if s.data != 0 {
					t.Errorf("%d bytes have come before the window was known", s.data)
				}
				s.await(func(http2.Frame) bool { return s.data == tt.first })
				_ = s.WriteWindowUpdate(id, size)
				if tt.first < size && s.await(isEnd) == nil || s.data != size {
					t.Errorf("%d bytes", s.data)
				}
				s.ok(id, "body")
				s.drain()
			})
			if body, err := exchange(t.Context(), c, post(make([]byte, size))); body != "body" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
}

// TestEarlyAnswer: a response that comes before the request was sent is one. What is left of the request is sent all
// the same, as curl does, unless the server does not want it: it said so (RFC 9113 section 8.1), or the response is an
// error.
func TestEarlyAnswer(t *testing.T) {
	const size = 200_000
	isReset := func(f http2.Frame) bool { return f.Header().Type == http2.FrameRSTStream }
	for name, says := range map[string]func(s *server, id uint32) bool{
		"the rest is read": func(s *server, id uint32) bool {
			s.ok(id, "body")
			_ = s.WriteWindowUpdate(id, size)
			_ = s.WriteWindowUpdate(0, size)
			return s.await(isEnd) != nil && s.data == size
		},
		"a body in answer to each part": func(s *server, id uint32) bool {
			s.header(id, false, ":status", "200")
			_ = s.WriteData(id, false, []byte("bo"))
			_ = s.WriteWindowUpdate(id, size)
			_ = s.WriteWindowUpdate(0, size)
			ok := s.await(isEnd) != nil && s.data == size
			_ = s.WriteData(id, true, []byte("dy"))
			return ok
		},
		"the rest is not wanted": func(s *server, id uint32) bool {
			s.ok(id, "body")
			_ = s.WriteRSTStream(id, http2.ErrCodeNo)
			return true
		},
		"an error": func(s *server, id uint32) bool {
			s.header(id, false, ":status", "413")
			_ = s.WriteData(id, true, []byte("body"))
			reset := s.await(isReset)
			return reset != nil && reset.(*http2.RSTStreamFrame).ErrCode == http2.ErrCodeNo
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, owner := startServer(t, testConfig(), func(s *server) {
				_ = s.WriteSettings()
				if !says(s, s.next()) {
					t.Errorf("%d bytes have come", s.data)
				}
				s.ok(s.next(), "body")
				s.drain()
			})
			for _, r := range []*Request{post(make([]byte, size)), get()} {
				if body, err := exchange(t.Context(), c, r); body != "body" || err != nil {
					t.Fatalf("%q, %v", body, err)
				}
			}
			if owner.leaving != 0 || owner.done != 2 || c.streamCount.Load() != 0 {
				t.Errorf("%+v", owner)
			}
		})
	}
}

// TestEndAfterEarlyAnswer: a response that came whole before the request was sent is one, whatever ends the stream
// after that: a reset of any kind, the end of the connection, as of Hypercorn 0.17, or a limit that is met while the
// server takes no more of the request.
func TestEndAfterEarlyAnswer(t *testing.T) {
	for name, end := range map[string]func(s *server, id uint32, limit context.CancelCauseFunc){
		"a reset": func(s *server, id uint32, _ context.CancelCauseFunc) {
			_ = s.WriteRSTStream(id, http2.ErrCodeInternal)
			s.drain()
		},
		"the connection ends": func(*server, uint32, context.CancelCauseFunc) {},
		"a violation of the protocol": func(s *server, _ uint32, _ context.CancelCauseFunc) {
			_ = s.WriteRSTStream(99, http2.ErrCodeNo)
			s.drain()
		},
		"a limit": func(s *server, _ uint32, limit context.CancelCauseFunc) {
			limit(errors.New("a limit"))
			s.drain()
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, limit := context.WithCancelCause(t.Context())
			defer limit(nil)
			responded := make(chan struct{})
			c, owner := startServer(t, testConfig(), func(s *server) {
				_ = s.WriteSettings()
				id := s.next()
				s.await(func(http2.Frame) bool { return s.data == 1<<16-1 }) // what the connection allows
				s.ok(id, "body")
				_ = s.WritePing(false, [8]byte{7})
				s.await(func(f http2.Frame) bool { return f.Header().Type == http2.FramePing }) // it has been read
				<-responded
				end(s, id, limit)
			})
			resp, err := c.RoundTrip(ctx, post(make([]byte, 200_000)))
			close(responded)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if string(body) != "body" || err != nil || owner.done != 1 || c.streamCount.Load() != 0 {
				t.Errorf("%q, %v, %+v", body, err, owner)
			}
		})
	}
}

// TestStuckWrite: an exchange that ends while nothing of its request can be written ends at once, or with the write,
// which is cut off; so do others whose frames wait behind it.
func TestStuckWrite(t *testing.T) {
	hold := make(chan struct{})
	c, owner := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
		_ = s.WriteWindowUpdate(0, 1<<30)
		s.ok(s.next(), "")
		<-hold // and reads no more
	})
	defer close(hold)
	if _, err := exchange(t.Context(), c, get()); err != nil {
		t.Fatal(err)
	}
	why := errors.New("a limit")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() {
			_, err := exchange(ctx, c, post(make([]byte, 64<<20)))
			ended <- err
		}()
	}
	for range cap(ended) {
		select {
		case err := <-ended:
			if err == nil {
				t.Error("a response")
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it is stuck")
		}
	}
	<-c.Done()
	if owner.done != 3 {
		t.Errorf("%+v", owner)
	}
}

// TestUploadsInTurn: the window of a connection goes to the oldest request that can use it, so that a server which
// reads some requests at a time, and opens the window for what it has read, gets the whole of them. What waits for its
// turn does not stall.
func TestUploadsInTurn(t *testing.T) {
	const requests, size, part, atOnce = 60, 3000, 500, 20
	c, _ := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings()
		s.ok(s.next(), "")                 // the settings are known by the next
		var order []uint32                 // of the requests that are not whole
		came := make(map[uint32]int)       // bytes that were not read, by stream
		read := make(map[uint32]int)       // and that were
		s.await(func(f http2.Frame) bool { // like Tomcat 10.1
			id := f.Header().StreamID
			switch f := f.(type) {
			case *http2.HeadersFrame:
				order = append(order, id)
			case *http2.DataFrame:
				came[id] += len(f.Data())
				if order[0] != id && slices.Index(order, id) > slices.IndexFunc(order, func(older uint32) bool {
					return read[older]+came[older] < size
				}) {
					t.Errorf("%d bytes out of turn", len(f.Data()))
				}
			}
			for i := 0; i < min(atOnce, len(order)); i++ {
				at := order[i]
				if n := came[at]; n > 0 {
					_ = s.WriteWindowUpdate(at, uint32(n)) //nolint:gosec // at most size
					for left := n; left > 0; left -= part {
						_ = s.WriteWindowUpdate(0, uint32(min(left, part))) //nolint:gosec // likewise
					}
					read[at] += n
					came[at] = 0
				}
				if read[at] == size {
					s.ok(at, "body")
					order = slices.Delete(order, i, i+1)
					i--
				}
			}
			return false
		})
	})
	if _, err := exchange(t.Context(), c, get()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var group sync.WaitGroup
	sent := make([]*counter, requests)
	for i := range sent {
		sent[i] = new(counter)
		group.Go(func() {
			r := post(make([]byte, size))
			r.Sent = sent[i]
			if body, err := exchange(ctx, c, r); body != "body" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	group.Wait()
	if !slices.ContainsFunc(sent, func(c *counter) bool { return c.n.Load() > size }) {
		t.Error("what is sent is no progress for those that wait")
	}
}

// TestUploadWaitsForTurn: an upload that could be sent but for an older one has its turn at once where that has its
// response, or is reset.
func TestUploadWaitsForTurn(t *testing.T) {
	const size = 1 << 20
	for name, ends := range map[string]func(s *server, older uint32){
		"a response": func(s *server, older uint32) { s.header(older, false, ":status", "200") },
		"a reset":    func(s *server, older uint32) { _ = s.WriteRSTStream(older, http2.ErrCodeInternal) },
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			end := make(chan struct{})
			c, _ := serveOn(t, testConfig(), ours, theirs, func(s *server) {
				_ = s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: size})
				s.ok(s.next(), "")
				_ = s.WriteWindowUpdate(0, 2*size)
				older := s.next() // whose body is not read yet
				<-end
				ends(s, older)
				<-end
				s.await(func(f http2.Frame) bool { return f.Header().StreamID == older+2 && isEnd(f) })
				s.ok(older+2, "body")
				s.drain()
			})
			if _, err := exchange(t.Context(), c, get()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			var group sync.WaitGroup
			group.Go(func() {
				if resp, err := c.RoundTrip(t.Context(), post(make([]byte, size))); err == nil {
					_ = resp.Body.Close()
				}
			})
			synctest.Wait()
			sent := new(counter)
			group.Go(func() {
				r := post(make([]byte, size))
				r.Sent = sent
				if body, err := exchange(t.Context(), c, r); body != "body" || err != nil {
					t.Errorf("%s: %q, %v", name, body, err)
				}
			})
			synctest.Wait()
			if n := sent.n.Load(); n != 0 {
				t.Errorf("%s: %d bytes are sent out of turn", name, n)
			}
			end <- struct{}{}
			synctest.Wait()
			if sent.n.Load() == 0 {
				t.Errorf("%s: it waits on", name)
			}
			close(end)
			group.Wait()
			c.Close()
			<-c.Done()
		})
	}
}
