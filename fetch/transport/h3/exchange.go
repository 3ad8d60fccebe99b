package h3

import (
	"bufio"
	"context"
	"io"
	"sync"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/conn"
)

// An Exchange is one request over a connection, and its response. It is used for one RoundTrip.
type Exchange struct {
	conn   *Conn
	stream stream
	reader responseReader
	upload *upload     // nil: the request was sent whole, or is not to be sent
	stop   func() bool // ends the watch over the context
}

// NewExchange returns an Exchange. Its RoundTrip has to follow.
func (c *Conn) NewExchange() *Exchange {
	c.begin()
	x := &Exchange{conn: c, stream: stream{socket: c.session.socket, answered: &c.answered,
		read: &c.read}}
	x.stream.counted = conn.New(&x.stream, c.config.Bandwidth).StartSharing()
	x.reader = responseReader{stream: &x.stream, config: c.config, expected: -1}
	return x
}

// Counted returns the stream as a connection that counts its bytes and waits for its share of the bandwidth.
func (x *Exchange) Counted() *conn.Conn { return x.stream.counted }

// readers are buffers through which streams are read. A large read goes past them.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

// awaitSent returns io.EOF once the request was sent, where the server has use for all of it.
func (x *Exchange) awaitSent(ctx context.Context) error {
	if x.upload == nil || x.reader.isError {
		return io.EOF
	}
	select {
	case <-x.upload.ended:
		return io.EOF
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end ends an exchange, and returns its error for one that was met, io.EOF for the end of the response.
func (x *Exchange) end(ctx context.Context, err error) error {
	if err != io.EOF {
		err = x.conn.endOf(ctx, &x.stream, err)
		if wrong, is := err.(*Error); is && wrong.Conn && wrong.Reason != "" {
			x.conn.closeFor(wrong)
		}
	}
	x.stop()
	code := requestCancelled
	if wrong, is := err.(*Error); x.reader.received {
		code = NoError // section 4.1
	} else if is && wrong.Reason != "" {
		code = wrong.Code
	}
	x.stream.quic.CancelRead(quic.StreamErrorCode(code))
	if x.upload != nil {
		x.stream.quic.CancelWrite(quic.StreamErrorCode(code))
		<-x.upload.ended
	}
	x.reader.in.Reset(nil)
	readers.Put(x.reader.in)
	x.conn.over(ctx, &x.stream)
	return err
}
