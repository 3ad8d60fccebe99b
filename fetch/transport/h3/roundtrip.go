package h3

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"batchfetch/fetch/transport/h2"
)

// RoundTrip makes the exchange up to the header of the response, whose body is read and then closed by the caller. The
// end of ctx ends the exchange, the body included. An error that is no *Error is the cause of that end, or
// Config.HeaderTooLarge.
func (x *Exchange) RoundTrip(ctx context.Context, r *h2.Request) (*http.Response, error) {
	x.reader.method = r.Method
	x.stream.packetsBefore = x.conn.session.quic.ConnectionStats().PacketsReceived
	x.stream.signBefore = x.conn.lifeSign()
	if err := x.conn.open(ctx, &x.stream); err != nil {
		x.conn.over(ctx, &x.stream)
		return nil, err
	}
	x.stop = context.AfterFunc(ctx, func() { _ = x.stream.counted.Close() })
	x.reader.in = readers.Get().(*bufio.Reader)
	x.reader.in.Reset(x.stream.counted)
	x.upload = send(&x.stream, r, x.conn.altUsed)
	resp, err := x.reader.readResponse()
	if err != nil {
		err = x.end(ctx, err)
		r.Responded = x.stream.responded
		return nil, err
	}
	r.Responded = true
	resp.Body = &body{exchange: x, ctx: ctx, counted: x.stream.counted}
	if x.reader.noBody {
		return resp, x.readNoBody(ctx, resp)
	}
	return resp, nil
}

// endTime is how long the end of a response that has no body is waited for: it comes with the header, or needs no wait.
const endTime = 100 * time.Millisecond

// readNoBody ends the exchange of a response that has no body, where its end comes at once.
func (x *Exchange) readNoBody(ctx context.Context, resp *http.Response) error {
	_ = x.stream.quic.SetReadDeadline(time.Now().Add(endTime)) // is nil, here and below
	_, err := x.reader.readBody(nil)
	_ = x.stream.quic.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	resp.Body = http.NoBody
	if err = x.end(ctx, err); err == io.EOF {
		return nil
	}
	return err
}
