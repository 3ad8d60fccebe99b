package fetch

import (
	"context"
	"net/http"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// roundTrip makes the exchange with a target and reads the response into rec: body, hash and counts. The Answer has a
// Failure where no whole, usable response came. The end of within cancels the exchange.
func (x *exchange) roundTrip(within *transport.ExchangeContext, to *target, rec *Record) judge.Answer {
	began := time.Now()
	x.to, x.body.to, x.startedAt = to, to, began
	why := x.prepare(within, &rec.Request, began)
	defer x.releaseDictionary()
	if why != nil {
		return judge.Answer{Failure: why}
	}
	within.Begin(x.timeout())
	defer within.End()
	x.beginCall(within.Cancel)
	defer x.call.End()
	var ctx context.Context = within
	if x.options.needsTiming() {
		ctx, x.times = dial.WithTimes(ctx)
	}
	if x.prepareTakesTime() {
		x.startedAt = time.Now() // that time is not the server's
	}
	x.call.StartedAt = x.startedAt
	resp, err := x.send(ctx)
	rec.RemoteAddr = x.call.RemoteAddr()
	if err != nil {
		return judge.Answer{Failure: x.explain(ctx, err, rec), Responded: x.call.Responded(),
			NotProcessed: x.call.NotProcessed(), Shared: x.call.IsShared(), LostKept: x.call.LostKept()}
	}
	defer func() { _ = resp.Body.Close() }() // the body has been read, or is not needed: an error means nothing
	return x.receive(ctx, resp, rec)
}

// beginCall gives the call of the worker what is to be requested; cancel ends the context of the exchange.
func (x *exchange) beginCall(cancel context.CancelCauseFunc) {
	call := x.call
	call.Target, call.Header, call.NoReplay, call.Cancel = &x.to.Target, x.proof.sent, x.noReplay, cancel
	call.KeepHead = x.body.capture != nil
	call.IsRefusal = x.options.refusals()
	call.Stall.Init(x.options.StallTimeout, cancel)
}

// refusals returns which statuses are those by which a host may refuse a connection; nil: those of transport.IsRefusal.
// One that is a success is none: a connection for each page that has it would cost a handshake each.
func (o *Options) refusals() func(status int) bool {
	if len(o.ThrottleOn) == 0 && !o.AcceptStatus.Has(http.StatusTooManyRequests) &&
		!o.AcceptStatus.Has(http.StatusServiceUnavailable) {
		return nil
	}
	return func(status int) bool {
		return o.ThrottleOn.Has(status) || transport.IsRefusal(status) && !o.AcceptStatus.Has(status)
	}
}

// send sends the request, and returns the response once its header has come.
func (x *exchange) send(ctx context.Context) (*http.Response, error) {
	resp, err := x.transport.RoundTrip(ctx, x.call)
	if err == nil && ctx.Err() != nil { // over TLS a server may see the close of a cancelled exchange, and respond to it
		_ = resp.Body.Close() // that response does not count
		return nil, ctx.Err()
	}
	return resp, err
}

// timeout returns Options.Timeout as a limit of the exchange; nil is none.
func (x *exchange) timeout() *failure.Limit {
	if x.options.Timeout <= 0 {
		return nil
	}
	return &failure.Limit{Kind: failure.Timeout, Name: "timeout", After: x.options.Timeout}
}
