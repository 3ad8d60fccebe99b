package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// An exchange is one HTTP round trip, timed. It fills a Record with what came of it.
type exchange struct {
	options *Options
	road    road
	watch   *watch
	steps   *steps

	began     time.Time
	connected time.Time // zero until a connection was had
	reused    bool
	remote    string
	boarded   *conn       // the connection that counts it
	opening   [8]byte     // what the answer began with over HTTP/1
	opened    int         // bytes of it
	early     bool        // it is in HTTP/1.0, with a header that this does not know: Transfer-Encoding
	ahead     int         // bytes of the interim answers' headers
	carriers  int         // how many connections that others may share were had
	repeats   int         // how many of them had been sent the question
	sent      atomic.Bool // the question, over the last of them
	undone    bool        // nothing can have been done, whatever was sent
	carrier   *conn       // the connection; nil until one was had
	secured   *tls.Conn   // what lies over the connection; nil is no TLS
	conn      *conn       // the same, where this exchange has it to itself; else nil
	before    int64       // what carrier had received before it; of a shared one the bodies left out
	spoke     atomic.Bool // something of an answer has come
	cancel    context.CancelCauseFunc

	to     *target
	whole  bool   // a Part is not to be continued
	shares func() // is called when it has a connection that others share; nil is nothing to do
	once   bool   // the request says that it is not to be sent again, not even where a connection was closed under it
	resumption
	cache    cacheExchange
	cookies  []string  // the Cookie header that goes with it, once and for all: what is kept of the answer is keyed by it
	answered time.Time // when the answer's header had come
	ended    time.Time // when the server had said all: what the cache takes from then on is no time of its own
}

// end notes that the server has said all.
func (x *exchange) end() {
	x.watch.stop()
	x.ended = time.Now()
}

// do asks for to and reads the answer into rec: body, hash and counts. The answer's failure is set
// when no whole, usable answer came. ctx is the run's: its end cancels the exchange.
func (x *exchange) do(ctx context.Context, to *target, rec *Record) answer {
	x.to, x.began = to, time.Now()
	if x.cache.conditions() == nil { // one condition at a time
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
	defer func() { x.board(nil) }()
	x.watch = &watch{limit: x.options.StallTimeout, cancel: cancel}
	defer x.watch.stop()
	if x.options.KeepTiming {
		ctx, x.steps = withSteps(ctx)
	}
	x.began = time.Now() // what was read from a disk until now is no time of the server's
	resp, err := x.road.ask(ctx, x)
	rec.RemoteAddr = x.remote
	if err == nil && ctx.Err() != nil { // over TLS a server may hear of our leaving, and answer, before we have left
		_ = resp.Body.Close() // what it says then is no answer
		err = ctx.Err()
	}
	if err != nil {
		return answer{failure: x.explain(ctx, err, rec), spoke: x.spoke.Load(), undone: x.undone}
	}
	defer func() { _ = resp.Body.Close() }() // the body has been read, or is of no use: its close can't matter
	if wrong := x.checkHead(resp); wrong != nil {
		return answer{spoke: true, failure: wrong}
	}
	headers := time.Now()
	x.answered = headers
	if x.options.Jar != nil {
		x.options.Jar.keep(to.url, resp.Header["Set-Cookie"], headers)
	}
	a := x.read(ctx, to, resp, rec)
	if x.ended.IsZero() {
		x.end()
	}
	if x.steps != nil {
		rec.Timing = x.steps.timing(x.reused, headers.Sub(x.connected), x.ended.Sub(headers))
	}
	return a
}

// read takes the body of an accepted answer and looks past that of any other.
func (x *exchange) read(ctx context.Context, to *target, resp *http.Response, rec *Record) answer {
	x.rest = x.restIn(resp)
	a := answer{status: resp.StatusCode, header: resp.Header, rest: x.rest, proxy: x.forwarded()}
	rec.Status = resp.StatusCode
	rec.Protocol = resp.Proto
	rec.ContentType = resp.Header.Get("Content-Type")
	if x.options.KeepHeader {
		rec.Header = resp.Header
	}
	got := originResponse{Response: resp, url: to.url, requested: x.began, received: x.answered, remote: x.remote,
		partial: x.rest != restNone}
	if x.conn != nil && resp.ProtoMajor != 1 {
		return answer{spoke: true, failure: failf(Protocol, "an answer in %s to a question in HTTP/1.1", resp.Proto)}
	}
	if x.isUnasked(to, resp) {
		return answer{spoke: true, failure: failf(Protocol, "206 Partial Content, and no part was asked for")}
	}
	if resp.StatusCode == http.StatusNotModified && x.cache.conditions() != nil {
		x.end() // what is read from now on comes from the cache
		return x.cache.revalidated(ctx, got, rec)
	}
	followed := isFollowed(x.options, resp.StatusCode, resp.Header)
	if followed || x.rest == restUseless || x.rest == restNone && !x.options.AcceptStatus.Has(resp.StatusCode) {
		discard(resp)
		if followed {
			x.end()
			x.cache.storeWithoutBody(ctx, got, rec)
		}
		return a
	}
	if !to.canHaveBody(resp.StatusCode) {
		x.end()
		x.cache.storeWithoutBody(ctx, got, rec)
		return a
	}
	stored := x.cache.startStoring(ctx, got)
	if err := x.readBody(resp, rec, stored); err != nil {
		a.failure = x.explain(ctx, err, rec)
	}
	x.end()
	x.cache.finishStoring(ctx, stored, got, rec, a.failure)
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

// request builds what net/http sends. The header is shared and never written to.
func (x *exchange) request(to *target) *http.Request {
	req := &http.Request{
		Method: to.method, URL: to.url, Header: x.header(to), Host: to.hostHeader(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
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
	return req
}

// header is what goes with the request: shared, and never written to.
func (x *exchange) header(to *target) http.Header {
	h := x.headerOf(to)
	if x.options.Jar == nil || len(x.cookies) == 0 {
		return h
	}
	return merge(h, http.Header{"Cookie": x.cookies})
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

// net/http asks again by itself over HTTP/2, without a bound, where a server refuses a stream or says goodbye before it has done
// anything. That is safe (RFC 9113 section 8.7), and mostRepeats of them are no matter; mostCarriers bounds the connections
// that came to nothing before the question was even sent.
const mostRepeats, mostCarriers = 5, 50

// shared notes that the exchange has got a connection which others use too, and maybe not its first.
func (x *exchange) shared(c *conn) {
	x.carriers++
	again := x.sent.Swap(false) && x.carrier != nil
	if again {
		x.repeats++
	}
	switch {
	case again && x.carrier == c && !c.closed.Load(): // from the second time on it would wait in between, as long as it likes
		x.undone = true
		x.cancel(failf(Reset, "the server refused the stream"))
	case x.repeats > mostRepeats, x.carriers > mostCarriers:
		x.undone = true
		x.cancel(failf(Reset, "the server gave up %d connections, one after the other", x.carriers-1))
	}
}

// takes notes that the exchange has a link to itself.
func (x *exchange) takes(l *link) {
	x.connected, x.reused = time.Now(), l.used
	x.remote, x.secured = l.conn.remote, l.secured
	x.carrier, x.conn = l.conn, l.conn
	x.board(l.conn)
	x.watch.start(l.conn, false)
}

// lets is the end of takes where the link came to nothing.
func (x *exchange) lets() {
	x.disembark()
	x.carrier, x.conn, x.secured, x.opened = nil, nil, nil, 0
}

// disembark notes that the exchange is not connected any more. What it was over counts on.
func (x *exchange) disembark() {
	x.watch.pause()
	x.board(nil)
	x.connected, x.reused, x.remote = time.Time{}, false, ""
}

// gotConn notes which connection the exchange shares with others.
func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	if x.shares != nil {
		x.shares()
	}
	x.connected, x.reused = time.Now(), info.Reused
	raw := info.Conn
	x.secured, _ = raw.(*tls.Conn)
	if x.secured != nil {
		raw = x.secured.NetConn()
	}
	c, ok := raw.(*conn)
	if !ok {
		x.watch.start(nil, true)
		return
	}
	x.remote = c.remote
	x.board(c)
	x.shared(c)
	x.carrier, x.before = c, c.received.Load()-c.bodies.Load()
	x.watch.start(c, true)
}

// board counts the exchange among those of its connection, which share its turns; nil takes it off.
func (x *exchange) board(c *conn) {
	if left := x.boarded; left != nil {
		left.turn.flights.Add(-1)
	}
	if x.boarded = c; c != nil {
		c.turn.flights.Add(1)
	}
}
