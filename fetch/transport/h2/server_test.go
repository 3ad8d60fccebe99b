package h2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"batchfetch/fetch/nettest"
)

// errTooLarge is the Config.HeaderTooLarge of tests.
var errTooLarge = errors.New("too large")

// testConfig returns a Config of tests.
func testConfig() *Config {
	return &Config{Window: 64 << 10, Windows: NewWindows(1 << 20), MaxHeaderBytes: 64 << 10, HeaderTooLarge: errTooLarge,
		PingTime: time.Minute, WriteTime: time.Minute}
}

// An ownerLog is an Owner that counts what it is told.
type ownerLog struct {
	mu            sync.Mutex
	allowed       []int
	leaving, done int
}

func (o *ownerLog) StreamsAllowed(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.allowed = append(o.allowed, n)
}

func (o *ownerLog) Leaving() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leaving++
}

func (o *ownerLog) ExchangeDone() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done++
}

// A server is the server's side of a connection, frame by frame. Its methods are for one goroutine.
type server struct {
	*http2.Framer
	conn    net.Conn
	decoder *hpack.Decoder
	fields  []hpack.HeaderField // of the last request
	data    int                 // bytes of request bodies
}

// startServer returns a connection to a server that does what says does, after the preface, and then closes it.
func startServer(t testing.TB, config *Config, says func(s *server)) (*Conn, *ownerLog) {
	t.Helper()
	ours, theirs := nettest.Pair(t)
	return serveOn(t, config, ours, theirs, says)
}

// serveOn is startServer over the two ends of a connection.
func serveOn(t testing.TB, config *Config, ours, theirs net.Conn, says func(s *server)) (*Conn, *ownerLog) {
	owner := new(ownerLog)
	c := NewConn(ours, config, owner)
	var served sync.WaitGroup
	served.Go(func() {
		defer func() { _ = theirs.Close() }()
		if _, err := io.ReadFull(theirs, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		s := &server{Framer: http2.NewFramer(theirs, theirs), conn: theirs}
		s.AllowIllegalWrites = true
		s.decoder = hpack.NewDecoder(tableSize, func(f hpack.HeaderField) { s.fields = append(s.fields, f) })
		says(s)
	})
	t.Cleanup(func() {
		c.Close()
		<-c.Done()
		served.Wait()
	})
	return c, owner
}

// await reads frames up to one for which is is true, which it returns; nil at the end of the connection.
func (s *server) await(is func(http2.Frame) bool) http2.Frame {
	for {
		f, err := s.ReadFrame()
		if err != nil {
			return nil
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = s.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			s.fields = nil
			_, _ = s.decoder.Write(f.HeaderBlockFragment())
			_ = s.decoder.Close()
		case *http2.DataFrame:
			s.data += len(f.Data())
		}
		if is(f) {
			return f
		}
	}
}

// next returns the stream of the next request; 0 at the end of the connection.
func (s *server) next() uint32 {
	f := s.await(func(f http2.Frame) bool { return f.Header().Type == http2.FrameHeaders })
	if f == nil {
		return 0
	}
	return f.Header().StreamID
}

// drain reads to the end of the connection.
func (s *server) drain() { s.await(func(http2.Frame) bool { return false }) }

// header sends a header; fields are names and values in turn.
func (s *server) header(stream uint32, last bool, fields ...string) {
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: blockOf(fields...), EndHeaders: true,
		EndStream: last})
}

// blockOf returns the header block of fields, which are names and values in turn.
func blockOf(fields ...string) []byte {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	e.SetMaxDynamicTableSize(0)
	for i := 0; i < len(fields); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return block.Bytes()
}

// ok responds with a body.
func (s *server) ok(stream uint32, body string) {
	s.header(stream, false, ":status", "200")
	_ = s.WriteData(stream, true, []byte(body))
}

// get returns a request.
func get() *Request {
	return &Request{
		Method: http.MethodGet, Scheme: "https", Authority: "a.test", Path: "/", Header: http.Header{"X": {"1"}},
	}
}

// exchange makes an exchange and returns the body.
func exchange(ctx context.Context, c *Conn, r *Request) (string, error) {
	resp, err := c.RoundTrip(ctx, r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
