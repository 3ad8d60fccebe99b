package h3

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/transport/h2"
)

// An Exchange is one request over a connection, and its response. It is used for one RoundTrip.
type Exchange struct {
	conn     *Conn
	stream   *quic.Stream // nil: it has not begun; written under Conn.mu
	counted  *conn.Conn   // the stream, through which all is read and written
	request  *h2.Request
	response *http.Response // nil before it has come
	stop     func() bool    // ends the watch over the context

	in       *bufio.Reader
	upload   *upload // nil: the request was sent whole, or is not to be sent
	left     uint64  // bytes of a DATA frame that are to come
	ignored  uint64  // bytes of frames of unknown types
	empty    int     // frames that carried nothing, one after the other
	headers  int     // bytes of the headers of interim responses
	expected int64   // bytes of the body by content-length; negative is unknown
	came     int64   // bytes of the body
	noBody   bool    // the response can't have a body: HEAD, 204, 304

	hasHeader  bool // of the response, which has come
	isError    bool // it is an error, whose server has no use for the rest of the request
	hasTrailer bool // has come

	received      bool   // the response has come whole
	responded     bool   // anything of a response has come
	packetsBefore uint64 // that had come over the connection when the request was sent
}

// NewExchange returns an Exchange. Its RoundTrip has to follow.
func (c *Conn) NewExchange() *Exchange {
	c.begin()
	x := &Exchange{conn: c, expected: -1}
	x.counted = conn.New(&streamConn{exchange: x}, c.config.Bandwidth).StartSharing()
	return x
}

// Counted returns the stream as a connection that counts its bytes and waits for its share of the bandwidth.
func (x *Exchange) Counted() *conn.Conn { return x.counted }

// readers are buffers through which streams are read. A large read goes past them.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

// RoundTrip makes the exchange up to the header of the response, whose body is read and then closed by the caller. The
// end of ctx ends the exchange, the body included. An error that is no *Error is the cause of that end, or
// Config.HeaderTooLarge.
func (x *Exchange) RoundTrip(ctx context.Context, r *h2.Request) (*http.Response, error) {
	x.request = r
	x.packetsBefore = x.conn.session.quic.ConnectionStats().PacketsReceived
	if err := x.conn.open(ctx, x); err != nil {
		x.conn.over(ctx, x)
		return nil, err
	}
	x.stop = context.AfterFunc(ctx, func() { _ = x.counted.Close() })
	x.in = readers.Get().(*bufio.Reader)
	x.in.Reset(x.counted)
	x.send()
	resp, err := x.readResponse()
	if err != nil {
		err = x.end(ctx, err)
		r.Responded = x.responded
		return nil, err
	}
	r.Responded = true
	resp.Body = &body{exchange: x, ctx: ctx, counted: x.counted}
	if x.noBody {
		return resp, x.readNoBody(ctx, resp)
	}
	return resp, nil
}

// endTime is how long the end of a response that has no body is waited for: it comes with the header, or needs no wait.
const endTime = 100 * time.Millisecond

// readNoBody ends the exchange of a response that has no body, where its end comes at once.
func (x *Exchange) readNoBody(ctx context.Context, resp *http.Response) error {
	_ = x.stream.SetReadDeadline(time.Now().Add(endTime)) // is nil, here and below
	_, err := x.readBody(nil)
	_ = x.stream.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	resp.Body = http.NoBody
	if err = x.end(ctx, err); err == io.EOF {
		return nil
	}
	return err
}

// end ends an exchange, and returns its error for one that was met, io.EOF for the end of the response.
func (x *Exchange) end(ctx context.Context, err error) error {
	if err != io.EOF {
		err = x.conn.endOf(ctx, x, err)
		if wrong, is := err.(*Error); is && wrong.Conn && wrong.Reason != "" {
			x.conn.closeFor(wrong)
		}
	}
	x.stop()
	code := requestCancelled
	if wrong, is := err.(*Error); x.received {
		code = NoError // section 4.1
	} else if is && wrong.Reason != "" {
		code = wrong.Code
	}
	x.stream.CancelRead(quic.StreamErrorCode(code))
	if x.upload != nil {
		x.stream.CancelWrite(quic.StreamErrorCode(code))
		<-x.upload.ended
	}
	x.in.Reset(nil)
	readers.Put(x.in)
	x.conn.over(ctx, x)
	return err
}

// A streamConn is the stream of an exchange as a conn.Conn uses a connection.
type streamConn struct{ exchange *Exchange }

// Read is net.Conn's. The end of the stream is errEnd.
func (s *streamConn) Read(p []byte) (int, error) {
	n, err := s.exchange.stream.Read(p)
	if err == io.EOF {
		err = errEnd
	}
	return n, err
}

// Write is net.Conn's.
func (s *streamConn) Write(p []byte) (int, error) { return s.exchange.stream.Write(p) }

// Close is net.Conn's. It ends the stream, reads and writes of it included.
func (s *streamConn) Close() error {
	s.exchange.stream.CancelRead(quic.StreamErrorCode(requestCancelled))
	s.exchange.stream.CancelWrite(quic.StreamErrorCode(requestCancelled))
	return nil
}

// LocalAddr is net.Conn's.
func (s *streamConn) LocalAddr() net.Addr { return s.exchange.conn.session.socket.LocalAddr() }

// RemoteAddr is net.Conn's.
func (s *streamConn) RemoteAddr() net.Addr { return s.exchange.conn.session.socket.RemoteAddr() }

// SetDeadline is net.Conn's. There are no deadlines.
func (s *streamConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline is net.Conn's. There are no deadlines.
func (s *streamConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is net.Conn's. There are no deadlines.
func (s *streamConn) SetWriteDeadline(time.Time) error { return nil }
