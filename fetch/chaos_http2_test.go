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

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
)

// http2Server is the server's side of an HTTP/2 connection. stream is that of the last request.
type http2Server struct {
	*http2.Framer
	conn   net.Conn
	stream uint32
}

// overHTTP2 makes a fault of a function that answers the first request over HTTP/2. Then the connection is closed.
func overHTTP2(says func(f *http2Server)) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(in, preface); err != nil {
			return
		}
		f := &http2Server{Framer: http2.NewFramer(c, in), conn: c}
		if f.WriteSettings() == nil && f.next() {
			says(f)
		}
		in.closeAndDrain(c)
	}
}

// next reads up to the next request. It returns false at the end of the connection.
func (f *http2Server) next() bool {
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

// writeHeader sends a header; fields are names and values in turn.
func (f *http2Server) writeHeader(last bool, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	all := block.Bytes()
	part := all[:min(len(all), 16<<10)]
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: part, EndStream: last,
		EndHeaders: len(part) == len(all)})
	for all = all[len(part):]; len(all) > 0; all = all[len(part):] {
		part = all[:min(len(all), 16<<10)]
		_ = f.WriteContinuation(f.stream, len(part) == len(all), part)
	}
}

// writeLongHeader sends a header of n fields of 16,000 bytes, each in a frame of its own.
func (f *http2Server) writeLongHeader(n int, ends bool) {
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\x88")})
	field := []byte("\x00\x01x\x7f\x81\x7c" + strings.Repeat("y", 16_000)) // RFC 7541 section 6.2.2
	for i := range n {
		if f.WriteContinuation(f.stream, ends && i == n-1, field) != nil {
			return
		}
	}
}

func (f *http2Server) writeOK() { f.writeHeader(false, ":status", "200", "content-type", "text/plain") }

func (f *http2Server) writeData(last bool, text string) {
	_ = f.WriteData(f.stream, last, []byte(text))
}

// http2Faults are faults of HTTP/2.
func http2Faults(t testing.TB) []fault {
	over := wrapTLS(getTestCA(t).serverConfig(t, unchanged, "h2"))
	long := strings.Repeat("x", 300<<10)
	faults := []fault{
		{name: "a plain answer", serve: overHTTP2(func(f *http2Server) { f.writeOK(); f.writeData(true, "body") }),
			body: "body"},
		{name: "103 before the answer", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "103")
			f.writeOK()
			f.writeData(true, "body")
		}), body: "body"},
		{name: "1xx without an end", serve: overHTTP2(func(f *http2Server) {
			for range 100_000 {
				f.writeHeader(false, ":status", "103", "link", "</a>")
				if _, err := f.conn.Write(nil); err != nil {
					return
				}
			}
		}), kind: failure.TooLarge, message: "the header is over 256 KiB"},
		{name: "a trailer", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			f.writeHeader(true, "x-sum", "1")
		}), body: "body"},
		{name: "the stream reset before the answer", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteRSTStream(f.stream, http2.ErrCodeInternal)
		}), kind: failure.Reset, message: "HTTP/2 error code 0x2); " + beforeResponse},
		{name: "the stream refused", serve: overHTTP2(func(f *http2Server) {
			for more := true; more; more = f.next() {
				_ = f.WriteRSTStream(f.stream, http2.ErrCodeRefusedStream)
			}
		}), kind: failure.Reset, message: "the server refused the stream"},
		{name: "the stream cancelled in a body", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			_ = f.WriteRSTStream(f.stream, http2.ErrCodeCancel)
		}), kind: failure.Reset, message: afterOK + "4 bytes"},
		{name: "the stream reset without an error in a body", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			_ = f.WriteRSTStream(f.stream, http2.ErrCodeNo)
		}), kind: failure.Reset, message: afterOK + "4 bytes"},
		{name: "the stream reset over the protocol", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteRSTStream(f.stream, http2.ErrCodeProtocol)
		}), kind: failure.Protocol, message: "not a valid HTTP/2 answer, says the server"},
		{name: "the same behind the header", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			_ = f.WriteRSTStream(f.stream, http2.ErrCodeProtocol)
		}), kind: failure.Reset, message: "the server reset the stream: PROTOCOL_ERROR (HTTP/2 error code 0x1); " + afterOK},
		{name: "the same in a body, which broke off behind h2o 2.2", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			_ = f.WriteRSTStream(f.stream, http2.ErrCodeProtocol)
		}), kind: failure.Reset, message: afterOK + "4 bytes"},
		{name: "a goodbye in a body", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			_ = f.WriteGoAway(f.stream, http2.ErrCodeNo, nil)
		}), kind: failure.Truncated, message: afterOK + "4 bytes"},
		{name: "a goodbye with an error in a body", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			_ = f.WriteGoAway(f.stream, http2.ErrCodeEnhanceYourCalm, []byte(escape))
		}), kind: failure.Reset, message: "HTTP/2 error code 0xb); " + afterOK + "4 bytes"},
		{name: "a goodbye with an error", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte(escape))
		}), kind: failure.Reset, message: "ENHANCE_YOUR_CALM (HTTP/2 error code 0xb); " + beforeResponse},
		{name: "closed before the answer", serve: overHTTP2(func(*http2Server) {}), kind: failure.Truncated,
			message: beforeResponse},
		{name: "closed in a body", serve: overHTTP2(func(f *http2Server) { f.writeOK(); f.writeData(false, "body") }),
			kind: failure.Truncated, message: afterOK + "4 bytes"},
		{name: "silence before the answer", serve: overHTTP2(func(f *http2Server) { f.next() }), kind: failure.Stalled,
			message: beforeResponse},
		{name: "silence in a body", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(false, "body")
			f.next()
		}), kind: failure.Stalled, message: afterOK + "4 bytes"},
		{name: "a window that never opens, for a body sent", line: `{"url":"https://$HOST/","body":"` +
			strings.Repeat("x", 100<<10) + `"}`,
			serve: overHTTP2(func(f *http2Server) { f.next() }), kind: failure.Stalled, message: beforeResponse},
		{name: "a header just under 256 KiB", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "content-type", "text/plain", "x", long[:250<<10])
			f.writeData(true, "body")
		}), body: "body"},
		{name: "a header over 256 KiB", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "x", long)
			f.writeData(true, "body")
		}), kind: failure.TooLarge, message: "the header is over 256 KiB"},
		{name: "a header of 1 MiB", serve: overHTTP2(func(f *http2Server) {
			f.writeLongHeader(64, true)
			f.writeData(true, "body")
		}), kind: failure.TooLarge, message: "the header is over 256 KiB"},
		{name: "a header without an end", serve: overHTTP2(func(f *http2Server) { f.writeLongHeader(1<<10, false) }),
			kind: failure.TooLarge, message: "the header is over 256 KiB"},
		{name: "a value of 1 MiB", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream,
				BlockFragment: []byte("\x88\x00\x01x\x7f\x81\xff\x3f" + strings.Repeat("y", 16_000))})
			for range 64 {
				if f.WriteContinuation(f.stream, false, []byte(strings.Repeat("y", 16_000))) != nil {
					return
				}
			}
		}), kind: failure.TooLarge, message: "the header is over 256 KiB"},
		{name: "a header that is none", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\xff\xff\xff\xff\x0f"),
				EndHeaders: true})
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "a header of 64 MiB in one frame of 16 KiB", serve: overHTTP2(func(f *http2Server) {
			// stored in the dynamic table and referred to by one byte (RFC 7541 section 6.1)
			entry := "\x40\x01x\x7f\xa1\x1e" + strings.Repeat("y", 4000)
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream,
				BlockFragment: []byte("\x88" + entry + strings.Repeat("\xbe", 12_000)), EndStream: true, EndHeaders: true})
		}), kind: failure.TooLarge, message: "the header is over 256 KiB"},
		{name: "empty frames of a header without an end", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: []byte("\x88")})
			for f.WriteContinuation(f.stream, false, nil) == nil {
				time.Sleep(time.Millisecond)
			}
		}), kind: failure.Stalled, message: beforeResponse},
		{name: "a header of 10000 fields", serve: overHTTP2(func(f *http2Server) {
			fields := []string{":status", "200"}
			for range 10_000 {
				fields = append(fields, "a", "b")
			}
			f.writeHeader(false, fields...)
			f.writeData(true, "body")
		}), kind: failure.TooLarge, message: "the header has 10000 lines, over 5000"},
		{name: "a goodbye to each request", serve: overHTTP2(func(f *http2Server) {
			_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
		}), kind: failure.Reset, message: "the server gave up 6 connections, one after the other"},
		{name: "two lengths", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "content-length", "4", "content-length", "2")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "its Content-Length is no number, or there are several that differ"},
		{name: "a negative length", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "content-length", "-4")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "its Content-Length is no number"},
		{name: "a header of HTTP/1", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "transfer-encoding", "chunked")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "it has the header Transfer-Encoding"},
		{name: "status 2000", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "2000")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "a status that is not 100 to 999"},
		{name: "no status", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, "content-type", "text/plain")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "a status that is none", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", escape)
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "a name in capitals", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "X-Loud", "1")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "LF in a value", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "x", "a\nb")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "data before the header", serve: overHTTP2(func(f *http2Server) { f.writeData(true, "body") }),
			kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "data after the end", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			f.writeData(true, "body")
			f.writeData(true, "more")
		}), body: "body"},
		{name: "data of a stream that is none", serve: overHTTP2(func(f *http2Server) {
			f.writeOK()
			_ = f.WriteData(99, true, []byte("stray"))
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "less than Content-Length", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "content-length", "9")
			f.writeData(true, "body")
		}), kind: failure.Truncated, message: afterOK + "4 bytes"},
		{name: "more than Content-Length", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "content-length", "2")
			f.writeData(true, "body")
		}), kind: failure.Protocol, message: afterOK},
		{name: "a frame over the size allowed", serve: overHTTP2(func(f *http2Server) {
			_ = write(f.conn, "\xff\xff\xff\x00\x00\x00\x00\x00\x01"+strings.Repeat("x", 1<<16))
		}), kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "HTTP/1.1 where HTTP/2 was agreed on", serve: func(c net.Conn, in *requestReader) {
			_, _ = in.Peek(1)
			_ = write(c, okBody)
			in.drain()
		}, kind: failure.Protocol, message: "not a valid HTTP"},
		{name: "gzip", serve: overHTTP2(func(f *http2Server) {
			f.writeHeader(false, ":status", "200", "content-encoding", "gzip", "content-type", "text/plain")
			f.writeData(true, codingtest.Encode(t, "words", "gzip"))
		}), body: "words"},
	}
	for i := range faults {
		faults[i].name, faults[i].wrap = "HTTP/2: "+faults[i].name, over
		if faults[i].line == "" {
			faults[i].line = "https://$HOST/"
		}
	}
	return faults
}
