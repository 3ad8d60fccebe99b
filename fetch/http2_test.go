package fetch

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// TestRefusedStreamIsAskedTwicePerAttempt checks that a stream that is refused is requested once more at once, and then
// retried by the plan.
func TestRefusedStreamIsAskedTwicePerAttempt(t *testing.T) {
	for _, retries := range []int{0, 2} {
		var streams atomic.Int32
		url := startHTTP2Server(t, func(f framer) {
			for stream := f.next(); stream != 0; stream = f.next() {
				streams.Add(1)
				_ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
			}
		})
		var sink recorder
		o := noRetryOptions(func(o *Options) {
			o.HTTP, o.Retries, o.RetryDelay, o.Timeout = transport.HTTP2, retries, 0, 10*time.Second
		})
		s, err := Run(t.Context(), linesOf(url), &sink, o)
		if err != nil || sink.kinds() != "reset" {
			t.Fatalf("%s, %v", sink.kinds(), err)
		}
		r := sink.records[0]
		if requests := int(streams.Load()); requests != 2*(retries+1) || r.Attempts != retries+1 ||
			s.Exchanges != int64(retries+1) || s.Retries != int64(retries) {
			t.Errorf("%d streams in %d attempts, %+v", requests, r.Attempts, s)
		}
		if says := r.Failure.Error(); says != "the server refused the stream; connected, no answer had arrived" {
			t.Errorf("says %q", says)
		}
	}
}

// TestRefusedStreamIsNoAttempt checks that the request that opens a connection, and is refused as nginx 1.22 refuses an
// upload there with http2_body_preread_size 0, costs no retry.
func TestRefusedStreamIsNoAttempt(t *testing.T) {
	url := startHTTP2Server(t, func(f framer) {
		_ = f.WriteRSTStream(f.next(), http2.ErrCodeRefusedStream)
		for stream := f.next(); stream != 0; stream = f.next() {
			f.writeHalf(stream)
			_ = f.WriteData(stream, true, []byte(" and half"))
		}
	})
	r, body := runOne(t, url, noRetryOptions(func(o *Options) { o.HTTP = transport.HTTP2 }))
	if r.Failure != nil || body != "half and half" || r.Attempts != 1 {
		t.Errorf("%q after %d attempts, %v", body, r.Attempts, r.Failure)
	}
}

// TestRefusedStreamIsRetriedWhateverTheMethod checks that a POST is retried after a refused stream, because the server
// has not processed it (RFC 9113 section 8.7), unless the request says retry: false.
func TestRefusedStreamIsRetriedWhateverTheMethod(t *testing.T) {
	for line, attempts := range map[string]int{
		`{"url":"%s","method":"POST","body":"x"}`:               2,
		`{"url":"%s","method":"POST","body":"x","retry":false}`: 1,
	} {
		url := startHTTP2Server(t, func(f framer) {
			for stream := f.next(); stream != 0; stream = f.next() {
				_ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
			}
		})
		r, _ := runOne(t, strings.Replace(line, "%s", url, 1),
			noRetryOptions(func(o *Options) { o.HTTP, o.Retries, o.RetryDelay = transport.HTTP2, 1, 0 }))
		if kindOf(r) != failure.Reset || r.Attempts != attempts {
			t.Errorf("%s: %d attempts, %v", line, r.Attempts, r.Failure)
		}
	}
}

// TestOverloadedStreamIsNoAttempt: a stream that is reset because of the server's load (ENHANCE_YOUR_CALM) is requested
// again at no cost of retries.
func TestOverloadedStreamIsNoAttempt(t *testing.T) {
	url := startHTTP2Server(t, func(f framer) {
		for range 2 {
			_ = f.WriteRSTStream(f.next(), http2.ErrCodeEnhanceYourCalm)
		}
		stream := f.next()
		f.writeHalf(stream)
		_ = f.WriteData(stream, true, []byte(" and half"))
	})
	r, body := runOne(t, url, noRetryOptions(func(o *Options) { o.HTTP, o.RetryDelay = transport.HTTP2, 0 }))
	if r.Failure != nil || body != "half and half" {
		t.Errorf("%q, %v", body, r.Failure)
	}
}

// TestHTTP2ConnectionsThatEnd checks that a server that closes within a response, with or without a GOAWAY, makes a
// failure of kind truncated.
func TestHTTP2ConnectionsThatEnd(t *testing.T) {
	const head, body = "connected, no answer had arrived", "200 OK and 4 bytes of its body had arrived"
	for _, tt := range []struct {
		name string
		says func(framer)
		want failure.Kind
		text string
	}{
		{"a goodbye before an answer", func(f framer) {
			_ = f.WriteGoAway(f.next(), http2.ErrCodeNo, nil)
			f.closeGracefully()
		}, failure.Truncated, head},
		{"a goodbye in a body", func(f framer) {
			stream := f.next()
			f.writeHalf(stream)
			_ = f.WriteGoAway(stream, http2.ErrCodeNo, nil)
			f.closeGracefully()
		}, failure.Truncated, body},
		{"closed before an answer", func(f framer) { f.next(); f.closeGracefully() }, failure.Truncated, head},
		{"closed in a body", func(f framer) { f.writeHalf(f.next()); f.closeGracefully() }, failure.Truncated, body},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := runOne(t, startHTTP2Server(t, tt.says),
				noRetryOptions(func(o *Options) { o.HTTP, o.Timeout = transport.HTTP2, time.Minute }))
			if kindOf(r) != tt.want || !strings.HasSuffix(r.Failure.Error(), tt.text) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

// TestUnresponsiveHTTP2Connection checks that a connection over which nothing arrives, no response to a ping either, is
// closed and its request is retried.
func TestUnresponsiveHTTP2Connection(t *testing.T) {
	t.Parallel()
	const pingTime = 2 * time.Second
	const lost = "nothing came over the connection, no answer to a ping either; connected, no answer had arrived"
	const cut = "nothing came over the connection, no answer to a ping either; 200 OK and 4 bytes of its body had arrived"
	for text, says := range map[string]func(framer){lost: func(framer) {}, cut: func(f framer) { f.writeHalf(f.next()) }} {
		for retries, want := range []failure.Kind{failure.Stalled, ""} {
			t.Run(fmt.Sprintf("%d retries, %s", retries, text), func(t *testing.T) {
				t.Parallel()
				var made atomic.Int32
				url := startHTTP2Server(t, func(f framer) {
					if made.Add(1) == 1 {
						says(f)
						nettest.AwaitClose(f.conn)
						return
					}
					for stream := f.next(); stream != 0; stream = f.next() {
						f.writeHalf(stream)
						_ = f.WriteData(stream, true, nil)
					}
				})
				o := options(func(o *Options) {
					o.HTTP, o.StallTimeout, o.Retries, o.RetryDelay = transport.HTTP2, 0, retries, 0
				})
				config := o.transportConfig(dial.Network{})
				config.Dial.PingTime = pingTime
				transport := transport.New(config)
				var sink recorder
				if _, err := runWith(t.Context(), linesOf(url), &sink, o, transport); err != nil {
					t.Fatal(err)
				}
				transport.CloseIdle()
				r := sink.records[0]
				if kindOf(r) != want || r.Attempts != retries+1 || r.Elapsed < 2*pingTime || want != "" &&
					r.Failure.Error() != text {
					t.Errorf("%s after %d attempts and %s: %v", kindOf(r), r.Attempts, r.Elapsed, r.Failure)
				}
			})
		}
	}
}

func TestHTTP2ByPriorKnowledge(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(respondProtocol))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	r, body := runOne(t, server.URL, noRetryOptions(func(o *Options) { o.HTTP = transport.HTTP2 }))
	if r.Failure != nil || body != "HTTP/2.0" {
		t.Errorf("got %q, %v", body, r.Failure)
	}
}

func TestHTTP2StreamsThatBreak(t *testing.T) {
	url, o := startTLSServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	})
	for _, path := range []string{"/head", "/body"} {
		if r, _ := runOne(t, url+path, o); kindOf(r) != failure.Reset {
			t.Errorf("%s: %s: %v", path, kindOf(r), r.Failure)
		}
	}
}

func TestHTTP2Stalls(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	url, o := startTLSServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	o.StallTimeout = ampleLimit
	if r, _ := runOne(t, url, o); kindOf(r) != failure.Stalled {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
	<-gone // the server sees the stream reset
}

func TestHTTP2HeaderOverTheBound(t *testing.T) {
	for name, header := range map[string]http.Header{
		"one long value":      {"X": {strings.Repeat("x", 512<<10)}},
		"many that are short": {"X": slices.Repeat([]string{strings.Repeat("x", 1000)}, 512<<10/1000)},
	} {
		t.Run(name, func(t *testing.T) {
			url, o := startTLSServer(t, true, func(w http.ResponseWriter, r *http.Request) { maps.Copy(w.Header(), header) })
			r, _ := runOne(t, url, o)
			if kindOf(r) != failure.TooLarge || r.Attempts != 1 {
				t.Errorf("got %s after %d attempts: %v", kindOf(r), r.Attempts, r.Failure)
			}
		})
	}
}

// TestOneConnectionServesAllStreams checks that an HTTP/2 server that accepts one connection and leaves other
// handshakes unanswered gets all requests over that one, including those that wait for a connection of their own.
func TestOneConnectionServesAllStreams(t *testing.T) {
	backend, o := startTLSServer(t, true, respondProtocol)
	o.TLS = &tls.Config{InsecureSkipVerify: true}
	o.Concurrency, o.HostConcurrency, o.Retries, o.ConnectTimeout = 10, 10, 0, time.Hour
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var relays sync.WaitGroup
	relays.Go(func() {
		first := true
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if !first {
				relays.Go(func() { nettest.AwaitClose(c); _ = c.Close() })
				continue
			}
			first = false
			relays.Go(func() {
				there, err := net.Dial("tcp", strings.TrimPrefix(backend, "https://"))
				if err == nil {
					relay(c, there)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); relays.Wait() })
	s, err := Run(t.Context(), urls(40, "https://"+listener.Addr().String()), &recorder{}, o)
	if err != nil || s.Succeeded != 40 || s.Elapsed > o.ConnectTimeout/2 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestRetriesAfterAStalledConnection checks that after a stall of an HTTP/2 connection the retries go one at a time.
func TestRetriesAfterAStalledConnection(t *testing.T) {
	t.Parallel()
	const urls = 4
	var stalled atomic.Int32 // requests that got no answer
	url := startHTTP2Server(t, func(f framer) {
		for stream := f.next(); stream != 0; stream = f.next() {
			if stalled.Add(1) <= urls {
				continue
			}
			_ = f.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			if another := f.next(); another != 0 {
				t.Error("two requests at once after a stall")
			}
			f.writeHalf(stream)
			_ = f.WriteData(stream, true, nil)
			return
		}
	})
	var sink recorder
	o := noRetryOptions(func(o *Options) {
		o.HTTP, o.Retries, o.RetryDelay, o.StallTimeout = transport.HTTP2, 20, time.Millisecond, ampleLimit
		o.HostConcurrency, o.Adaptive = urls, true
	})
	stop := make(chan struct{})
	o.Drain = stop
	first := SinkFunc(func(r *Record) error {
		if err := sink.Put(r); err != nil || len(sink.records) > 1 {
			return err
		}
		close(stop)
		return nil
	})
	if _, err := Run(t.Context(), linesOf(url+"/1", url+"/2", url+"/3", url+"/4"), first, o); err != nil {
		t.Fatal(err)
	}
	if len(sink.bodies) == 0 || sink.bodies[0] != "half" || sink.records[0].Attempts < 2 {
		t.Errorf("got %q", sink.bodies)
	}
}
