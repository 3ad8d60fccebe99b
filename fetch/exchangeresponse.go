package fetch

import (
	"context"
	"net/http"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
)

// This file is what an exchange does with the response, whose header has come: what of it is read, and into what.

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
	a := x.readResponse(ctx, resp, rec)
	if x.endedAt.IsZero() {
		x.markResponseEnd()
	}
	if rec.Header != nil {
		rec.Header = redact.Header(rec.Header, x.secrets())
	}
	return a
}

// readResponse reads the response: the body of an accepted one, no other body but to reuse the connection.
func (x *exchange) readResponse(ctx context.Context, resp *http.Response, rec *Record) judge.Answer {
	x.body.resumption.classify(x.options, x.to, resp)
	a := x.answerOf(resp)
	rec.setHead(resp, x.options.KeepHeader)
	if why := x.checkResponse(resp); why != nil {
		return judge.Answer{Responded: true, Failure: why}
	}
	got := x.originResponse(resp)
	if resp.StatusCode == http.StatusNotModified && x.cache.conditions() != nil {
		x.markResponseEnd() // the body is read from the cache
		return x.cache.serveRevalidated(ctx, x.options, got, rec)
	}
	var start []byte // of a body that is not that of a success
	switch followed := isFollowed(x.options, resp.StatusCode, resp.Header); {
	case followed || !x.wantsBody(&a, resp, rec):
		start = x.masked(x.body.discard(resp, followed))
		a.BodyWait = judge.RetryInfoOf(start)
		a.WantsTLS = x.to.URL.Scheme == "http" && resp.StatusCode == http.StatusBadRequest && saysTLS(start)
		if followed {
			x.markResponseEnd()
			x.cache.storeWithoutBody(ctx, got, rec)
		}
	case !x.to.canHaveBody(resp.StatusCode):
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

// answerOf returns what the head of the response says for the Verdict. What it says of the credentials is noted, for
// this exchange and others.
func (x *exchange) answerOf(resp *http.Response) judge.Answer {
	p := &x.body.resumption
	a := judge.Answer{Status: resp.StatusCode, Reason: resp.Status, Header: resp.Header, Partial: p.kind,
		Shared: x.call.IsShared(), BodyGone: p.isGone(x.to, resp, x.cache.revalidatesBody()),
		Challenged: x.proof.noteResponse(x.to, resp)}
	if proxy := x.call.ForwardedBy(); proxy != nil { // an interface with a nil *dial.Proxy in it would not be nil
		a.Proxy = proxy
	}
	return a
}

// originResponse returns the response as the cache stores it.
func (x *exchange) originResponse(resp *http.Response) originResponse {
	return originResponse{Response: resp, to: x.to, requested: x.startedAt, received: x.headersAt,
		remote: x.call.RemoteAddr(), partial: x.body.resumption.kind != judge.PartialNone,
		dictionary: x.body.dictionary.usedFor(resp.Header)}
}

// wantsBody reports whether the body of a response that is not followed is that of a success, or has its missing part,
// and is wanted.
func (x *exchange) wantsBody(a *judge.Answer, resp *http.Response, rec *Record) bool {
	if a.BodyGone || a.Challenged || a.Partial == judge.PartialUnusable {
		return false
	}
	return a.Partial == judge.PartialContinues || x.acceptsBody(resp, rec)
}

// acceptsBody reports whether the body of a response is that of a success, and wanted.
func (x *exchange) acceptsBody(resp *http.Response, rec *Record) bool {
	trial := judge.Trial{Method: x.to.Method, Retry: rec.Request.Retry}
	return !x.body.headerOnly && x.to.policy.AcceptsBody(trial, resp.StatusCode, resp.Header)
}

// checkResponse returns why a response can't be one to the request; nil is that it can.
func (x *exchange) checkResponse(resp *http.Response) *failure.Failure {
	if x.call.IsHTTP1() && resp.ProtoMajor != 1 {
		return failure.New(failure.Protocol, "an answer in %s to a question in HTTP/1.1", resp.Proto)
	}
	if x.body.resumption.isUnrequestedPart(x.options, x.to, resp) {
		return keptPart("206 Partial Content, but no part was requested")
	}
	if other := otherPart(x.options, x.to, resp); other != "" {
		return failure.New(failure.Protocol, "206 Partial Content, but another part was requested: %s came", other)
	}
	if part := hiddenPart(x.options, x.to, resp); part != "" {
		return keptPart("200 OK, but a part came that was not requested: %s", part)
	}
	if isLongerPart(x.options, x.to, resp) {
		return keptPart("206 Partial Content, but a shorter part was requested: %d bytes came", resp.ContentLength)
	}
	return nil
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
