package fetch_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"batchfetch/fetch/failure"
)

// frames is the server's side of an HTTP/2 connection: stream is the one that the last request came on.
type frames struct {
	*http2.Framer
	conn   net.Conn
	stream uint32
}

// inFrames is says, asked over HTTP/2; then the connection is ended.
func inFrames(says func(f *frames)) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(in, preface); err != nil {
			return
		}
		f := &frames{Framer: http2.NewFramer(c, in), conn: c}
		if f.WriteSettings() == nil && f.next() {
			says(f)
		}
		in.end(c)
	}
}

// next reads up to a request; false is the connection's end.
func (f *frames) next() bool {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return false
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			f.stream = frame.StreamID
			return true
		}
	}
}

// head sends a header, names and values in turn.
func (f *frames) head(last bool, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	all := block.Bytes()
	part := all[:min(len(all), 16<<10)]
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: part, EndStream: last, EndHeaders: len(part) == len(all)})
	for all = all[len(part):]; len(all) > 0; all = all[len(part):] {
		part = all[:min(len(all), 16<<10)]
		_ = f.WriteContinuation(f.stream, len(part) == len(all), part)
	}
}

// fields sends a header of so many fields of 16000 bytes, each in a frame of its own.
func (f *frames) fields(n int, ends bool) {
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\x88")})
	field := []byte("\x00\x01x\x7f\x81\x7c" + strings.Repeat("y", 16_000)) // RFC 7541 section 6.2.2
	for i := range n {
		if f.WriteContinuation(f.stream, ends && i == n-1, field) != nil {
			return
		}
	}
}

func (f *frames) ok() { f.head(false, ":status", "200", "content-type", "text/plain") }

func (f *frames) data(last bool, text string) { _ = f.WriteData(f.stream, last, []byte(text)) }

// http2Pranks are about HTTP/2.
func http2Pranks(t testing.TB) []prank {
	over := secure(authority(t).server(t, asItIs, "h2"))
	long := strings.Repeat("x", 300<<10)
	pranks := []prank{
		{name: "a plain answer", does: inFrames(func(f *frames) { f.ok(); f.data(true, "body") }), body: "body"},
		{name: "103 before the answer", does: inFrames(func(f *frames) { f.head(false, ":status", "103"); f.ok(); f.data(true, "body") }), body: "body"},
		{name: "1xx without an end", does: inFrames(func(f *frames) {
			for range 100_000 {
				f.head(false, ":status", "103", "link", "</a>")
				if _, err := f.conn.Write(nil); err != nil {
					return
				}
			}
		}), kind: failure.TooLarge, says: "the header is over 256 KiB"},
		{name: "a trailer", does: inFrames(func(f *frames) { f.ok(); f.data(false, "body"); f.head(true, "x-sum", "1") }), body: "body"},
		{name: "the stream reset before the answer", does: inFrames(func(f *frames) { _ = f.WriteRSTStream(f.stream, http2.ErrCodeInternal) }), kind: failure.Reset, says: "HTTP/2 error code 0x2); " + nothing},
		{name: "the stream refused", does: inFrames(func(f *frames) {
			for asked := true; asked; asked = f.next() {
				_ = f.WriteRSTStream(f.stream, http2.ErrCodeRefusedStream)
			}
		}), kind: failure.Reset, says: "the server refused the stream"},
		{name: "the stream cancelled in a body", does: inFrames(func(f *frames) { f.ok(); f.data(false, "body"); _ = f.WriteRSTStream(f.stream, http2.ErrCodeCancel) }), kind: failure.Reset, says: okWords + "4 bytes"},
		{name: "the stream reset without an error in a body", does: inFrames(func(f *frames) { f.ok(); f.data(false, "body"); _ = f.WriteRSTStream(f.stream, http2.ErrCodeNo) }), kind: failure.Reset, says: okWords + "4 bytes"},
		{name: "the stream reset over the protocol", does: inFrames(func(f *frames) { f.ok(); _ = f.WriteRSTStream(f.stream, http2.ErrCodeProtocol) }), kind: failure.Protocol, says: "not a valid HTTP/2 answer"},
		{name: "a goodbye in a body", does: inFrames(func(f *frames) { f.ok(); f.data(false, "body"); _ = f.WriteGoAway(f.stream, http2.ErrCodeNo, nil) }), kind: failure.Truncated, says: okWords + "4 bytes"},
		{name: "a goodbye with an error in a body", does: inFrames(func(f *frames) {
			f.ok()
			f.data(false, "body")
			_ = f.WriteGoAway(f.stream, http2.ErrCodeEnhanceYourCalm, []byte(escape))
		}), kind: failure.Reset, says: "HTTP/2 error code 0xb); " + okWords + "4 bytes"},
		{name: "a goodbye with an error", does: inFrames(func(f *frames) { _ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte(escape)) }), kind: failure.Protocol, says: nothing},
		{name: "closed before the answer", does: inFrames(func(*frames) {}), kind: failure.Truncated, says: nothing},
		{name: "closed in a body", does: inFrames(func(f *frames) { f.ok(); f.data(false, "body") }), kind: failure.Truncated, says: okWords + "4 bytes"},
		{name: "silence before the answer", does: inFrames(func(f *frames) { f.next() }), kind: failure.Stalled, says: nothing},
		{name: "silence in a body", does: inFrames(func(f *frames) { f.ok(); f.data(false, "body"); f.next() }), kind: failure.Stalled, says: okWords + "4 bytes"},
		{name: "a window that never opens, for a body sent", line: `{"url":"https://$HOST/","body":"` + strings.Repeat("x", 100<<10) + `"}`,
			does: inFrames(func(f *frames) { f.next() }), kind: failure.Stalled, says: nothing},
		{name: "more than the window", does: inFrames(func(f *frames) {
			f.ok()
			for range 1 << 10 { // 16 MiB
				if f.WriteData(f.stream, false, make([]byte, 16<<10)) != nil {
					return
				}
			}
		}), kind: failure.TooLarge, says: "max-body 1Mi"},
		{name: "a header just under 256 KiB", does: inFrames(func(f *frames) {
			f.head(false, ":status", "200", "content-type", "text/plain", "x", long[:250<<10])
			f.data(true, "body")
		}), body: "body"},
		{name: "a header over 256 KiB", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "x", long); f.data(true, "body") }), kind: failure.TooLarge, says: "the header is over 256 KiB"},
		{name: "a header of 1 MiB", does: inFrames(func(f *frames) { f.fields(64, true); f.data(true, "body") }), kind: failure.TooLarge, says: "the header is over 256 KiB"},
		{name: "a header without an end", does: inFrames(func(f *frames) { f.fields(1<<10, false) }), kind: failure.TooLarge, says: "the header is over 256 KiB"},
		{name: "a value of 1 MiB", does: inFrames(func(f *frames) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\x88\x00\x01x\x7f\x81\xff\x3f" + strings.Repeat("y", 16_000))})
			for range 64 {
				if f.WriteContinuation(f.stream, false, []byte(strings.Repeat("y", 16_000))) != nil {
					return
				}
			}
		}), kind: failure.TooLarge, says: "the header can't be decoded: it is over 256 KiB, or broken"},
		{name: "a header that is none", does: inFrames(func(f *frames) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\xff\xff\xff\xff\x0f"), EndHeaders: true})
		}), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "a header of 64 MiB in one frame of 16 KiB", does: inFrames(func(f *frames) {
			entry := "\x40\x01x\x7f\xa1\x1e" + strings.Repeat("y", 4000) // put into the table, and meant by one byte from then on
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\x88" + entry + strings.Repeat("\xbe", 12_000)), EndStream: true, EndHeaders: true})
		}), kind: failure.TooLarge, says: "the header is over 256 KiB"},
		{name: "empty frames of a header without an end", does: inFrames(func(f *frames) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\x88")})
			for f.WriteContinuation(f.stream, false, nil) == nil {
				time.Sleep(time.Millisecond)
			}
		}), kind: failure.Stalled, says: nothing},
		{name: "a header of 10000 fields", does: inFrames(func(f *frames) {
			fields := []string{":status", "200"}
			for range 10_000 {
				fields = append(fields, "a", "b")
			}
			f.head(false, fields...)
			f.data(true, "body")
		}), kind: failure.TooLarge, says: "the header has 10000 lines, over 5000"},
		{name: "a goodbye to each request", does: inFrames(func(f *frames) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) }), kind: failure.Reset, says: "the server gave up 6 connections, one after the other"},
		{name: "two lengths", does: inFrames(func(f *frames) {
			f.head(false, ":status", "200", "content-length", "4", "content-length", "2")
			f.data(true, "body")
		}), kind: failure.Protocol, says: "its Content-Length is no number, or there are several that differ"},
		{name: "a negative length", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "content-length", "-4"); f.data(true, "body") }), kind: failure.Protocol, says: "its Content-Length is no number"},
		{name: "a header of HTTP/1", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "transfer-encoding", "chunked"); f.data(true, "body") }), kind: failure.Protocol, says: "it has the header Transfer-Encoding"},
		{name: "status 2000", does: inFrames(func(f *frames) { f.head(false, ":status", "2000"); f.data(true, "body") }), kind: failure.Protocol, says: "a status that is not 100 to 999"},
		{name: "no status", does: inFrames(func(f *frames) { f.head(false, "content-type", "text/plain"); f.data(true, "body") }), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "a status that is none", does: inFrames(func(f *frames) { f.head(false, ":status", escape); f.data(true, "body") }), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "a name in capitals", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "X-Loud", "1"); f.data(true, "body") }), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "LF in a value", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "x", "a\nb"); f.data(true, "body") }), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "data before the header", does: inFrames(func(f *frames) { f.data(true, "body") }), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "data after the end", does: inFrames(func(f *frames) { f.ok(); f.data(true, "body"); f.data(true, "more") }), body: "body"},
		{name: "data of a stream that is none", does: inFrames(func(f *frames) { f.ok(); _ = f.WriteData(99, true, []byte("stray")) }), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "less than Content-Length", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "content-length", "9"); f.data(true, "body") }), kind: failure.Truncated, says: okWords + "4 bytes"},
		{name: "more than Content-Length", does: inFrames(func(f *frames) { f.head(false, ":status", "200", "content-length", "2"); f.data(true, "body") }), kind: failure.Protocol, says: okWords},
		{name: "a frame over the size allowed", does: inFrames(func(f *frames) {
			_ = put(f.conn, "\xff\xff\xff\x00\x00\x00\x00\x00\x01"+strings.Repeat("x", 1<<16))
		}), kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "HTTP/1.1 where HTTP/2 was agreed on", does: func(c net.Conn, in *hearer) { _, _ = in.Peek(1); _ = put(c, okFour); in.wait() }, kind: failure.Protocol, says: "not a valid HTTP"},
		{name: "gzip", does: inFrames(func(f *frames) {
			f.head(false, ":status", "200", "content-encoding", "gzip", "content-type", "text/plain")
			f.data(true, packed(t, "words", "gzip"))
		}), body: "words"},
	}
	for i := range pranks {
		pranks[i].name, pranks[i].over = "HTTP/2: "+pranks[i].name, over
		if pranks[i].line == "" {
			pranks[i].line = "https://$HOST/"
		}
	}
	return pranks
}
