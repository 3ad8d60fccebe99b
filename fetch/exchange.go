package fetch

import (
	"context"
	"net/http"
	"time"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/transport"
)

// An exchange is one HTTP round trip, timed, from the request to the end of the response's body. It is made for one
// attempt, or one redirect, of a Task and used once, by one goroutine. It sets the fields of the Record.
type exchange struct {
	options   *Options
	transport *transport.Transport
	call      *transport.Call // of the worker, for one exchange after the other

	startedAt time.Time   // when the request was given to the transport
	times     *dial.Times // of making its connection; nil unless something needs them
	headersAt time.Time   // when the header of the response had come
	endedAt   time.Time   // when the response had come whole, or failed; time spent on the cache afterwards is not counted

	room       spool.Claim // for the temporary file of the body
	roomNeeded int64       // bytes of it, as far as they are known

	to            *target
	headerOnly    bool // the body of a response is not to be read
	unconditional bool // neither is a partial body continued nor a stored response validated
	noReplay      bool // the request must not be sent again, even where the server closed a reused connection
	resumption
	digests     digestCheck
	wire        wireReader     // of the body
	bodyBytes   int64          // of the body that were received, without the framing of chunks
	cut         bool           // the rest of the body was not read (Options.forRobots)
	decoded     bool           // content codings are taken off the body
	leftCodings []string       // content codings that the body has and that are not taken off
	memory      *decodeMemory  // of which windows are; nil is no bound
	windows     coding.Windows // for decoders, which wait until the exchange is over; nil is no bound
	cache       cacheExchange
	capture     *exchangeCapture   // nil without Options.Archive
	dictionary  *offeredDictionary // for the body; nil is none
	proof       proof
	cookies     []string // the Cookie header of the request, fixed here: the key of the stored response has it
}

// markResponseEnd sets endedAt and stops the stall timer: the response has come.
func (x *exchange) markResponseEnd() {
	x.call.Stall.Stop()
	x.endedAt = time.Now()
}

// do makes the exchange with a target and reads the response into rec: body, hash and counts. The Answer has a Failure
// where no whole, usable response came. The end of within cancels the exchange.
func (x *exchange) do(within *transport.ExchangeContext, to *target, rec *Record) judge.Answer {
	x.to, x.startedAt = to, time.Now()
	if failure := x.findPartial(within, to, &rec.Request); failure != nil {
		return judge.Answer{Failure: failure}
	}
	x.dictionary = x.offerDictionary(within)
	defer x.dictionary.release()
	if failure := x.proof.prove(to, x.headerWithCookies(to)); failure != nil {
		return judge.Answer{Failure: failure}
	}
	within.Begin(x.timeout())
	defer within.End()
	call := x.call
	call.Target, call.Header, call.NoReplay, call.Cancel = &to.Target, x.proof.sent, x.noReplay, within.Cancel
	call.KeepHead = x.capture != nil
	call.Stall.Init(x.options.StallTimeout, within.Cancel)
	defer call.End()
	var ctx context.Context = within
	if x.options.needsTiming() {
		ctx, x.times = dial.WithTimes(ctx)
	}
	x.startedAt = time.Now() // again: hashing a partial body took time that is not the server's
	resp, err := x.transport.RoundTrip(ctx, call)
	rec.RemoteAddr = call.RemoteAddr()
	if err == nil && ctx.Err() != nil { // over TLS a server may see the close of a cancelled exchange, and respond to it
		_ = resp.Body.Close() // that response does not count
		err = ctx.Err()
	}
	if err != nil {
		why := x.explain(ctx, err, rec)
		return judge.Answer{Failure: why, Responded: call.Responded(), NotProcessed: call.NotProcessed(),
			Shared: call.IsShared()}
	}
	defer func() { _ = resp.Body.Close() }() // the body has been read, or is not needed: an error means nothing
	if wrong := call.CheckHead(resp); wrong != nil {
		return judge.Answer{Responded: true, Failure: wrong}
	}
	if x.capture != nil {
		x.capture.response = resp
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
	if rec.Header != nil {
		rec.Header = redact.Header(rec.Header, x.secrets())
	}
	return a
}

// keepsHeader reports whether the header of the response may be used once the exchange is over and its Record is
// rendered.
func (x *exchange) keepsHeader() bool {
	return x.options.KeepHeader || x.cache.lookup != nil || x.capture != nil
}

// timeout returns Options.Timeout as a limit of the exchange; nil is none.
func (x *exchange) timeout() *failure.Limit {
	if x.options.Timeout <= 0 {
		return nil
	}
	return &failure.Limit{Kind: failure.Timeout, Name: "timeout", After: x.options.Timeout}
}

// explain is Call.Explain with the status that the Record has, and the bytes of the body that were received.
func (x *exchange) explain(ctx context.Context, err error, rec *Record) *failure.Failure {
	return x.call.Explain(ctx, err, rec.Status, x.bodyBytes)
}

// timing returns the Timing of the exchange, which has ended, as an attempt; nil where nothing needs it, or no
// connection was looked for. Over a reused connection the steps of making it did not take place.
func (x *exchange) timing(attempt int) *Timing {
	if x.times == nil {
		return nil
	}
	call := x.call
	t := &Timing{DNS: -1, Connect: -1, TLS: -1, FirstByte: -1, Body: -1, Attempt: attempt,
		Connected: !call.ConnectedAt().IsZero(), Reused: call.IsReused()}
	if !t.Reused {
		t.DNS, t.Connect, t.TLS = x.times.Steps()
	}
	if !x.headersAt.IsZero() {
		t.FirstByte, t.Body = x.headersAt.Sub(call.ConnectedAt()), x.endedAt.Sub(x.headersAt)
	}
	return t
}

// readResponse reads the response: the body of an accepted one, no other body but to reuse the connection.
func (x *exchange) readResponse(ctx context.Context, to *target, resp *http.Response, rec *Record) judge.Answer {
	x.partial = x.classifyPartial(to, resp)
	a := judge.Answer{Status: resp.StatusCode, Header: resp.Header, Partial: x.partial, Shared: x.call.IsShared(),
		BodyGone: x.isBodyGone(to, resp), Challenged: x.proof.isChallenged(to, resp)}
	if p := x.call.ForwardedBy(); p != nil { // an interface with a nil *dial.Proxy in it would not be nil
		a.Proxy = p
	}
	rec.Status = resp.StatusCode
	rec.Protocol = resp.Proto
	rec.ContentType = resp.Header.Get("Content-Type")
	rec.header = resp.Header
	if x.options.KeepHeader {
		rec.Header = resp.Header
	}
	got := originResponse{Response: resp, to: to, requested: x.startedAt, received: x.headersAt,
		remote: x.call.RemoteAddr(), partial: x.partial != judge.PartialNone, dictionary: x.dictionary.usedFor(resp.Header)}
	if wrong := x.checkResponse(to, resp); wrong != nil {
		return judge.Answer{Responded: true, Failure: wrong}
	}
	if resp.StatusCode == http.StatusNotModified && x.cache.conditions() != nil {
		x.markResponseEnd() // the body is read from the cache
		return x.cache.serveRevalidated(ctx, x.options, got, rec)
	}
	followed := isFollowed(x.options, resp.StatusCode, resp.Header)
	if followed || a.BodyGone || a.Challenged || x.partial == judge.PartialUnusable ||
		x.partial == judge.PartialNone && !x.acceptsBody(to, resp, rec) {
		start := x.discardBody(resp, followed)
		rec.FailureBody = start[:min(int64(len(start)), x.options.FailureBody)]
		a.WantsTLS = to.URL.Scheme == "http" && resp.StatusCode == http.StatusBadRequest && saysTLS(start)
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
	if resp.Header["Content-Encoding"] != nil {
		x.windows = x.memory.windows(ctx)
	}
	stored := x.cache.startStoring(ctx, got)
	if err := x.readBody(resp, rec, stored); err != nil {
		a.Failure = x.explain(ctx, err, rec)
	}
	x.markResponseEnd()
	if stored != nil && x.cut {
		stored.failed = true
	}
	got.coded = len(x.leftCodings) > 0
	x.cache.finishStoring(ctx, stored, got, rec, a.Failure)
	if x.writer != nil {
		x.writer.finish(a.Failure)
	}
	a.BodyGone = x.hasGainedNothing(a.Failure)
	return a
}

// acceptsBody reports whether the body of a response is that of a success, and wanted.
func (x *exchange) acceptsBody(to *target, resp *http.Response, rec *Record) bool {
	trial := judge.Trial{Method: to.Method, Retry: rec.Request.Retry}
	return !x.headerOnly && to.policy.AcceptsBody(trial, resp.StatusCode, resp.Header)
}

// checkResponse returns why a response can't be one to the request; nil is that it can.
func (x *exchange) checkResponse(to *target, resp *http.Response) *failure.Failure {
	if x.call.IsHTTP1() && resp.ProtoMajor != 1 {
		return failure.New(failure.Protocol, "an answer in %s to a question in HTTP/1.1", resp.Proto)
	}
	if x.isUnrequestedPart(to, resp) {
		return failure.New(failure.Protocol, "206 Partial Content, but no part was requested")
	}
	return nil
}

// headerWithCookies returns the header of the request. It is shared and must not be written to.
func (x *exchange) headerWithCookies(to *target) http.Header {
	h := x.requestHeader(to)
	if x.options.Jar == nil || len(x.cookies) == 0 {
		return h
	}
	return mergeHeaders(h, http.Header{"Cookie": x.cookies})
}

// offerDictionary returns the dictionary that the request offers, with its content in memory; nil is none. What is
// archived is to be read without the cache.
func (x *exchange) offerDictionary(ctx context.Context) *offeredDictionary {
	if x.to.URL.Scheme != "https" || x.cache.lookup == nil || x.to.Method != http.MethodGet || x.headerOnly ||
		x.unconditional || x.identity || x.partialHash != nil || x.options.Identity || !acceptsCodings(x.to.Header) ||
		x.to.Header["Available-Dictionary"] != nil || x.options.Archive != nil {
		return nil
	}
	return x.cache.cache.dictionaries.offer(ctx, x.cache.lookup.question, x.cache.lookup.dictionary, x.startedAt)
}
