package fetch

import (
	"context"
	"io"
	"net/http"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// An exchange is one HTTP round trip, timed. It fills a Record with what came of it.
type exchange struct {
	options   *Options
	transport *transport.Transport
	call      transport.Call

	startedAt time.Time
	headersAt time.Time // when the response's header had come
	endedAt   time.Time // when the server had said all: what the cache takes from then on is no time of its own

	to        *target
	wholeOnly bool // a Part is not to be continued
	noReplay  bool // the request says that it is not to be sent again, not even where a connection was closed under it
	resumption
	cache   cacheExchange
	cookies []string // the Cookie header that goes with it, once and for all: what is kept of the answer is keyed by it
}

// markResponseEnd notes that the server has said all.
func (x *exchange) markResponseEnd() {
	x.call.Stall.Stop()
	x.endedAt = time.Now()
}

// do asks for to and reads the answer into rec: body, hash and counts. The answer's failure is set
// when no whole, usable answer came. ctx is the run's: its end cancels the exchange.
func (x *exchange) do(ctx context.Context, to *target, rec *Record) judge.Answer {
	x.to, x.startedAt = to, time.Now()
	if x.cache.conditions() == nil { // one condition at a time
		if failure := x.findPartial(ctx, to, &rec.Request); failure != nil {
			return judge.Answer{Failure: failure}
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if x.options.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, x.options.Timeout, &failure.Limit{Kind: failure.Timeout, Name: "timeout", After: x.options.Timeout})
		defer stop()
	}
	call := &x.call
	call.Target, call.Header, call.NoReplay, call.Cancel = &to.Target, x.headerWithCookies(to), x.noReplay, cancel
	call.Stall.Init(x.options.StallTimeout, cancel)
	defer call.End()
	var times *dial.Times
	if x.options.KeepTiming {
		ctx, times = dial.WithTimes(ctx)
	}
	x.startedAt = time.Now() // what was read from a disk until now is no time of the server's
	resp, err := x.transport.RoundTrip(ctx, call)
	rec.RemoteAddr = call.RemoteAddr()
	if err == nil && ctx.Err() != nil { // over TLS a server may hear of our leaving, and answer, before we have left
		_ = resp.Body.Close() // what it says then is no answer
		err = ctx.Err()
	}
	if err != nil {
		return judge.Answer{Failure: x.explain(ctx, err, rec), Responded: call.Responded(), NotProcessed: call.NotProcessed()}
	}
	defer func() { _ = resp.Body.Close() }() // the body has been read, or is of no use: its close can't matter
	if wrong := call.CheckHead(resp); wrong != nil {
		return judge.Answer{Responded: true, Failure: wrong}
	}
	headers := time.Now()
	x.headersAt = headers
	if x.options.Jar != nil {
		x.options.Jar.SetCookies(to.URL, resp.Header["Set-Cookie"], headers)
	}
	a := x.readResponse(ctx, to, resp, rec)
	if x.endedAt.IsZero() {
		x.markResponseEnd()
	}
	if times != nil {
		rec.Timing = timingOf(call, times, headers, x.endedAt)
	}
	return a
}

// explain is Call.Explain, given what the Record says of the response.
func (x *exchange) explain(ctx context.Context, err error, rec *Record) *failure.Failure {
	return x.call.Explain(ctx, err, rec.Status, rec.WireBytes)
}

// timingOf returns the steps of an exchange; those of a reused connection did not take place.
func timingOf(c *transport.Call, dial *dial.Times, headers, ended time.Time) *Timing {
	t := &Timing{DNS: -1, Connect: -1, TLS: -1, FirstByte: headers.Sub(c.ConnectedAt()), Body: ended.Sub(headers)}
	if !c.IsReused() {
		t.DNS, t.Connect, t.TLS = dial.Steps()
	}
	return t
}

// readResponse takes the body of an accepted answer and looks past that of any other.
func (x *exchange) readResponse(ctx context.Context, to *target, resp *http.Response, rec *Record) judge.Answer {
	x.partial = x.classifyPartial(resp)
	a := judge.Answer{Status: resp.StatusCode, Header: resp.Header, Partial: x.partial}
	if p := x.call.ForwardedBy(); p != nil { // a nil *proxy in the interface would not be nil
		a.Proxy = p
	}
	rec.Status = resp.StatusCode
	rec.Protocol = resp.Proto
	rec.ContentType = resp.Header.Get("Content-Type")
	if x.options.KeepHeader {
		rec.Header = resp.Header
	}
	got := originResponse{Response: resp, url: to.URL, requested: x.startedAt, received: x.headersAt,
		remote: x.call.RemoteAddr(), partial: x.partial != judge.PartialNone}
	if x.call.IsHTTP1() && resp.ProtoMajor != 1 {
		return judge.Answer{Responded: true, Failure: failure.New(failure.Protocol, "an answer in %s to a question in HTTP/1.1", resp.Proto)}
	}
	if x.isUnrequestedPart(to, resp) {
		return judge.Answer{Responded: true, Failure: failure.New(failure.Protocol, "206 Partial Content, and no part was asked for")}
	}
	if resp.StatusCode == http.StatusNotModified && x.cache.conditions() != nil {
		x.markResponseEnd() // what is read from now on comes from the cache
		return x.cache.serveRevalidated(ctx, got, rec)
	}
	followed := isFollowed(x.options, resp.StatusCode, resp.Header)
	if followed || x.partial == judge.PartialUnusable || x.partial == judge.PartialNone && !x.options.AcceptStatus.Has(resp.StatusCode) {
		discardBody(resp)
		if followed {
			x.markResponseEnd()
			x.cache.storeWithoutBody(ctx, got, rec)
		}
		return a
	}
	if !to.canHaveBody(resp.StatusCode) {
		x.markResponseEnd()
		x.cache.storeWithoutBody(ctx, got, rec)
		return a
	}
	stored := x.cache.startStoring(ctx, got)
	if err := x.readBody(resp, rec, stored); err != nil {
		a.Failure = x.explain(ctx, err, rec)
	}
	x.markResponseEnd()
	x.cache.finishStoring(ctx, stored, got, rec, a.Failure)
	if x.writer != nil {
		x.writer.finish(a.Failure)
	}
	return a
}

// maxDiscarded is how much of an unwanted body is read so that its connection can be used again.
const maxDiscarded = 64 << 10

// maxDiscardTime is how long an unwanted body may take.
const maxDiscardTime = time.Second

// discardBody reads past a short body nobody wants. One that is long or slow costs its connection and no more.
func discardBody(resp *http.Response) {
	if resp.ContentLength > maxDiscarded || resp.ContentLength == 0 {
		return
	}
	tooSlow := time.AfterFunc(maxDiscardTime, func() { _ = resp.Body.Close() })
	defer tooSlow.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxDiscarded)) // what is left over is closed with the connection
}

// headerWithCookies is what goes with the request: shared, and never written to.
func (x *exchange) headerWithCookies(to *target) http.Header {
	h := x.requestHeader(to)
	if x.options.Jar == nil || len(x.cookies) == 0 {
		return h
	}
	return mergeHeaders(h, http.Header{"Cookie": x.cookies})
}
