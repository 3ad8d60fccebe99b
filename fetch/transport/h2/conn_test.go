package h2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/nettest"
)

// TestExchange: what a server may send is a response, whatever else it sends.
func TestExchange(t *testing.T) {
	for name, says := range map[string]func(s *server, id uint32){
		"a body":         func(s *server, id uint32) { s.ok(id, "body") },
		"an empty DATA":  func(s *server, id uint32) { s.header(id, false, ":status", "200"); s.data4(id) },
		"an interim one": func(s *server, id uint32) { s.header(id, false, ":status", "103"); s.ok(id, "body") },
		"a length": func(s *server, id uint32) {
			s.header(id, false, ":status", "200", "content-length", "4")
			s.data4(id)
		},
		"unknown frames": func(s *server, id uint32) { _ = s.WriteRawFrame(0xfe, 0xff, id, []byte("x")); s.ok(id, "body") },
		"ALTSVC": func(s *server, id uint32) {
			_ = s.WriteRawFrame(0xa, 0, 0, []byte("\x00\x00h3"))
			s.ok(id, "body")
		},
		"ORIGIN": func(s *server, id uint32) {
			_ = s.WriteRawFrame(0xc, 0, 0, []byte("\x00\x01o"))
			s.ok(id, "body")
		},
		"PRIORITY": func(s *server, id uint32) {
			_ = s.WritePriority(id, http2.PriorityParam{StreamDep: 3})
			s.ok(id, "body")
		},
		"PING": func(s *server, id uint32) { _ = s.WritePing(false, [8]byte{1}); s.ok(id, "body") },
		"SETTINGS": func(s *server, id uint32) {
			_ = s.WriteSettings(http2.Setting{ID: 0xff, Val: 1})
			s.ok(id, "body")
		},
		"WINDOW_UPDATE":   func(s *server, id uint32) { _ = s.WriteWindowUpdate(id, 1); s.ok(id, "body") },
		"a RST behind it": func(s *server, id uint32) { s.ok(id, "body"); _ = s.WriteRSTStream(id, http2.ErrCodeInternal) },
		"a trailer": func(s *server, id uint32) {
			s.header(id, false, ":status", "200")
			_ = s.WriteData(id, false, []byte("body"))
			s.header(id, true, "x-sum", "1")
		},
		"padding": func(s *server, id uint32) {
			_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: blockOf(":status", "200"),
				EndHeaders: true, PadLength: 9, Priority: http2.PriorityParam{Weight: 1}})
			_ = s.WriteDataPadded(id, true, []byte("body"), make([]byte, 200))
		},
		"padding alone": func(s *server, id uint32) {
			s.header(id, false, ":status", "200")
			for range 1000 { // more than the window, but for what is given back of it
				_ = s.WriteDataPadded(id, false, nil, make([]byte, 0))
			}
			s.data4(id)
		},
		"a header in pieces": func(s *server, id uint32) {
			block := blockOf(":status", "200", "x", "1")
			_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block[:2]})
			_ = s.WriteContinuation(id, false, nil)
			_ = s.WriteContinuation(id, false, block[2:3])
			_ = s.WriteContinuation(id, true, block[3:])
			s.data4(id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, owner := startServer(t, testConfig(), func(s *server) {
				_ = s.WriteSettings()
				for id := s.next(); id != 0; id = s.next() {
					says(s, id)
				}
			})
			for range 3 { // the connection stays as it was
				if body, err := exchange(t.Context(), c, get()); body != "body" || err != nil {
					t.Fatalf("got %q, %v", body, err)
				}
			}
			if owner.done != 3 || owner.leaving != 0 || len(c.streams) != 0 {
				t.Errorf("%+v, %d streams", owner, len(c.streams))
			}
		})
	}
}

// data4 sends "body" in two frames, with an empty one between.
func (s *server) data4(id uint32) {
	_ = s.WriteData(id, false, []byte("bo"))
	_ = s.WriteData(id, false, nil)
	_ = s.WriteData(id, true, []byte("dy"))
}

// TestStreamErrors: what a server does wrong in one stream ends that stream with the reason, and another goes on.
func TestStreamErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		says func(s *server, id uint32)
		want string
	}{
		"data before the header": {func(s *server, id uint32) { _ = s.WriteData(id, false, []byte("x")) }, "section 8.1"},
		"data behind the end": {func(s *server, id uint32) {
			s.header(id, false, ":status", "200", "content-length", "2")
			_ = s.WriteData(id, false, []byte("xyz"))
		}, "content-length"},
		"more than the window": {func(s *server, id uint32) {
			s.header(id, false, ":status", "200")
			for range 5 {
				_ = s.WriteData(id, false, make([]byte, 16<<10))
			}
		}, "section 6.9"},
		"no status": {func(s *server, id uint32) { s.header(id, true, "x", "1") }, "no :status"},
		"two": {func(s *server, id uint32) {
			s.header(id, true, ":status", "200", ":status", "200")
		}, ":status"},
		"one that is late":  {func(s *server, id uint32) { s.header(id, true, "x", "1", ":status", "200") }, ":status"},
		"one that is none":  {func(s *server, id uint32) { s.header(id, true, ":status", "ok") }, ":status"},
		"a path":            {func(s *server, id uint32) { s.header(id, true, ":status", "200", ":path", "/") }, "8.3.2"},
		"capitals":          {func(s *server, id uint32) { s.header(id, true, ":status", "200", "X", "1") }, "8.2.1"},
		"a space":           {func(s *server, id uint32) { s.header(id, true, ":status", "200", "x ", "1") }, "8.2.1"},
		"an empty name":     {func(s *server, id uint32) { s.header(id, true, ":status", "200", "", "1") }, "8.2.1"},
		"NUL":               {func(s *server, id uint32) { s.header(id, true, ":status", "200", "x", "a\x00") }, "8.2.1"},
		"101":               {func(s *server, id uint32) { s.header(id, false, ":status", "101") }, "8.6"},
		"an end at interim": {func(s *server, id uint32) { s.header(id, true, ":status", "103") }, "interim"},
		"a trailer without an end": {func(s *server, id uint32) {
			s.header(id, false, ":status", "200")
			s.header(id, false, "x", "1")
		}, "trailer"},
		"a status in a trailer": {func(s *server, id uint32) {
			s.header(id, false, ":status", "200")
			s.header(id, true, ":status", "200")
		}, "8.3.2"},
		"a body of 204": {func(s *server, id uint32) {
			s.header(id, false, ":status", "204")
			_ = s.WriteData(id, true, []byte("x"))
		}, "no body"},
		"a window of 0": {func(s *server, id uint32) { _ = s.WriteWindowUpdate(id, 0) }, "WINDOW_UPDATE"},
		"too large a window": {func(s *server, id uint32) {
			_ = s.WriteWindowUpdate(id, 1<<31-1)
		}, "6.9.1"},
		"an end too early": {func(s *server, id uint32) {
			s.header(id, false, ":status", "200", "content-length", "9")
			_ = s.WriteData(id, true, []byte("x"))
		}, io.ErrUnexpectedEOF.Error()},
		"a header that is too large": {func(s *server, id uint32) {
			for range 10 {
				s.header(id, false, ":status", "103", "x", strings.Repeat("x", 9000))
			}
		}, errTooLarge.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			c, owner := startServer(t, testConfig(), func(s *server) {
				_ = s.WriteSettings()
				tt.says(s, s.next())
				for id := s.next(); id != 0; id = s.next() {
					s.ok(id, "body")
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			resp, err := c.RoundTrip(ctx, get())
			if err == nil {
				awaitEnd(t, c, resp)
				_, err = io.Copy(io.Discard, resp.Body)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if body, err := exchange(ctx, c, get()); body != "body" || err != nil || owner.leaving != 0 {
				t.Errorf("then %q, %v, %+v", body, err, owner)
			}
		})
	}
}

// TestConnErrors: what a server does wrong on the connection ends it, with the frame and the section as the reason, and
// the server learns of it by a GOAWAY.
func TestConnErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		says func(s *server, id uint32)
		want string
		code http2.ErrCode
	}{
		"a push": {func(s *server, id uint32) {
			_ = s.WritePushPromise(http2.PushPromiseParam{StreamID: id, PromiseID: 2, BlockFragment: blockOf(":path", "/"),
				EndHeaders: true})
		}, "8.4", http2.ErrCodeProtocol},
		"a stream that has not begun": {func(s *server, _ uint32) { s.ok(99, "x") }, "stream 99", http2.ErrCodeProtocol},
		"an even stream": {func(s *server, _ uint32) {
			_ = s.WriteData(2, true, nil)
		}, "stream 2", http2.ErrCodeProtocol},
		"a RST of one": {func(s *server, _ uint32) {
			_ = s.WriteRSTStream(9, 1)
		}, "stream 9", http2.ErrCodeProtocol},
		"data of no stream": {func(s *server, _ uint32) {
			_ = s.WriteRawFrame(0, 0, 0, []byte("x"))
		}, "DATA", http2.ErrCodeProtocol},
		"too much padding": {func(s *server, id uint32) {
			_ = s.WriteRawFrame(0, http2.FlagDataPadded, id, []byte("\x09x"))
		}, "6.1", http2.ErrCodeProtocol},
		"no padding": {func(s *server, id uint32) {
			_ = s.WriteRawFrame(0, http2.FlagDataPadded, id, nil)
		}, "6.1", http2.ErrCodeFrameSize},
		"a frame that is too large": {func(s *server, id uint32) {
			_ = s.WriteRawFrame(0, 0, id, make([]byte, maxReadFrame+1))
		}, "4.2", http2.ErrCodeFrameSize},
		"a window of 0": {func(s *server, _ uint32) { _ = s.WriteWindowUpdate(0, 0) }, "6.9", http2.ErrCodeProtocol},
		"too large a window": {func(s *server, _ uint32) {
			_ = s.WriteWindowUpdate(0, 1<<31-1)
		}, "6.9.1", http2.ErrCodeFlowControl},
		"a short setting": {func(s *server, _ uint32) {
			_ = s.WriteRawFrame(4, 0, 0, []byte("x"))
		}, "6.5", http2.ErrCodeFrameSize},
		"a push setting": {func(s *server, _ uint32) {
			_ = s.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 1})
		}, "6.5.2", http2.ErrCodeProtocol},
		"a small frame size": {func(s *server, _ uint32) {
			_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1})
		}, "SETTINGS", http2.ErrCodeProtocol},
		"a large window of streams": {func(s *server, _ uint32) {
			_ = s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}, "6.5", http2.ErrCodeFlowControl},
		"a short ping": {func(s *server, _ uint32) {
			_ = s.WriteRawFrame(6, 0, 0, []byte("x"))
		}, "6.7", http2.ErrCodeFrameSize},
		"a CONTINUATION": {func(s *server, id uint32) {
			_ = s.WriteContinuation(id, true, nil)
		}, "CONTINUATION", http2.ErrCodeProtocol},
		"an index of none": {func(s *server, id uint32) { s.block(id, "\xff\x7f") }, "4.3", http2.ErrCodeCompression},
		"half a field":     {func(s *server, id uint32) { s.block(id, "\x00\x05x") }, "4.3", http2.ErrCodeCompression},
		"another frame in a header": {func(s *server, id uint32) {
			_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: blockOf(":status", "200")})
			_ = s.WritePing(false, [8]byte{})
		}, "6.7", http2.ErrCodeProtocol},
		"a header without an end": {func(s *server, id uint32) {
			_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: blockOf(":status", "200")})
			for s.WriteContinuation(id, false, nil) == nil {
			}
		}, "10.5.1", http2.ErrCodeEnhanceYourCalm},
	} {
		t.Run(name, func(t *testing.T) {
			code := make(chan http2.ErrCode, 1)
			c, owner := startServer(t, testConfig(), func(s *server) {
				_ = s.WriteSettings()
				tt.says(s, s.next())
				f := s.await(func(f http2.Frame) bool { return f.Header().Type == http2.FrameGoAway })
				if f != nil {
					code <- f.(*http2.GoAwayFrame).ErrCode
				}
				close(code)
			})
			_, err := exchange(t.Context(), c, get())
			var wrong *Error
			if !errors.As(err, &wrong) || !wrong.Conn || wrong.Remote || wrong.Code != tt.code ||
				!strings.Contains(wrong.Reason, tt.want) {
				t.Errorf("got %+v", err)
			}
			<-c.Done()
			if got, is := <-code; is && got != tt.code || owner.leaving != 1 || owner.done != 1 {
				t.Errorf("the server learns of %v, %+v", got, owner)
			}
			if _, err := exchange(t.Context(), c, get()); !errors.As(err, &wrong) || !wrong.NotProcessed {
				t.Errorf("then %v", err)
			}
		})
	}
}

// block sends a header block as it is.
func (s *server) block(id uint32, text string) {
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte(text), EndHeaders: true})
}

// TestNoSettings: a connection that does not begin with SETTINGS is none of HTTP/2.
func TestNoSettings(t *testing.T) {
	for name, says := range map[string]func(s *server){
		"a ping": func(s *server) { _ = s.WritePing(false, [8]byte{}) },
		"an ACK": func(s *server) { _ = s.WriteSettingsAck() },
		"HTTP/1": func(s *server) { nettest.Say(s.conn, "HTTP/1.1 400 Bad Request\r\n\r\n") },
	} {
		c, _ := startServer(t, testConfig(), func(s *server) { says(s); s.drain() })
		var wrong *Error
		if _, err := exchange(t.Context(), c, get()); !errors.As(err, &wrong) || !wrong.Conn || wrong.Reason == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// awaitEnd waits until a response has come whole, or its stream has failed, before any of its body is read.
func awaitEnd(t *testing.T, c *Conn, resp *http.Response) {
	t.Helper()
	b, is := resp.Body.(*body)
	if !is || b.stream == nil {
		return
	}
	nettest.Eventually(t, "the end of the response", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return b.stream.received || b.stream.err != nil
	})
}
