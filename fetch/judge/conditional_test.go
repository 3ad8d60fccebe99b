package judge

import (
	"cmp"
	"testing"

	"batchfetch/fetch/failure"
)

// TestConditionalRequests: whatever a server makes of header fields that we added, the same is requested once more
// without them, at once and whatever Retries says.
func TestConditionalRequests(t *testing.T) {
	goneAt := func(code int) Answer { a := status(code); a.BodyGone = true; return a }
	after := func(code int, kind failure.Kind) Answer { a := failed(kind); a.Status = code; return a }
	notProcessed := failed(failure.Reset)
	notProcessed.NotProcessed = true
	movedAway := status(302, "Location", "/")
	movedAway.BodyGone = true
	nothing := after(206, failure.Truncated)
	nothing.Partial, nothing.BodyGone = PartialContinues, true
	for _, tt := range []struct {
		name    string
		in      Answer
		before  int // refusals in a row
		attempt int // 0 is the first
		polled  int // the status that means "not ready"; 0 is 202
		fate    Fate
		plain   bool // the next exchange is unconditional
	}{
		{name: "400", in: status(400), fate: Restart, plain: true},
		{name: "401", in: status(401), fate: Restart, plain: true},
		{name: "403", in: status(403), fate: Restart, plain: true},
		{name: "404", in: status(404), fate: Restart, plain: true},
		{name: "406 to a coding", in: status(406), fate: Restart, plain: true},
		{name: "412", in: status(412), fate: Restart, plain: true},
		{name: "500", in: status(500), fate: Restart, plain: true},
		{name: "501", in: status(501), fate: Restart, plain: true},
		{name: "503", in: status(503), fate: Restart, plain: true},
		{name: "304 without a stored response", in: goneAt(304), fate: Restart, plain: true},
		{name: "302 without a Location", in: status(302), fate: Restart, plain: true},
		{name: "204 in place of a body", in: goneAt(204), fate: Restart, plain: true},
		{name: "200 without a body", in: goneAt(200), fate: Restart, plain: true},
		{name: "204 where there was no body", in: status(204)},
		{name: "200", in: status(200)},
		{name: "203", in: status(203)},
		{name: "201", in: status(201), fate: Restart, plain: true},
		{name: "202 in place of the body", in: status(202), polled: 299, fate: Restart, plain: true},
		{name: "207", in: status(207), fate: Restart, plain: true},
		{name: "a redirect", in: status(302, "Location", "/"), fate: Hop},
		{name: "a redirect in place of a body", in: movedAway, fate: Restart, plain: true},
		{name: "closed", in: failed(failure.Truncated), fate: Restart, plain: true},
		{name: "reset", in: failed(failure.Reset), fate: Restart, plain: true},
		{name: "a header that is none", in: failed(failure.Protocol), fate: Restart, plain: true},
		{name: "a header that is too large", in: failed(failure.TooLarge), fate: Restart, plain: true},
		{name: "a body that is too large", in: after(200, failure.TooLarge)},
		{name: "silence", in: failed(failure.Stalled), fate: Retry},
		{name: "silence in the last attempt", in: failed(failure.Stalled), attempt: 4, fate: Restart, plain: true},
		{name: "no byte of the rest", in: nothing, fate: Retry},
		{name: "no byte of the rest in the last attempt", in: nothing, attempt: 4, fate: Restart, plain: true},
		{name: "a body that is no coding", in: after(200, failure.Decode), fate: Restart, plain: true},
		{name: "another body than the one wanted", in: after(200, failure.Checksum), fate: Restart, plain: true},
		{name: "a body that was cut off", in: after(200, failure.Truncated), fate: Retry},
		{name: "not processed", in: notProcessed, fate: Retry},
		{name: "no connection", in: failed(failure.Connect), fate: Retry},
		{name: "a canceled run", in: failed(failure.Canceled)},
		{name: "a refusal", in: status(429), fate: Retry},
		{name: "a second refusal in a row", in: status(429), before: 1, fate: Retry, plain: true},
		{name: "a refusal by 503", in: status(503, "Retry-After", "1"), fate: Retry},
		{name: "not ready", in: status(202), fate: Retry},
	} {
		t.Run(tt.name, func(t *testing.T) {
			polled := cmp.Or(tt.polled, 202)
			p := policyWith(func(p *Policy) { p.Poll = Statuses{{polled, polled}} })
			trial := get(max(tt.attempt, 1))
			trial.Refusals = tt.before
			tt.in.Conditional = true
			v := Judge(p, trial, tt.in, judgedAt, 0.5)
			if v.Fate != tt.fate || v.Unconditional != tt.plain || v.Fate == Restart && (v.Delay != 0 || v.Failure == nil) {
				t.Errorf("got %+v", v)
			}
			if wantUnknown := v.Fate == Restart; wantUnknown && v.Health != Unknown {
				t.Errorf("the health is %d, and the next exchange tells more", v.Health)
			}
			if tt.in.Conditional = false; Judge(p, trial, tt.in, judgedAt, 0.5).Fate == Restart {
				t.Error("a plain request is sent again, too")
			}
		})
	}
	noRetry := policyWith(func(p *Policy) { p.Retries = 0 })
	if v := Judge(noRetry, get(9), Answer{Status: 503, Conditional: true}, judgedAt, 0.5); v.Fate != Restart {
		t.Errorf("without retries %+v", v)
	}
}
