package fetch

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// A framer is the server's side of an HTTP/2 connection, frame by frame.
type framer struct {
	*http2.Framer
	conn *net.TCPConn
}

// talkFrames answers each HTTP/2 connection, by prior knowledge, with the frames that says writes; then it is closed.
func talkFrames(t testing.TB, says func(framer)) string {
	t.Helper()
	var last atomic.Pointer[net.TCPConn]
	url := nettest.Talk(t, func(c *net.TCPConn) {
		last.Store(c)
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		f := framer{http2.NewFramer(c, c), c}
		_ = f.WriteSettings()
		says(f)
	})
	t.Cleanup(func() { // a client may keep its connection for a while after a stream that was cancelled
		if c := last.Load(); c != nil {
			_ = c.Close()
		}
	})
	return url
}

// next returns the stream of the next request; 0 is the connection's end.
func (f framer) next() uint32 {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return 0
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			return frame.StreamID
		}
	}
}

// begin answers 200 and half a body.
func (f framer) begin(stream uint32) {
	var block bytes.Buffer
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	_ = f.WriteData(stream, false, []byte("half"))
}

// close ends our side of the connection and reads the client's to its end: closed with bytes unread it would be a reset.
func (f framer) close() {
	_ = f.conn.CloseWrite()
	nettest.AwaitClose(f.conn)
}

// TestRefusedStreamIsAskedOncePerAttempt: retries are ours to make, at our times; net/http makes none of its own.
func TestRefusedStreamIsAskedOncePerAttempt(t *testing.T) {
	for _, retries := range []int{0, 2} {
		var streams atomic.Int32
		url := talkFrames(t, func(f framer) {
			for stream := f.next(); stream != 0; stream = f.next() {
				streams.Add(1)
				_ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
			}
		})
		var shelf shelf
		o := quick(func(o *Options) {
			o.HTTP, o.Retries, o.RetryDelay, o.Timeout = transport.HTTP2, retries, 0, 10*time.Second
		})
		s, err := Run(t.Context(), linesOf(url), &shelf, o)
		if err != nil || shelf.kinds() != "reset" {
			t.Fatalf("%s, %v", shelf.kinds(), err)
		}
		r := shelf.records[0]
		if asked := int(streams.Load()); asked != retries+1 || r.Attempts != asked || s.Exchanges != int64(asked) || s.Retries != int64(retries) {
			t.Errorf("%d streams in %d attempts, %+v", asked, r.Attempts, s)
		}
		if says := r.Failure.Error(); says != "the server refused the stream; connected, no answer had arrived" {
			t.Errorf("says %q", says)
		}
	}
}

// TestRefusedStreamIsNotTheLastWord: a server that takes the second attempt makes a success of it.
func TestRefusedStreamIsNotTheLastWord(t *testing.T) {
	url := talkFrames(t, func(f framer) {
		_ = f.WriteRSTStream(f.next(), http2.ErrCodeRefusedStream)
		for stream := f.next(); stream != 0; stream = f.next() {
			f.begin(stream)
			_ = f.WriteData(stream, true, []byte(" and half"))
		}
	})
	r, body := one(t, url, quick(func(o *Options) { o.HTTP, o.Retries, o.RetryDelay = transport.HTTP2, 1, 0 }))
	if r.Failure != nil || body != "half and half" || r.Attempts != 2 {
		t.Errorf("%q after %d attempts, %v", body, r.Attempts, r.Failure)
	}
}

// TestRefusedStreamIsAskedAgainWhateverTheMethod: nothing has been done (RFC 9113 section 8.7), so nothing can be done twice.
// The request's own word counts all the same.
func TestRefusedStreamIsAskedAgainWhateverTheMethod(t *testing.T) {
	for line, attempts := range map[string]int{
		`{"url":"%s","method":"POST","body":"x"}`:               2,
		`{"url":"%s","method":"POST","body":"x","retry":false}`: 1,
	} {
		url := talkFrames(t, func(f framer) {
			for stream := f.next(); stream != 0; stream = f.next() {
				_ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
			}
		})
		r, _ := one(t, strings.Replace(line, "%s", url, 1), quick(func(o *Options) { o.HTTP, o.Retries, o.RetryDelay = transport.HTTP2, 1, 0 }))
		if kindOf(r) != failure.Reset || r.Attempts != attempts {
			t.Errorf("%s: %d attempts, %v", line, r.Attempts, r.Failure)
		}
	}
}

// TestHTTP2ConnectionsThatEnd: a server that says goodbye and closes has cut its answer short, as one that only closes.
func TestHTTP2ConnectionsThatEnd(t *testing.T) {
	const head, body = "connected, no answer had arrived", "200 OK and 4 bytes of its body had arrived"
	for _, tt := range []struct {
		name string
		says func(framer)
		want failure.Kind
		text string
	}{
		{"a goodbye before an answer", func(f framer) { _ = f.WriteGoAway(f.next(), http2.ErrCodeNo, nil); f.close() }, failure.Truncated, head},
		{"a goodbye in a body", func(f framer) {
			stream := f.next()
			f.begin(stream)
			_ = f.WriteGoAway(stream, http2.ErrCodeNo, nil)
			f.close()
		}, failure.Truncated, body},
		{"closed before an answer", func(f framer) { f.next(); f.close() }, failure.Truncated, head},
		{"closed in a body", func(f framer) { f.begin(f.next()); f.close() }, failure.Truncated, body},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := one(t, talkFrames(t, tt.says), quick(func(o *Options) { o.HTTP, o.Timeout = transport.HTTP2, time.Minute }))
			if kindOf(r) != tt.want || !strings.HasSuffix(r.Failure.Error(), tt.text) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}
