package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// An exchange is one HTTP round trip, timed. It fills a Record with what came of it.
type exchange struct {
	options *Options
	client  http.RoundTripper
	watch   *watch
	steps   *steps

	began     time.Time
	connected time.Time // zero until a connection was had
	reused    bool
	remote    string
	carrier   *conn     // the connection; nil until one was had
	secured   *tls.Conn // what lies over the connection; nil is no TLS
	conn      *conn     // the same, where this exchange has it to itself; else nil
	before    int64     // what conn had received before it
	taken     atomic.Pointer[grip]
	stray     atomic.Pointer[grip]
	cancel    context.CancelCauseFunc

	to    *target
	whole bool // a Part is not to be continued
	resumption
	memory   remembering
	answered time.Time // when the answer's header had come
}

// do asks for to and reads the answer into rec: body, hash and counts. The answer's failure is set
// when no whole, usable answer came. ctx is the run's: its end cancels the exchange.
func (x *exchange) do(ctx context.Context, to *target, rec *Record) answer {
	x.to, x.began = to, time.Now()
	x.memory.begin(to)
	if x.memory.conditions() == nil { // one condition at a time
		if failure := x.findPart(ctx, to, &rec.Request); failure != nil {
			return answer{failure: failure}
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if x.options.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, x.options.Timeout, &limitError{Timeout, "timeout", x.options.Timeout})
		defer stop()
	}
	x.cancel = cancel
	x.watch = &watch{limit: x.options.StallTimeout, cancel: cancel}
	defer x.watch.stop()
	if x.options.KeepTiming {
		ctx, x.steps = withSteps(ctx)
	}
	x.began = time.Now() // what was read from a disk until now is no time of the server's
	resp, err := x.client.RoundTrip(x.request(ctx, to))
	rec.RemoteAddr = x.remote
	if x.strayed() && ended(ctx) == nil {
		if err == nil {
			_ = resp.Body.Close() // not ours
		}
		return answer{failure: &Failure{Kind: Reset, Err: errStray}, stray: true}
	}
	if err == nil && ctx.Err() != nil { // over TLS a server may hear of our leaving, and answer, before we have left
		_ = resp.Body.Close() // what it says then is no answer
		err = ctx.Err()
	}
	if err != nil {
		return answer{failure: x.explain(ctx, err, rec)}
	}
	defer func() { _ = resp.Body.Close() }() // the body has been read, or is of no use: its close can't matter
	headers := time.Now()
	x.answered = headers
	if x.options.Jar != nil {
		x.options.Jar.keep(to.url, resp.Header["Set-Cookie"], headers)
	}
	a := x.read(ctx, to, resp, rec)
	if x.steps != nil {
		rec.Timing = x.steps.timing(x.reused, headers.Sub(x.connected), time.Since(headers))
	}
	return a
}

// read takes the body of an accepted answer and looks past that of any other.
func (x *exchange) read(ctx context.Context, to *target, resp *http.Response, rec *Record) answer {
	x.rest = x.restIn(resp)
	a := answer{status: resp.StatusCode, header: resp.Header, rest: x.rest}
	rec.Status = resp.StatusCode
	rec.Protocol = resp.Proto
	rec.ContentType = resp.Header.Get("Content-Type")
	if x.options.KeepHeader {
		rec.Header = resp.Header
	}
	if x.conn != nil && resp.ProtoMajor != 1 {
		return answer{failure: failf(Protocol, "an answer in %s to a question in HTTP/1.1", resp.Proto)}
	}
	if resp.StatusCode == http.StatusNotModified && x.memory.conditions() != nil {
		return x.confirmed(ctx, resp, rec)
	}
	followed := leadsOn(x.options, resp.StatusCode, resp.Header)
	if followed {
		x.kept(ctx, x.keep(ctx, resp), resp, rec, false, nil)
	}
	if followed || x.rest == restUseless || x.rest == restNone && !x.options.AcceptStatus.Has(resp.StatusCode) {
		discard(resp)
		return a
	}
	copied := x.keep(ctx, resp)
	if !canHaveBody(to.method, resp.StatusCode) {
		x.kept(ctx, copied, resp, rec, false, nil)
		return a
	}
	if err := x.readBody(resp, rec, copied); err != nil {
		a.failure = x.explain(ctx, err, rec)
	}
	x.kept(ctx, copied, resp, rec, true, a.failure)
	if x.saved != nil {
		x.saved.end(a.failure)
	}
	return a
}

// mostDiscarded is how much of an unwanted body is read so that its connection can be used again.
const mostDiscarded = 64 << 10

// patience is how long an unwanted body may take.
const patience = time.Second

// discard reads past a short body nobody wants. One that is long or slow costs its connection and no more.
func discard(resp *http.Response) {
	if resp.ContentLength > mostDiscarded || resp.ContentLength == 0 {
		return
	}
	tooSlow := time.AfterFunc(patience, func() { _ = resp.Body.Close() })
	defer tooSlow.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, mostDiscarded)) // what is left over is closed with the connection
}

// request builds what the transport sends. The header is shared and never written to.
func (x *exchange) request(ctx context.Context, to *target) *http.Request {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: x.gotConn, GotFirstResponseByte: x.firstByte})
	req := &http.Request{
		Method: to.method, URL: to.url, Header: x.withCookies(x.headerOf(to), to.url), Host: to.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if host := to.header["Host"]; len(host) > 0 {
		req.Host = host[0]
	}
	if len(to.body) > 0 {
		req.ContentLength = int64(len(to.body))
		req.GetBody = func() (io.ReadCloser, error) {
			return io.NopCloser(&sent{in: bytes.NewReader(to.body), watch: x.watch}), nil
		}
		req.Body, _ = req.GetBody() // reading from memory cannot fail
	} else if to.body != nil {
		req.Body = http.NoBody
	}
	return req.WithContext(ctx)
}

// sent is a request body that counts as movement.
type sent struct {
	in    io.Reader
	watch *watch
}

func (s *sent) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	s.watch.moved(n)
	return n, err
}

func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	x.connected, x.reused = time.Now(), info.Reused
	raw, shared := info.Conn, x.options.HTTP == HTTP2
	x.secured = nil
	if secured, ok := raw.(*tls.Conn); ok {
		x.secured = secured
		raw, shared = secured.NetConn(), secured.ConnectionState().NegotiatedProtocol == "h2"
	}
	c, ok := raw.(*conn)
	if !ok {
		x.watch.start(nil)
		return
	}
	x.remote = c.remote
	if shared {
		if x.carrier == c && !c.closed.Load() { // net/http asks once more by itself, after a wait of its own
			x.cancel(failf(Reset, "the server refused the stream"))
		}
		x.carrier = c
		x.watch.start(nil)
		return
	}
	x.carrier, x.conn, x.before = c, c, c.received.Load()
	x.taken.Store(nil)
	if info.Reused {
		x.taken.Store(&grip{c, x.before, c.writes.Load()})
	}
	x.watch.start(c)
}

// explain classifies an error and says what had arrived by then.
func (x *exchange) explain(ctx context.Context, err error, rec *Record) *Failure {
	f := classify(ctx, err)
	if f.Kind == Protocol || f.Kind == Truncated {
		f = x.unreadable(f, rec)
	}
	switch f.Kind {
	case Timeout, Stalled, Reset, Truncated, Canceled, Protocol, TLS:
		if f.Kind == TLS && x.connected.IsZero() {
			break // a handshake's failure says it all
		}
		f.Err = fmt.Errorf("%w; %s", f.Err, x.arrived(rec))
	}
	return f
}

// unreadable tells an answer that the connection's end cut off, or a header over its bound, from a wrong one:
// net/http's errors for them have no type.
// The end of the connection is read only where the bytes before it were not enough.
func (x *exchange) unreadable(f *Failure, rec *Record) *Failure {
	if rec.Status == 0 {
		if alert := x.refused(); alert != nil {
			return alert
		}
	}
	switch {
	case x.conn != nil && rec.Status == 0 && x.conn.received.Load()-x.before >= maxHeaderBytes:
		return failf(TooLarge, "the header is over %d KiB", maxHeaderBytes>>10)
	case x.carrier != nil && x.carrier.reset.Load():
		return failf(Reset, "the connection was reset")
	case x.carrier != nil && x.carrier.closed.Load():
		return failf(Truncated, "the connection closed before a whole answer")
	case x.carrier != nil && x.conn == nil && x.carrier.isSilent():
		return failf(Stalled, "nothing came over the connection, no answer to a ping either")
	}
	return f
}

// closing is how long net/http may take to close an HTTP/2 connection once it has failed an exchange over it.
const closing = 20 * time.Millisecond

// refused returns the alert with which the other side ended an HTTP/2 connection before an answer: net/http tells of it only
// those who were there when it came. crypto/tls keeps it for whoever reads next, once nobody else does.
func (x *exchange) refused() *Failure {
	if x.secured == nil || x.conn != nil || x.carrier == nil {
		return nil
	}
	patience := time.NewTimer(closing)
	defer patience.Stop()
	select {
	case <-x.carrier.given:
	case <-patience.C:
		return nil
	}
	var op *net.OpError
	if _, err := x.secured.Read(make([]byte, 1)); errors.As(err, &op) && op.Op == "remote error" {
		return failf(TLS, "tls: the connection was refused: %w", op.Err)
	}
	return nil
}

func (x *exchange) arrived(rec *Record) string {
	switch {
	case x.connected.IsZero():
		return "not yet connected"
	case rec.Status == 0:
		return "connected, no answer had arrived"
	}
	return fmt.Sprintf("%s and %d bytes of its body had arrived", statusText(rec.Status), rec.WireBytes)
}
