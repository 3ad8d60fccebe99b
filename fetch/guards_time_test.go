package fetch

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"batchfetch/fetch/transport"
)

// A floodServer speaks HTTP/2 up to the first request, and sends frames from then on without reading any. It knows when
// its connections were closed.
type floodServer struct {
	url      string
	listener net.Listener
	open     sync.WaitGroup
}

// startFlood starts a floodServer, over TLS or without. says answers the request; then frames follows again and again.
func startFlood(t *testing.T, secure bool, says, frames func(f *http2.Framer) error) *floodServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &floodServer{url: "http://" + listener.Addr().String() + "/", listener: listener}
	if secure {
		s.url = "https" + strings.TrimPrefix(s.url, "http")
		s.listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{testCertificate()}, NextProtos: []string{"h2"},
		})
	}
	s.open.Go(func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.open.Go(func() {
				defer func() { _ = c.Close() }()
				flood(c, says, frames)
			})
		}
	})
	t.Cleanup(func() { _ = s.listener.Close(); s.open.Wait() })
	return s
}

// testCertificate returns a certificate that nobody trusts.
func testCertificate() tls.Certificate {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	return server.TLS.Certificates[0]
}

// flood is one connection of a floodServer.
func flood(c net.Conn, says, frames func(f *http2.Framer) error) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if h, is := frame.(*http2.HeadersFrame); is && h.StreamID == 1 {
			break
		}
	}
	if says(f) != nil {
		return
	}
	for frames(f) == nil { // until the client has closed the connection
	}
}

// writeHeader sends the header of the answer; fields are names and values in turn.
func writeHeader(f *http2.Framer, last bool, fields ...string) error {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true,
		EndStream: last})
}

// setTimeLimit sets the limit of an exchange or a run, by the kind of failure that an exchange which meets it ends
// with. It is short, unless there is something to be done before: the exchange begins, or ends otherwise.
func setTimeLimit(o *Options, kind, want string) {
	limit := ampleLimit
	if want == "" && kind != "canceled" {
		limit = 300 * time.Millisecond
	}
	switch kind {
	case "stalled":
		o.StallTimeout = limit
	case "timeout":
		o.Timeout = limit
	case "canceled":
		o.Deadline = limit
	}
}

// largeBody is more than the kernel's buffers take of an upload that nobody reads.
var largeBody = make([]byte, 8<<20)

// promptly is how long a run may take that meets a limit: an exchange ends within a second of it, and a busy machine
// takes its time. It is less than the 15 s after which net/http cuts off a write that is stuck.
const promptly = 14 * time.Second

// runWithin makes a run of one request, and checks its outcome ("ok", or a kind; several where any may be) and that it
// ends promptly.
func runWithin(t *testing.T, request Request, o Options, want string) {
	t.Helper()
	var sink recorder
	began := time.Now()
	_, err := Run(t.Context(), func(yield func(Request, error) bool) { yield(request, nil) }, &sink, o)
	took := time.Since(began)
	if err != nil || len(sink.records) != 1 {
		t.Fatalf("%d records, %v", len(sink.records), err)
	}
	if got := sink.kinds(); !slices.Contains(strings.Fields(want), got) || took > promptly {
		t.Errorf("%s after %s, want %s: %v", got, took, want, sink.records[0].Failure)
	}
}

// TestGuardTimeHTTP2: a server that goes on sending frames and never reads makes no limit useless: the exchange ends
// within a second of it, the run in order, and the connection is closed.
func TestGuardTimeHTTP2(t *testing.T) {
	t.Parallel()
	nothing := func(*http2.Framer) error { return nil }
	half := func(f *http2.Framer) error {
		return errors.Join(writeHeader(f, false, ":status", "200"), f.WriteData(1, false, make([]byte, 60<<10)))
	}
	pings := func(f *http2.Framer) error { return f.WritePing(false, [8]byte{1}) }
	settings := func(f *http2.Framer) error {
		return f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 14})
	}
	const all = "stalled timeout canceled"
	for _, tt := range []struct {
		name         string
		says, frames func(*http2.Framer) error
		limits       string // that are tried
		body         bool   // the request has one
		want         string // the outcome; "" is the failure that the limit makes
	}{
		{"pings before the answer", nothing, pings, all, false, ""},
		{"settings before the answer", nothing, settings, "stalled", false, ""},
		{"pings, and a body to read", nothing, pings, "stalled", true, ""},
		{"pings in a body", half, pings, all, false, ""},
		{"settings in a body", half, settings, "timeout", false, ""},
		{"pings and data", half, func(f *http2.Framer) error {
			return errors.Join(pings(f), f.WriteData(1, false, []byte("x")))
		}, "canceled", false, ""},
		{"empty frames in a body, and a body to read", half, func(f *http2.Framer) error {
			return f.WriteData(1, false, nil)
		}, "stalled timeout", true, ""},
		{"pings behind a whole answer", func(f *http2.Framer) error {
			return errors.Join(writeHeader(f, false, ":status", "200"), f.WriteData(1, true, []byte("whole")))
		}, pings, all, false, "ok"},
		{"pings behind an empty answer", func(f *http2.Framer) error {
			return writeHeader(f, true, ":status", "200")
		}, pings, "stalled", false, "ok stalled"}, // net/http returns it once it has ended the stream
		{"pings in the body of an error", func(f *http2.Framer) error {
			return errors.Join(writeHeader(f, false, ":status", "404", "content-length", "999999"),
				f.WriteData(1, false, make([]byte, 60<<10)))
		}, pings, "stalled", false, "status"},
		{"pings in the short body of an error", func(f *http2.Framer) error {
			return errors.Join(writeHeader(f, false, ":status", "404", "content-length", "50000"),
				f.WriteData(1, false, make([]byte, 40000)))
		}, pings, "stalled timeout", false, "status"},
		{"pings in a body that is too large", func(f *http2.Framer) error {
			return errors.Join(writeHeader(f, false, ":status", "200", "content-length", "999999999999"),
				f.WriteData(1, false, make([]byte, 60<<10)))
		}, pings, "stalled", false, "too_large"},
	} {
		for limit := range strings.FieldsSeq(tt.limits) {
			for scheme, secure := range map[string]bool{"http": false, "https": true} {
				if secure && limit != "stalled" {
					continue
				}
				t.Run(tt.name+", "+limit+", "+scheme, func(t *testing.T) {
					t.Parallel()
					server := startFlood(t, secure, tt.says, tt.frames)
					o := noRetryOptions(func(o *Options) {
						o.HTTP, o.StallTimeout, o.TLS = transport.HTTP2, 0, &tls.Config{InsecureSkipVerify: true}
						if setTimeLimit(o, limit, tt.want); secure {
							o.HTTP = transport.Auto
						}
					})
					request := Request{URL: server.url}
					if tt.body {
						request.Body = largeBody
					}
					runWithin(t, request, o, cmp.Or(tt.want, limit))
					if tt.want == "" {
						server.awaitClose(t, promptly)
					} else {
						server.awaitClose(t, cutOff)
					}
				})
			}
		}
	}
}

// cutOff is how long a connection may stay open after an exchange that met no limit: net/http cuts a write off that is
// stuck for 15 s (WriteByteTimeout), and then there may be another one.
const cutOff = time.Minute

// awaitClose waits until all connections are closed, for that long at most.
func (s *floodServer) awaitClose(t *testing.T, most time.Duration) {
	t.Helper()
	_ = s.listener.Close()
	closed := make(chan struct{})
	go func() { s.open.Wait(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(most):
		t.Error("the connection is still open")
	}
}

// TestGuardTimeHTTP1: the same over HTTP/1.1 and proxies: of servers that do not read what they are sent, that do not
// answer, or that hang in a handshake, and whatever lies between.
func TestGuardTimeHTTP1(t *testing.T) {
	t.Parallel()
	silent := func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }
	early := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_, _ = io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
	}
	accepted := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	}
	for _, tt := range []struct {
		name   string
		secure bool // the server speaks TLS
		says   func(net.Conn)
		url    string // with the server's address for ADDR
		upload bool
		proxy  string // scheme of the proxy that the server is; "" is none
		limits string
		want   string
	}{
		{"no answer", false, silent, "http://ADDR/", false, "", "stalled timeout canceled", ""},
		{"an upload that is not read", false, silent, "http://ADDR/", true, "", "stalled timeout canceled", ""},
		{"the same over TLS", true, silent, "https://ADDR/", true, "", "stalled timeout canceled", ""},
		{"an error before the upload was read", true, early, "https://ADDR/", true, "", "stalled", "status"},
		{"a handshake without an end", false, silent, "https://ADDR/", false, "", "timeout canceled", ""},
		{"an upload over a proxy", false, silent, "http://a.test/", true, "http", "stalled timeout canceled", ""},
		{"an upload over a proxy with TLS", true, silent, "http://a.test/", true, "https",
			"stalled timeout canceled", ""},
		{"a proxy that does not connect", false, silent, "https://a.test/", false, "http", "timeout canceled", ""},
		{"the same with TLS", true, silent, "https://a.test/", false, "https", "timeout canceled", ""},
		{"a proxy without a handshake", false, silent, "https://a.test/", false, "https", "timeout canceled", ""},
		{"a SOCKS proxy that is silent", false, silent, "http://a.test/", false, "socks5h", "timeout canceled", ""},
		{"a handshake behind a proxy", false, accepted, "https://a.test/", false, "http", "timeout canceled", ""},
		{"the same in TLS", true, accepted, "https://a.test/", false, "https", "timeout canceled", ""},
	} {
		for limit := range strings.FieldsSeq(tt.limits) {
			t.Run(tt.name+", "+limit, func(t *testing.T) {
				t.Parallel()
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				addr := listener.Addr().String()
				certificate := testCertificate()
				root, err := x509.ParseCertificate(certificate.Certificate[0])
				if err != nil {
					t.Fatal(err)
				}
				roots := x509.NewCertPool()
				roots.AddCert(root)
				if tt.secure {
					listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
				}
				over := make(chan struct{})
				var open sync.WaitGroup
				open.Go(func() {
					for c, err := listener.Accept(); err == nil; c, err = listener.Accept() {
						open.Go(func() {
							tt.says(c)
							<-over // it neither reads nor closes
							_ = c.Close()
						})
					}
				})
				t.Cleanup(func() { _ = listener.Close(); close(over); open.Wait() })
				o := noRetryOptions(func(o *Options) {
					o.HTTP, o.StallTimeout, o.ConnectTimeout, o.TLS = transport.HTTP1, 0, 0, &tls.Config{RootCAs: roots}
					setTimeLimit(o, limit, tt.want)
					if tt.proxy != "" {
						o.HTTPProxy = tt.proxy + "://" + addr
						o.HTTPSProxy = o.HTTPProxy
					}
				})
				request := Request{URL: strings.Replace(tt.url, "ADDR", addr, 1)}
				if tt.upload {
					request.Body = largeBody
				}
				runWithin(t, request, o, cmp.Or(tt.want, limit))
			})
		}
	}
}

// TestGuardTimeOfRun: a run with many exchanges on one such server ends in order at its deadline, too.
func TestGuardTimeOfRun(t *testing.T) {
	t.Parallel()
	server := startFlood(t, false, func(f *http2.Framer) error { return writeHeader(f, false, ":status", "200") },
		func(f *http2.Framer) error { return f.WritePing(false, [8]byte{1}) })
	o := noRetryOptions(func(o *Options) {
		o.HTTP, o.StallTimeout, o.Deadline = transport.HTTP2, 0, ampleLimit
	})
	var sink recorder
	began := time.Now()
	s, err := Run(t.Context(), linesOf(slices.Repeat([]string{server.url}, 50)...), &sink, o)
	if took := time.Since(began); err != nil || s.Stopped != StopDeadline || took > promptly ||
		len(sink.records) != o.HostConcurrency || s.NotStarted != int64(50-o.HostConcurrency) {
		t.Errorf("%d records after %s, %+v, %v", len(sink.records), took, s, err)
	}
	server.awaitClose(t, promptly)
}
