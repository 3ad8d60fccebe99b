package fetch

import (
	"context"
	"net/http"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/transport"
)

// An exchange is one HTTP round trip, timed, from the request to the end of the response's body. It is made for one
// attempt, or one redirect, of a Task and used once, by one goroutine, that of its worker: the next one there has its
// memory. It sets the fields of the Record.
type exchange struct {
	options   *Options
	transport *transport.Transport
	call      *transport.Call // of the worker, for one exchange after the other

	startedAt time.Time   // when the request was given to the transport
	times     *dial.Times // of making its connection; nil unless something needs them
	headersAt time.Time   // when the header of the response had come
	endedAt   time.Time   // when the response had come whole, or failed; time spent on the cache afterwards is not counted

	to            *target
	unconditional bool // neither is a partial body continued nor a stored response validated
	noReplay      bool // the request must not be sent again, even where the server closed a reused connection
	identity      bool // the body is requested without a coding, so that a transfer that breaks off can be continued
	afterSilence  bool // the request accepts no content coding, as a server may code a body whole before it responds
	conditional   bool // the request has header fields that the user did not ask for: judge.Answer.Conditional
	body          bodyReader
	cache         cacheExchange
	proof         proof
	cookies       []string // the Cookie header of the request, fixed here: the key of the stored response has it
}

// markResponseEnd sets endedAt and stops the stall timer: the response has come.
func (x *exchange) markResponseEnd() {
	x.call.Stall.Stop()
	x.endedAt = time.Now()
}

// do makes the exchange with a target and reads the response into rec: body, hash and counts. The Answer has a Failure
// where no whole, usable response came. The end of within cancels the exchange.
func (x *exchange) do(within *transport.ExchangeContext, to *target, rec *Record) judge.Answer {
	x.to, x.body.to, x.startedAt = to, to, time.Now()
	why := x.prepare(within, &rec.Request)
	defer x.releaseDictionary()
	if why != nil {
		return judge.Answer{Failure: why}
	}
	within.Begin(x.timeout())
	defer within.End()
	call := x.call
	call.Target, call.Header, call.NoReplay, call.Cancel = &to.Target, x.proof.sent, x.noReplay, within.Cancel
	call.KeepHead = x.body.capture != nil
	call.Stall.Init(x.options.StallTimeout, within.Cancel)
	defer call.End()
	var ctx context.Context = within
	if x.options.needsTiming() {
		ctx, x.times = dial.WithTimes(ctx)
	}
	if x.options.BodyStore != nil || x.body.dictionary != nil || to.prover != nil {
		x.startedAt = time.Now() // again: reading from a disk and hashing took time that is not the server's
	}
	call.AskedAt = x.startedAt
	resp, err := x.transport.RoundTrip(ctx, call)
	rec.RemoteAddr = call.RemoteAddr()
	if err == nil && ctx.Err() != nil { // over TLS a server may see the close of a cancelled exchange, and respond to it
		_ = resp.Body.Close() // that response does not count
		err = ctx.Err()
	}
	if err != nil {
		return judge.Answer{Failure: x.explain(ctx, err, rec), Responded: call.Responded(), NotProcessed: call.NotProcessed(),
			Shared: call.IsShared(), LostKept: call.LostKept()}
	}
	defer func() { _ = resp.Body.Close() }() // the body has been read, or is not needed: an error means nothing
	return x.receive(ctx, resp, rec)
}

// prepare settles what the request is besides its target, by what there is on disk of earlier exchanges.
func (x *exchange) prepare(ctx context.Context, r *Request) *failure.Failure {
	if why := x.findPartial(ctx, r); why != nil {
		return why
	}
	x.body.dictionary = x.offerDictionary(ctx)
	return x.proof.prove(x.to, x.headerWithCookies(x.to))
}

// releaseDictionary ends the use of the dictionary that was offered: it takes no memory while the worker is idle.
func (x *exchange) releaseDictionary() {
	x.body.dictionary.release()
	x.body.dictionary = nil
}

// receive takes the response, whose header has come, into rec.
func (x *exchange) receive(ctx context.Context, resp *http.Response, rec *Record) judge.Answer {
	if why := x.call.CheckHead(resp); why != nil {
		return judge.Answer{Responded: true, Failure: why}
	}
	if x.body.capture != nil {
		x.body.capture.response = resp
	}
	x.headersAt = x.call.HeadAt()
	if x.options.Jar != nil {
		x.options.Jar.SetCookies(x.to.URL, resp.Header["Set-Cookie"], x.headersAt)
	}
	a := x.readResponse(ctx, x.to, resp, rec)
	if x.endedAt.IsZero() {
		x.markResponseEnd()
	}
	if rec.Header != nil {
		rec.Header = redact.Header(rec.Header, x.secrets())
	}
	return a
}

// findPartial looks for a partial body of r that the exchange continues. Then it has no conditions of the cache: what
// is stored there is older, as a rule, or there would be no part.
func (x *exchange) findPartial(ctx context.Context, r *Request) *failure.Failure {
	if x.body.headerOnly {
		return nil
	}
	why := x.body.part.find(ctx, x.options, x.to, r, !x.unconditional)
	x.cache.unconditional = x.cache.unconditional || x.body.part.isRequested()
	return why
}

// secrets returns what is secret in the request.
func (x *exchange) secrets() []string { return x.options.secretsOf(x.proof.sent, x.call.ForwardedBy()) }

// keepsHeader reports whether the header of the response may be used once the exchange is over and its Record is
// rendered: a stored response has fields of the one that validates it.
func (x *exchange) keepsHeader() bool {
	return x.options.KeepHeader || x.body.capture != nil || x.cache.lookup != nil && x.cache.lookup.hasStored
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
	return x.call.Explain(ctx, err, rec.Status, x.body.wire.bytes)
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
	part := &x.body.part
	part.classify(x.options, to, resp)
	a := judge.Answer{Status: resp.StatusCode, Reason: resp.Status, Header: resp.Header, Partial: part.kind,
		Shared: x.call.IsShared(), BodyGone: part.isGone(to, resp, x.cache.revalidatesBody()),
		Challenged: x.proof.isChallenged(to, resp)}
	if p := x.call.ForwardedBy(); p != nil { // an interface with a nil *dial.Proxy in it would not be nil
		a.Proxy = p
	}
	rec.setHead(resp, x.options.KeepHeader)
	got := originResponse{Response: resp, to: to, requested: x.startedAt, received: x.headersAt,
		remote: x.call.RemoteAddr(), partial: part.kind != judge.PartialNone,
		dictionary: x.body.dictionary.usedFor(resp.Header)}
	if why := x.checkResponse(to, resp); why != nil {
		return judge.Answer{Responded: true, Failure: why}
	}
	if resp.StatusCode == http.StatusNotModified && x.cache.conditions() != nil {
		x.markResponseEnd() // the body is read from the cache
		return x.cache.serveRevalidated(ctx, x.options, got, rec)
	}
	followed := isFollowed(x.options, resp.StatusCode, resp.Header)
	var start []byte // of a body that is not that of a success
	switch {
	case followed || a.BodyGone || a.Challenged || part.kind == judge.PartialUnusable ||
		part.kind == judge.PartialNone && !x.acceptsBody(to, resp, rec):
		start = x.masked(x.body.discard(resp, followed))
		a.WantsTLS = to.URL.Scheme == "http" && resp.StatusCode == http.StatusBadRequest && saysTLS(start)
		if followed {
			x.markResponseEnd()
			x.cache.storeWithoutBody(ctx, got, rec)
		}
	case !to.canHaveBody(resp.StatusCode):
		x.markResponseEnd()
		x.cache.storeWithoutBody(ctx, got, rec)
	default:
		a.Failure = x.readBody(ctx, got, rec)
		start = x.masked(x.body.start)
		a.BodyGone, a.GoesOn = x.body.hasGainedNothing(a.Failure), x.body.goesOn
	}
	rec.FailureBody = start[:min(int64(len(start)), x.options.FailureBody)]
	return a
}

// masked returns the start of a body with the secrets of the request masked; nil is that there is none.
func (x *exchange) masked(start []byte) []byte {
	if start == nil {
		return nil
	}
	return redact.Secrets(start, x.secrets())
}

// readBody reads the body of an accepted response, stores it in the cache where that is allowed, and returns why it is
// not whole and valid; nil is that it is.
func (x *exchange) readBody(ctx context.Context, got originResponse, rec *Record) (why *failure.Failure) {
	if got.Header["Content-Encoding"] != nil {
		x.body.windows = x.body.memory.windows(ctx)
	}
	var reported cache.Sum
	if x.cache.lookup != nil {
		reported = x.cache.lookup.reported
	}
	stored := x.cache.startStoring(ctx, got)
	if err := x.body.read(got.Response, rec, stored, reported); err != nil {
		why = x.explain(ctx, err, rec)
	}
	x.markResponseEnd()
	if stored != nil && x.body.cut {
		stored.failed = true
	}
	got.coded = len(x.body.leftCodings) > 0
	x.cache.finishStoring(ctx, stored, got, rec, why)
	if x.body.writer != nil {
		x.body.writer.finish(why)
	}
	return why
}

// acceptsBody reports whether the body of a response is that of a success, and wanted.
func (x *exchange) acceptsBody(to *target, resp *http.Response, rec *Record) bool {
	trial := judge.Trial{Method: to.Method, Retry: rec.Request.Retry}
	return !x.body.headerOnly && to.policy.AcceptsBody(trial, resp.StatusCode, resp.Header)
}

// checkResponse returns why a response can't be one to the request; nil is that it can.
func (x *exchange) checkResponse(to *target, resp *http.Response) *failure.Failure {
	if x.call.IsHTTP1() && resp.ProtoMajor != 1 {
		return failure.New(failure.Protocol, "an answer in %s to a question in HTTP/1.1", resp.Proto)
	}
	if x.body.part.isUnrequestedPart(x.options, to, resp) {
		return failure.New(failure.Protocol, "206 Partial Content, but no part was requested")
	}
	if other := otherPart(x.options, to, resp); other != "" {
		return failure.New(failure.Protocol, "206 Partial Content, but another part was requested: %s came", other)
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

// requestHeader returns the header that is sent, but for a Jar's cookies: that of the target, which is shared, with the
// conditions of the cache, or the range where a partial body is continued. It sets conditional.
func (x *exchange) requestHeader(to *target) http.Header {
	added := x.cache.conditions()
	if missing := x.body.part.header(); missing != nil {
		added, x.identity = missing, true // the server has the validator of each coding apart
	}
	if x.body.dictionary != nil {
		added = mergeHeaders(added, x.body.dictionary.header())
	}
	if x.identity && !x.unconditional && acceptsCodings(to.Header) {
		added = mergeHeaders(added, identityOnly)
	}
	own := to.Header
	if x.afterSilence && acceptsCodings(own) {
		own = mergeHeaders(own, identityOnly)
	}
	if x.conditional = added != nil; !x.conditional {
		return own
	}
	return mergeHeaders(own, added)
}

// offerDictionary returns the dictionary that the request offers, with its content in memory; nil is none. What is
// archived is to be read without the cache.
func (x *exchange) offerDictionary(ctx context.Context) *offeredDictionary {
	if x.to.URL.Scheme != "https" || x.cache.lookup == nil || x.to.Method != http.MethodGet || x.body.headerOnly ||
		x.unconditional || x.identity || x.afterSilence || x.body.part.isRequested() || x.options.Identity ||
		!acceptsCodings(x.to.Header) || x.to.Header["Available-Dictionary"] != nil || x.options.Archive != nil {
		return nil
	}
	return x.cache.cache.dictionaries.offer(ctx, x.cache.lookup.question, x.cache.lookup.dictionary, x.startedAt)
}
