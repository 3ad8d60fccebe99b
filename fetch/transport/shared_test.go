package transport

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// An h2Server is the server's side of a connection with HTTP/2, frame by frame.
type h2Server struct {
	*http2.Framer
	conn   net.Conn
	number int32 // of the connection, from 1
}

// startH2Server starts a server over TLS that does what says does with each connection on which HTTP/2 was chosen, and
// then closes it. Over HTTP/1.1 it responds "1.1" to each request. made counts connections.
func startH2Server(t *testing.T, says func(s *h2Server)) (url string, made *atomic.Int32) {
	t.Helper()
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	config := &tls.Config{Certificates: form.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	made = new(atomic.Int32)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer func() { _ = c.Close() }()
				if c.(*tls.Conn).Handshake() == nil {
					serveH2(c.(*tls.Conn), made.Add(1), says)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); conns.Wait() })
	return "https://" + listener.Addr().String() + "/", made
}

// serveH2 serves a connection of startH2Server.
func serveH2(c *tls.Conn, number int32, says func(s *h2Server)) {
	if c.ConnectionState().NegotiatedProtocol != "h2" {
		for {
			var request [4096]byte
			if _, err := c.Read(request[:]); err != nil { // small requests come at once
				return
			}
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1.1")
		}
	}
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err == nil {
		s := &h2Server{http2.NewFramer(c, c), c, number}
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 100})
		says(s)
	}
}

// next returns the stream of the next request; 0 at the end of the connection.
func (s *h2Server) next() uint32 {
	for {
		f, err := s.ReadFrame()
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = s.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			return f.StreamID
		}
		if err != nil {
			return 0
		}
	}
}

// begin sends the header of a response.
func (s *h2Server) begin(stream uint32, fields ...hpack.HeaderField) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range append([]hpack.HeaderField{{Name: ":status", Value: "200"}}, fields...) {
		_ = encoder.WriteField(field)
	}
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
}

// ok responds "2".
func (s *h2Server) ok(stream uint32) {
	s.begin(stream)
	_ = s.WriteData(stream, true, []byte("2"))
}

// okAll responds to each request.
func (s *h2Server) okAll() {
	for id := s.next(); id != 0; id = s.next() {
		s.ok(id)
	}
}

// exchangeAll makes n exchanges at once, and returns their bodies, or the texts of their failures.
func exchangeAll(t *testing.T, transport *Transport, n int, to *Target) (results []string) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			body, err := exchangeOver(t.Context(), transport, to)
			if err != nil {
				body = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			results = append(results, body)
		})
	}
	all.Wait()
	return results
}

// checkAll reports an error where a result is not want.
func checkAll(t *testing.T, results []string, want string) {
	t.Helper()
	for _, got := range results {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestGoAwayOpensOne: exchanges that a server has not processed as it leaves go over one new connection, whatever their
// number and method, at once.
func TestGoAwayOpensOne(t *testing.T) {
	const n = 30
	url, made := startH2Server(t, func(s *h2Server) {
		s.ok(s.next())
		if s.number > 3 {
			s.okAll()
			return
		}
		last := s.next()
		for range 5 {
			s.next()
		}
		_ = s.WriteGoAway(last, http2.ErrCodeNo, nil)
		s.ok(last)
		s.next()
	})
	transport := newTestTransport(t)
	checkAll(t, exchangeAll(t, transport, 1, testTarget(t, "GET", url, nil)), "2")
	began := time.Now()
	checkAll(t, exchangeAll(t, transport, n, testTarget(t, "POST", url, []byte("body"))), "2")
	if took := time.Since(began); made.Load() != 4 && took < slowDial || took > 10*time.Second {
		t.Errorf("%d connections, %s", made.Load(), took)
	}
}

// TestRefusedOverTheLimit: streams that are refused because the server allows fewer by now are made again as it allows,
// and not given up.
func TestRefusedOverTheLimit(t *testing.T) {
	const n = 10
	url, made := startH2Server(t, func(s *h2Server) {
		if s.number > 1 {
			s.okAll()
			return
		}
		s.ok(s.next())
		var ids []uint32
		for range n {
			ids = append(ids, s.next())
		}
		_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
		for _, id := range ids[1:] {
			_ = s.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		}
		s.ok(ids[0])
		s.okAll()
	})
	transport := newTestTransport(t)
	checkAll(t, exchangeAll(t, transport, 1, testTarget(t, "GET", url, nil)), "2")
	checkAll(t, exchangeAll(t, transport, n, testTarget(t, "POST", url, []byte("body"))), "2")
	if made.Load() > n {
		t.Errorf("%d connections", made.Load())
	}
}

// TestRefusedAfterResets: where a server refuses all streams of a connection because of its load once a response on it
// was given up, as Node.js 26 does with 10 MB of those, exchanges go over another one at once; what may not be sent
// twice fails once. Without a response that was given up it is an overload.
func TestRefusedAfterResets(t *testing.T) {
	const overload = "the server reset the stream: ENHANCE_YOUR_CALM (HTTP/2 error code 0xb); " +
		"connected, no answer had arrived"
	for _, tt := range []struct {
		method    string
		givesUp   bool
		atOnce    int
		want      string
		wantConns int32
	}{
		{method: "GET", givesUp: true, atOnce: 30, want: "2", wantConns: 2},
		{method: "POST", givesUp: true, atOnce: 1, want: overload, wantConns: 2},
		{method: "GET", atOnce: 30, want: overload, wantConns: 1},
	} {
		t.Run(fmt.Sprint(tt.method, " ", tt.givesUp), func(t *testing.T) {
			url, made := startH2Server(t, func(s *h2Server) {
				if s.number > 1 {
					s.okAll()
					return
				}
				if first := s.next(); tt.givesUp {
					s.begin(first)
				} else {
					s.ok(first)
				}
				for id := s.next(); id != 0; id = s.next() {
					_ = s.WriteRSTStream(id, http2.ErrCodeEnhanceYourCalm)
				}
			})
			transport := newTestTransport(t)
			ctx, call := startCall(t, testTarget(t, "GET", url, nil))
			resp, err := transport.RoundTrip(ctx, call)
			if err != nil {
				t.Fatal(err)
			}
			if !tt.givesUp {
				_, _ = io.ReadAll(resp.Body)
			}
			_ = resp.Body.Close()
			call.End()
			to := testTarget(t, tt.method, url, []byte("body"))
			checkAll(t, exchangeAll(t, transport, tt.atOnce, to), tt.want)
			if tt.givesUp {
				checkAll(t, exchangeAll(t, transport, 3, to), "2")
			}
			if made.Load() != tt.wantConns {
				t.Errorf("%d connections, want %d", made.Load(), tt.wantConns)
			}
		})
	}
}

// TestHTTP11Required: a host that wants HTTP/1.1, as a RST_STREAM or a GOAWAY says, is asked again so, and from then
// on. What may not be sent twice fails once, unless it was not processed.
func TestHTTP11Required(t *testing.T) {
	for name, says := range map[string]func(s *h2Server, id uint32){
		"RST_STREAM": func(s *h2Server, id uint32) { _ = s.WriteRSTStream(id, http2.ErrCodeHTTP11Required) },
		"GOAWAY":     func(s *h2Server, _ uint32) { _ = s.WriteGoAway(0, http2.ErrCodeHTTP11Required, nil) },
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				var requests atomic.Int32
				url, made := startH2Server(t, func(s *h2Server) {
					for id := s.next(); id != 0; id = s.next() {
						requests.Add(1)
						says(s, id)
					}
				})
				transport := newTestTransport(t)
				to := testTarget(t, method, url, []byte("body"))
				first := exchangeAll(t, transport, 1, to)[0]
				const failed = "HTTP_1_1_REQUIRED (HTTP/2 error code 0xd); connected, no answer had arrived"
				if mayFail := method == "POST" && name == "RST_STREAM"; first != "1.1" && !mayFail ||
					mayFail && !strings.HasSuffix(first, failed) {
					t.Errorf("got %q", first)
				}
				checkAll(t, exchangeAll(t, transport, 3, to), "1.1")
				if requests.Load() != 1 || made.Load() > 4 {
					t.Errorf("%d requests over HTTP/2, %d connections", requests.Load(), made.Load())
				}
			})
		}
	}
	url, _ := startH2Server(t, func(s *h2Server) { _ = s.WriteRSTStream(s.next(), http2.ErrCodeHTTP11Required); s.next() })
	config := testConfig()
	config.HTTP = HTTP2
	transport := New(config)
	defer transport.Close()
	got := exchangeAll(t, transport, 1, testTarget(t, "GET", url, nil))[0]
	if !strings.Contains(got, "HTTP_1_1_REQUIRED") {
		t.Errorf("HTTP/2 alone: got %q", got)
	}
}

// TestOverrunStream: a host whose server sends more than the window of a stream allows is spoken to in HTTP/1.1 from
// then on, and the exchange may be made again; with HTTP/2 alone it may not.
func TestOverrunStream(t *testing.T) {
	for _, version := range []Version{Auto, HTTP2} {
		url, _ := startH2Server(t, func(s *h2Server) {
			id := s.next()
			s.begin(id)
			for range 8 << 20 >> 14 { // more than any first window
				_ = s.WriteData(id, false, make([]byte, 1<<14))
			}
			s.next()
		})
		config := testConfig()
		config.HTTP = version
		transport := New(config)
		to := testTarget(t, "GET", url, nil)
		ctx, call := startCall(t, to)
		resp, err := transport.RoundTrip(ctx, call)
		if err == nil {
			time.Sleep(100 * time.Millisecond) // nothing is read, so that no window grows
			_, err = io.Copy(io.Discard, call.Body(resp))
			_ = resp.Body.Close()
		}
		f := call.Explain(ctx, err, 200, 0)
		if isAuto := version == Auto; f.Kind != failure.Protocol || (f.RetryAs == failure.Reset) != isAuto {
			t.Errorf("%v: %v, as %q", version, f, f.RetryAs)
		} else if isAuto {
			checkAll(t, exchangeAll(t, transport, 3, to), "1.1")
		}
		transport.Close()
	}
}

// TestHeaderNotOfHTTP2: a host that responds over HTTP/2 with a header that this does not have is spoken to in HTTP/1.1
// from then on, and the exchange may be made again; with HTTP/2 alone it may not. nginx 1.22.1 passes on the Upgrade of
// an Apache with mod_http2 behind it, and Tomcat 10.1.60 what an application sets: Transfer-Encoding, a name with ü.
func TestHeaderNotOfHTTP2(t *testing.T) {
	for _, field := range []hpack.HeaderField{
		{Name: "upgrade", Value: "h2,h2c"}, {Name: "x-gr\xfc\xdfe", Value: "a"}, {Name: "x-a", Value: "a\x01"},
	} {
		for _, version := range []Version{Auto, HTTP2} {
			url, _ := startH2Server(t, func(s *h2Server) {
				s.begin(s.next(), field)
				s.next()
			})
			config := testConfig()
			config.HTTP = version
			transport := New(config)
			to := testTarget(t, "GET", url, nil)
			ctx, call := startCall(t, to)
			resp, err := transport.RoundTrip(ctx, call)
			var f *failure.Failure
			if err != nil {
				f = call.Explain(ctx, err, 0, 0)
			} else {
				f = call.CheckHead(resp)
				_ = resp.Body.Close()
			}
			if isAuto := version == Auto; f == nil || f.Kind != failure.Protocol || (f.RetryAs == failure.Reset) != isAuto {
				t.Errorf("%v, %v: %+v", field, version, f)
			} else if isAuto {
				checkAll(t, exchangeAll(t, transport, 3, to), "1.1")
			}
			transport.Close()
		}
	}
}

// TestIdleSharedDies: a request that meets a kept connection which has just ended, however, is made over a new one
// where it may be sent twice; a POST fails, unless the server said that it had not processed it.
func TestIdleSharedDies(t *testing.T) {
	for name, end := range map[string]func(s *h2Server, id uint32){
		"FIN": func(*h2Server, uint32) {},
		"RST": func(s *h2Server, _ uint32) {
			nettest.ResetOnClose(s.conn.(*tls.Conn).NetConn().(*net.TCPConn))
			_ = s.conn.(*tls.Conn).NetConn().Close()
		},
		"GOAWAY": func(s *h2Server, id uint32) { _ = s.WriteGoAway(id-2, http2.ErrCodeNo, nil) },
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				url, made := startH2Server(t, func(s *h2Server) {
					if s.number > 1 {
						s.okAll()
						return
					}
					s.ok(s.next())
					end(s, s.next())
				})
				transport := newTestTransport(t)
				to := testTarget(t, method, url, nil)
				checkAll(t, exchangeAll(t, transport, 1, to), "2")
				ctx, call := startCall(t, to)
				resp, err := transport.RoundTrip(ctx, call)
				if err == nil {
					_ = resp.Body.Close()
				}
				mayFail := method == "POST" && name != "GOAWAY"
				if (err != nil) != mayFail || made.Load() != 2 && !mayFail {
					t.Fatalf("%v, %d connections", err, made.Load())
				}
				if !mayFail {
					return
				}
				f := call.Explain(ctx, err, 0, 0)
				if f.Kind != failure.Truncated && f.Kind != failure.Reset || call.NotProcessed() {
					t.Errorf("%s: %v, not processed is %t", f.Kind, f, call.NotProcessed())
				}
			})
		}
	}
}

// TestClosedAtOnce: a server that closes each connection before it takes a request is not asked without end.
func TestClosedAtOnce(t *testing.T) {
	url, made := startH2Server(t, func(s *h2Server) { _ = s.WriteGoAway(0, http2.ErrCodeNo, nil) })
	got := exchangeAll(t, newTestTransport(t), 1, testTarget(t, http.MethodGet, url, nil))[0]
	if made.Load() > 2*maxUseless+2 || !strings.Contains(got, "connections, one after the other") &&
		!strings.Contains(got, "closed before a whole answer") {
		t.Errorf("%d connections: %s", made.Load(), got)
	}
}
