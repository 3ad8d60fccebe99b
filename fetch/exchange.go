package fetch

import (
	"context"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
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

	startedAt time.Time   // when the request was given to the transport; where it never was, when the exchange began
	times     *dial.Times // of making its connection; nil unless something needs them
	headersAt time.Time   // when the header of the response had come
	endedAt   time.Time   // when the response had come whole, or failed; time spent on the cache afterwards is not counted

	to            *target
	unconditional bool // neither is a partial body continued nor a stored response validated
	noReplay      bool // the request must not be sent again, even where the server closed a reused connection
	identity      bool // the body is requested without a coding, so that a transfer that breaks off can be continued
	uncoded       bool // the request accepts no content coding: task.metSilence, task.miscoded
	pastCaches    bool // the response before could not be right: caches on the way are to ask the origin
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

// secrets returns what is secret in the request.
func (x *exchange) secrets() []string { return x.options.secretsOf(x.proof.sent, x.call.ForwardedBy()) }

// masked returns the start of a body with the secrets of the request masked; nil is that there is none.
func (x *exchange) masked(start []byte) []byte {
	if start == nil {
		return nil
	}
	return redact.Secrets(start, x.secrets())
}

// keepsHeader reports whether the header of the response may be used once the exchange is over and its Record is
// rendered: a stored response has fields of the one that validates it.
func (x *exchange) keepsHeader() bool {
	return x.options.KeepHeader || x.body.capture != nil || x.cache.lookup != nil && x.cache.lookup.hasStored
}
