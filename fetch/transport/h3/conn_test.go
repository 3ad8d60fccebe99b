package h3

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/transport/h2"
)

// pages is a handler with what an exchange may meet.
func pages(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/size": // ?n=bytes
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		_, _ = w.Write(bytes.Repeat([]byte("x"), n))
	case "/echo":
		_, _ = io.Copy(w, r.Body)
	case "/early":
		http.Error(w, "no", http.StatusRequestEntityTooLarge)
	case "/accepted":
		w.WriteHeader(http.StatusAccepted)
		_ = http.NewResponseController(w).Flush()
		sum := sha256.New()
		n, _ := io.Copy(sum, r.Body)
		_, _ = fmt.Fprintf(w, "%d %x", n, sum.Sum(nil))
	case "/hints":
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "whole")
	case "/trailer":
		w.Header().Set("Trailer", "Sum")
		_, _ = io.WriteString(w, "whole")
		w.Header().Set("Sum", "1")
	case "/none":
		w.WriteHeader(http.StatusNoContent)
	case "/header":
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Proto, r.Host, r.Header["X-A"])
	case "/large-header":
		w.Header().Set("X-Large", strings.Repeat("x", 40<<10))
	}
}

// TestExchanges with the server of package http3.
func TestExchanges(t *testing.T) {
	c, o := connect(t, serve(t, pages), testConfig())
	large := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	for _, tt := range []struct {
		request *h2.Request
		status  int
		body    string // its begin
		bytes   int
		err     error
	}{
		{request: &h2.Request{Path: "/size?n=5"}, status: 200, body: "xxxxx", bytes: 5},
		{request: &h2.Request{Path: "/size?n=5000000"}, status: 200, body: "xxxxx", bytes: 5_000_000},
		{request: &h2.Request{Path: "/size?n=0"}, status: 200},
		{request: &h2.Request{Path: "/size?n=7", Method: "HEAD"}, status: 200},
		{request: &h2.Request{Path: "/none"}, status: 204},
		{request: &h2.Request{Path: "/hints"}, status: 200, body: "whole", bytes: 5},
		{request: &h2.Request{Path: "/trailer"}, status: 200, body: "whole", bytes: 5},
		{request: &h2.Request{Path: "/header", Header: http.Header{"X-A": {"b"}, "Connection": {"close"}}}, status: 200,
			body: "HTTP/3.0 localhost [b]", bytes: 22},
		{request: &h2.Request{Path: "/echo", Method: "POST", Body: []byte("small"), AnnouncesBody: true}, status: 200,
			body: "small", bytes: 5},
		{request: &h2.Request{Path: "/echo", Method: "POST", Body: large, AnnouncesBody: true}, status: 200,
			body: "0123456789abcdef0", bytes: len(large)},
		{request: &h2.Request{Path: "/early", Method: "POST", Body: large, AnnouncesBody: true}, status: 413,
			body: "no\n", bytes: 3},
		{request: &h2.Request{Path: "/accepted", Method: "POST", Body: large, AnnouncesBody: true}, status: 202,
			body: fmt.Sprintf("%d %x", len(large), sha256.Sum256(large)), bytes: 72},
		{request: &h2.Request{Path: "/large-header"}, err: errHeaderTooLarge},
	} {
		resp, body, err := get(t.Context(), c, tt.request)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: error %v, want %v", tt.request.Path, err, tt.err)
		}
		if err != nil {
			continue
		}
		if resp.StatusCode != tt.status || resp.ProtoMajor != 3 || len(body) != tt.bytes ||
			!strings.HasPrefix(body, tt.body) {
			t.Errorf("%s: %d %s, %d bytes of body: %.100q", tt.request.Path, resp.StatusCode, resp.Proto, len(body), body)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done != 13 {
		t.Errorf("the owner was told of %d exchanges", o.done)
	}
}

// TestManyExchanges at once share a connection, more of them than the server allows streams at once.
func TestManyExchanges(t *testing.T) {
	c, _ := connect(t, serve(t, pages), testConfig())
	var running sync.WaitGroup
	for range 300 {
		running.Go(func() {
			if _, body, err := get(t.Context(), c, &h2.Request{Path: "/size?n=3000"}); err != nil || len(body) != 3000 {
				t.Errorf("%d bytes, %v", len(body), err)
			}
		})
	}
	running.Wait()
}

// TestCancel: the end of the context ends an exchange with its cause, before and after the header; the connection is
// closed where it was the only one.
func TestCancel(t *testing.T) {
	hang := make(chan struct{})
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "some")
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	defer close(hang)
	errEnough := errors.New("enough")
	for _, path := range []string{"/", "/body"} {
		c, _ := connect(t, addr, testConfig())
		ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errEnough)
		if _, _, err := get(ctx, c, &h2.Request{Path: path}); !errors.Is(err, errEnough) {
			t.Errorf("%s: %v", path, err)
		}
		cancel()
		<-c.Done()
	}
}

// TestCloseOfBody ends a read that waits.
func TestCloseOfBody(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	c, _ := connect(t, addr, testConfig())
	request := &h2.Request{Method: "GET", Scheme: "https", Authority: "a", Path: "/"}
	resp, err := c.NewExchange().RoundTrip(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		_, err := io.ReadAll(resp.Body)
		read <- err
	}()
	_ = resp.Body.Close()
	if err := <-read; err == nil {
		t.Error("the read ended without an error")
	}
}

// frames are what fake servers send.
func frame(kind byte, content string) string {
	return string([]byte{kind, byte(len(content))}) + content
}

// status200 is a header with :status 200, an entry of QPACK's static table.
var status200 = frame(frameHeaders, "\x00\x00\xd9")

// literal returns a field with a literal name and value.
func literal(name, value string) string {
	return string([]byte{0x20 | 7, byte(len(name) - 7)}) + name + string([]byte{byte(len(value))}) + value
}

// TestBadAnswers: what a server may not send ends the exchange by an Error with its code, and where the connection is
// to end, by that.
func TestBadAnswers(t *testing.T) {
	header := func(fields string) string { return frame(frameHeaders, "\x00\x00"+fields) }
	for _, tt := range []struct {
		name, sent string
		code       Code
		conn       bool
		cause      error
	}{
		{name: "nothing", cause: io.ErrUnexpectedEOF},
		{name: "half a header", sent: status200[:3], cause: io.ErrUnexpectedEOF},
		{name: "half a DATA frame", sent: status200 + "\x00\x05ab", cause: io.ErrUnexpectedEOF},
		{name: "DATA first", sent: frame(frameData, "a"), code: frameUnexpected, conn: true},
		{name: "an empty DATA first", sent: frame(frameData, ""), code: frameUnexpected, conn: true},
		{name: "SETTINGS", sent: frame(frameSettings, ""), code: frameUnexpected, conn: true},
		{name: "a frame of HTTP/2", sent: frame(0x8, "abcd"), code: frameUnexpected, conn: true},
		{name: "GOAWAY", sent: frame(frameGoAway, "\x00"), code: frameUnexpected, conn: true},
		{name: "PUSH_PROMISE", sent: frame(framePushPromise, "\x00\x00\x00"), code: idError, conn: true},
		{name: "the dynamic table", sent: frame(frameHeaders, "\x02\x00\x80"), code: decompressionFailed, conn: true},
		{name: "no :status", sent: header(literal("x-aaaaaaaaaa", "b")), code: MessageError},
		{name: "a :status behind a field", sent: header(literal("x-aaaaaaaaaa", "b") + "\xd9"), code: MessageError},
		{name: "two", sent: header("\xd9\xd9"), code: MessageError},
		{name: "a name in capitals", sent: header("\xd9" + literal("X-Aaaaaaaaa", "b")), code: MessageError},
		{name: "a control character", sent: header("\xd9" + literal("x-aaaaaaaaaa", "b\n")), code: MessageError},
		{name: "another pseudo-header", sent: header("\xd9" + literal(":aaaaaaaaaa", "b")), code: MessageError},
		{name: "status 101", sent: header("\x5f\x09\x03101"), code: MessageError},
		{name: "status text", sent: header("\x5f\x09\x03abc"), code: MessageError},
		{name: "too much", sent: header("\xd9"+"\x54\x011") + frame(frameData, "ab"), code: MessageError},
		{name: "too little", sent: header("\xd9"+"\x54\x013") + frame(frameData, "ab"), cause: io.ErrUnexpectedEOF},
		{name: "DATA behind the trailer", sent: status200 + frame(frameHeaders, "\x00\x00") + frame(frameData, "a"),
			code: frameUnexpected, conn: true},
		{name: "a second trailer", sent: status200 + frame(frameHeaders, "\x00\x00") + frame(frameHeaders, "\x00\x00"),
			code: frameUnexpected, conn: true},
		{name: "a :status in the trailer", sent: status200 + status200, code: MessageError},
		{name: "frames that carry nothing", sent: status200 + strings.Repeat(frame(frameData, ""), maxEmpty+2),
			code: ExcessiveLoad, conn: true},
		{name: "unknown frames without end", sent: status200 + "\x21\x80\x20\x00\x00", code: ExcessiveLoad, conn: true},
	} {
		addr := serveFake(t, func(s fakeServer) {
			s.control()
			if stream := s.answer([]byte(tt.sent)...); stream != nil {
				_ = stream.Close()
			}
		})
		c, _ := connect(t, addr, testConfig())
		_, _, err := get(t.Context(), c, &h2.Request{})
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Code != tt.code || wrong.Remote || tt.cause == nil && wrong.Conn != tt.conn ||
			tt.cause != nil && !errors.Is(err, tt.cause) {
			t.Errorf("%s: %#v", tt.name, err)
		}
		if tt.conn {
			<-c.Done()
		}
		c.Close()
	}
}

// TestGoodAnswers: what a server may send, though few do.
func TestGoodAnswers(t *testing.T) {
	for name, sent := range map[string]string{
		"unknown frames":    frame(0x21, "abc") + status200 + frame(0x21, "") + frame(frameData, "a"),
		"empty DATA frames": status200 + frame(frameData, "") + frame(frameData, "a") + frame(frameData, ""),
		"interim responses": strings.Repeat(frame(frameHeaders, "\x00\x00\xd8"), 20) + status200 + frame(frameData, "a"),
		"a trailer": status200 + frame(frameData, "a") +
			frame(frameHeaders, "\x00\x00"+literal("x-aaaaaaaaaa", "b")),
		"the long form of 1": status200 + "\x40\x00\x40\x01a",
	} {
		addr := serveFake(t, func(s fakeServer) {
			s.control(0x21, 3, 1, 2, 3) // and a frame of an unknown type
			if stream := s.answer([]byte(sent)...); stream != nil {
				_ = stream.Close()
			}
		})
		c, _ := connect(t, addr, testConfig())
		if resp, body, err := get(t.Context(), c, &h2.Request{}); err != nil || resp.StatusCode != 200 || body != "a" {
			t.Errorf("%s: %q, %v", name, body, err)
		}
		c.Close()
	}
}

// TestControlStream: what a server may not do on streams of its own ends the connection.
func TestControlStream(t *testing.T) {
	for _, tt := range []struct {
		name, sent string
		close      bool
		code       Code
	}{
		{name: "no SETTINGS", sent: "\x00" + frame(frameGoAway, "\x00"), code: missingSettings},
		{name: "two", sent: "\x00" + frame(frameSettings, "") + frame(frameSettings, ""), code: frameUnexpected},
		{name: "a setting twice", sent: "\x00" + frame(frameSettings, "\x06\x01\x06\x01"), code: settingsError},
		{name: "a setting of HTTP/2", sent: "\x00" + frame(frameSettings, "\x02\x01"), code: settingsError},
		{name: "half a setting", sent: "\x00" + frame(frameSettings, "\x06"), code: frameError},
		{name: "large SETTINGS", sent: "\x00\x04\x80\x00\xff\xff", code: ExcessiveLoad},
		{name: "DATA", sent: "\x00" + frame(frameSettings, "") + frame(frameData, "a"), code: frameUnexpected},
		{name: "a closed one", sent: "\x00" + frame(frameSettings, ""), close: true, code: closedCritical},
		{name: "a push stream", sent: "\x01\x00", code: idError},
		{name: "GOAWAY of a stream of the server's", sent: "\x00" + frame(frameSettings, "") + frame(frameGoAway, "\x01"),
			code: idError},
		{name: "GOAWAY that goes up", sent: "\x00" + frame(frameSettings, "") + frame(frameGoAway, "\x04") +
			frame(frameGoAway, "\x08"), code: idError},
		{name: "a long GOAWAY", sent: "\x00" + frame(frameSettings, "") + frame(frameGoAway, "\x00\x00"), code: frameError},
	} {
		told := make(chan error, 1)
		addr := serveFake(t, func(s fakeServer) {
			if stream, err := s.OpenUniStream(); err == nil {
				_, _ = stream.Write([]byte(tt.sent))
				if tt.close {
					_ = stream.Close()
				}
			}
			<-s.Context().Done()
			told <- context.Cause(s.Context())
		})
		c, _ := connect(t, addr, testConfig())
		_, _, err := get(t.Context(), c, &h2.Request{})
		if err == nil {
			t.Errorf("%s: an answer", tt.name)
		}
		<-c.Done()
		var closed *quic.ApplicationError
		if err := <-told; !errors.As(err, &closed) || Code(closed.ErrorCode) != tt.code {
			t.Errorf("%s: the server is told %v, want %v", tt.name, err, tt.code)
		}
	}
}

// TestEndOfControlStream: a control stream that ends violates the protocol, and one whose connection has ended does
// not, whether or not package quic has said so elsewhere yet.
func TestEndOfControlStream(t *testing.T) {
	settings := frame(frameSettings, "\x06\x40\x40")
	for _, tt := range []struct {
		err     error
		isWrong bool
	}{
		{err: io.EOF, isWrong: true},
		{err: &quic.StreamError{Remote: true}, isWrong: true},
		{err: &quic.IdleTimeoutError{}},
		{err: &quic.StatelessResetError{}},
		{err: &quic.ApplicationError{Remote: true, ErrorCode: quic.ApplicationErrorCode(NoError)}},
		{err: syscall.ECONNREFUSED},
	} {
		for _, sent := range []string{
			"", settings[:1], settings[:3], settings, settings + "\x07", settings + "\x07\x02\x40",
		} {
			in := bufio.NewReader(io.MultiReader(strings.NewReader(sent), iotest.ErrReader(tt.err)))
			wrong := readControl(in, nil) // no whole GOAWAY comes
			if (wrong != nil) != tt.isWrong || wrong != nil && wrong.Code != closedCritical {
				t.Errorf("%q and then %v: %v", sent, tt.err, wrong)
			}
		}
	}
}

// TestGoAway: requests that the server has not taken are known for that, and those that it has are answered.
func TestGoAway(t *testing.T) {
	both := make(chan struct{})
	addr := serveFake(t, func(s fakeServer) {
		first, err := s.AcceptStream(context.Background())
		if err != nil {
			return
		}
		<-both
		s.control(frameGoAway, 1, 4) // the first stream was taken
		time.Sleep(50 * time.Millisecond)
		_, _ = first.Write([]byte(status200 + frame(frameData, "a")))
		_ = first.Close()
	})
	c, o := connect(t, addr, testConfig())
	var running sync.WaitGroup
	running.Go(func() {
		if _, body, err := get(t.Context(), c, &h2.Request{}); err != nil || body != "a" {
			t.Errorf("%q, %v", body, err)
		}
	})
	for c.opened() < 1 {
		time.Sleep(time.Millisecond)
	}
	running.Go(func() {
		_, _, err := get(t.Context(), c, &h2.Request{})
		var wrong *Error
		if !errors.As(err, &wrong) || !wrong.NotProcessed || !wrong.Conn || wrong.Code != NoError || wrong.Useless {
			t.Errorf("%#v", err)
		}
	})
	for c.opened() < 2 {
		time.Sleep(time.Millisecond)
	}
	close(both)
	<-o.leaving
	_, _, err := get(t.Context(), c, &h2.Request{})
	var wrong *Error
	if !errors.As(err, &wrong) || !wrong.NotProcessed {
		t.Errorf("a later one: %#v", err)
	}
	running.Wait()
	<-c.Done()
}

// opened returns how many streams are open.
func (c *Conn) opened() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.streams)
}

// TestEnds: how a stream or a connection ends, by the server or by the network.
func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		says func(fakeServer)
		want Error
	}{
		{name: "rejected", want: Error{Code: RequestRejected, Remote: true, NotProcessed: true}, says: func(s fakeServer) {
			stream := s.answer()
			stream.CancelRead(quic.StreamErrorCode(RequestRejected))
			stream.CancelWrite(quic.StreamErrorCode(RequestRejected))
		}},
		{name: "an error", want: Error{Code: 0x102, Remote: true},
			says: func(s fakeServer) { s.answer().CancelWrite(0x102) }},
		{name: "fallback", want: Error{Code: VersionFallback, Remote: true},
			says: func(s fakeServer) { s.answer().CancelWrite(quic.StreamErrorCode(VersionFallback)) }},
		{name: "closed", want: Error{Code: 0x107, Remote: true, Conn: true},
			says: func(s fakeServer) { s.answer(); _ = s.CloseWithError(0x107, "calm") }},
	} {
		addr := serveFake(t, func(s fakeServer) { s.control(); tt.says(s) })
		config := testConfig()
		c, _ := connect(t, addr, config)
		_, _, err := get(t.Context(), c, &h2.Request{})
		var wrong *Error
		if !errors.As(err, &wrong) || *wrong != tt.want {
			t.Errorf("%s: %#v", tt.name, err)
		}
		c.Close()
	}
}

// TestEndBeforeBegin: a connection that ends between its handshake and its first stream ends by what the server says.
func TestEndBeforeBegin(t *testing.T) {
	addr := serveFake(t, func(s fakeServer) { _ = s.CloseWithError(0x102, "") })
	config := testConfig()
	session, err := handshake(t, addr, config)
	if err != nil {
		t.Fatal(err)
	}
	<-session.quic.Context().Done()
	c := NewConn(session, config, &owner{leaving: make(chan struct{})}, "")
	_, _, err = get(t.Context(), c, &h2.Request{})
	var wrong *Error
	if !errors.As(err, &wrong) || wrong.Code != 0x102 || !wrong.Remote || !wrong.NotProcessed {
		t.Errorf("%#v", err)
	}
	if <-c.Done(); c.wrong != nil {
		t.Errorf("it ended by %v", c.wrong)
	}
	ended := session.quic.Context()
	last := &stream{packetsBefore: session.quic.ConnectionStats().PacketsReceived} // all that will have come
	err = c.endOf(t.Context(), last, context.Cause(ended))
	if !errors.As(err, &wrong) || !wrong.Remote || wrong.Unanswered {
		t.Errorf("an end that the server has told is %#v", err)
	}
}

// TestDeadPath: a connection over which nothing comes any more ends after two ping times, and one whose server is gone
// at once.
func TestDeadPath(t *testing.T) {
	for _, gone := range []bool{false, true} {
		socket := listen(t)
		dropping := &droppingConn{UDPConn: socket}
		transport := &quic.Transport{Conn: dropping}
		listener, err := transport.Listen(testTLS(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		config := testConfig()
		if config.PingTime = 200 * time.Millisecond; gone {
			config.PingTime = 5 * time.Second // which it does not have to wait for
		}
		c, _ := connect(t, socket.LocalAddr().String(), config)
		server, err := listener.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() {
			fakeServer{server}.answer([]byte(status200)...)
			dropping.drop()
			if gone {
				_ = socket.Close()
			}
		})
		_, _, err = get(t.Context(), c, &h2.Request{})
		var wrong *Error
		isSilent := errors.Is(err, h2.ErrSilent)
		if !errors.As(err, &wrong) || !wrong.Conn || isSilent == gone {
			t.Errorf("gone %v: %#v", gone, err)
		}
		running.Wait()
		_, _ = listener.Close(), transport.Close()
	}
}

// A droppingConn is a socket that sends nothing any more after drop.
type droppingConn struct {
	*net.UDPConn
	mu      sync.Mutex
	dropped bool
}

func (c *droppingConn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped = true
}

func (c *droppingConn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped {
		return len(b), len(oob), nil
	}
	return c.UDPConn.WriteMsgUDP(b, oob, addr)
}

// TestWrongBeforeAnyExchange: where a server violates the protocol before any exchange has begun, the first one says
// so, as it does where it has begun by then; it is not to be made over another connection.
func TestWrongBeforeAnyExchange(t *testing.T) {
	c, o := connect(t, serveFake(t, func(s fakeServer) { s.control(frameData, 0) }), testConfig())
	<-o.leaving
	var wrong *Error
	_, _, err := get(t.Context(), c, &h2.Request{})
	if !errors.As(err, &wrong) || wrong.NotProcessed || wrong.Reason == "" {
		t.Errorf("%#v", err)
	}
}
