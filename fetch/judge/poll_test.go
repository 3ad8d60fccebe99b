package judge

import (
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestPoll: a response that is not ready is asked for again, after its Retry-After or a growing delay, until poll-time
// is over. It spends no attempt, and neither holds the host nor speaks against it. chance is 0.5.
func TestPoll(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name  string
		trial Trial
		in    Answer
		fate  Fate
		delay time.Duration
		says  string // of the Failure
	}{
		{"after its Retry-After (FHIR)", get(1), status(202, "Retry-After", "20"), Retry, 20 * second,
			"202 Accepted: not ready yet"},
		{"after a delay (GitHub, statistics)", get(1), status(202), Retry, 750 * time.Millisecond,
			"202 Accepted: not ready yet"},
		{"that grows", Trial{Method: "GET", Attempts: 1, Polls: 3}, status(202), Retry, 6 * second,
			"202 Accepted: not ready yet"},
		{"up to retry-max-delay", Trial{Method: "GET", Attempts: 9, Polls: 30}, status(202), Retry, 45 * second,
			"202 Accepted: not ready yet"},
		{"once more at the end", Trial{Method: "GET", Attempts: 1, Polls: 30, PollElapsed: 10*time.Minute - second},
			status(202), Retry, second, "202 Accepted: not ready yet"},
		{"not after it", Trial{Method: "GET", Attempts: 1, Polls: 30, PollElapsed: 10 * time.Minute}, status(202),
			Final, 0, "202 Accepted: not ready yet after 31 answers in 10m0s (--poll-time)"},
		{"nor where it takes longer", Trial{Method: "GET", Attempts: 1, PollElapsed: 9 * time.Minute},
			status(202, "Retry-After", "61"), Final, 0,
			"202 Accepted: not ready yet after 1 answers in 10m0s (--poll-time)"},
	} {
		p := policyWith(func(p *Policy) { p.Poll = Statuses{{202, 202}} })
		v := Judge(p, tt.trial, tt.in, judgedAt, 0.5)
		if v.Fate != tt.fate || v.Delay != tt.delay || v.Health != Healthy || v.Hold != 0 || v.Refusal || !v.NotReady ||
			v.Failure.Kind != failure.Timeout || v.Failure.Error() != tt.says {
			t.Errorf("%s: %+v, %v", tt.name, v, v.Failure)
		}
		if p.AcceptsBody(tt.trial, tt.in.Status, tt.in.Header) {
			t.Errorf("%s: the body is taken", tt.name)
		}
	}
}

// TestPolledMethods: what a request has begun is not begun again, unless the user says so and the response does not
// name the place of its result. Where the response is the answer its body is taken.
func TestPolledMethods(t *testing.T) {
	for _, tt := range []struct {
		method string
		unsafe bool
		line   *bool
		header string
		polled bool
	}{
		{method: "GET", polled: true}, {method: "HEAD", polled: true}, {method: "OPTIONS", polled: true},
		{method: "GET", header: "Location", polled: true},
		{method: "GET", line: new(false)},
		{method: "POST"}, {method: "PUT"}, {method: "PATCH"}, {method: "DELETE"}, {method: "PURGE"},
		{method: "REPORT", polled: true},
		{method: "POST", unsafe: true, polled: true}, {method: "DELETE", unsafe: true, polled: true},
		{method: "POST", line: new(true), polled: true}, {method: "PUT", line: new(true), polled: true},
		{method: "POST", unsafe: true, line: new(false)},
		{method: "POST", unsafe: true, header: "Location"},
		{method: "POST", line: new(true), header: "Content-Location"}, // FHIR bulk data
		{method: "PUT", unsafe: true, header: "Azure-AsyncOperation"},
		{method: "POST", unsafe: true, header: "Operation-Location"},
	} {
		p := policyWith(func(p *Policy) { p.Poll, p.RetryUnsafe = Statuses{{202, 202}}, tt.unsafe })
		in := status(202)
		if tt.header != "" {
			in.Header.Set(tt.header, "https://example.com/jobs/1")
		}
		trial := Trial{Method: tt.method, Attempts: 1, Retry: tt.line}
		v := Judge(p, trial, in, judgedAt, 0)
		if v.NotReady != tt.polled || (v.Fate == Final && v.Failure == nil) == tt.polled ||
			p.AcceptsBody(trial, 202, in.Header) == tt.polled {
			t.Errorf("%+v: %+v", tt, v)
		}
	}
}

// TestPollHasLimits: without --poll the response is the answer.
func TestPollHasLimits(t *testing.T) {
	poll := policyWith(func(p *Policy) { p.Poll = Statuses{{202, 202}} })
	for name, v := range map[string]Verdict{
		"no --poll": Judge(policyWith(nil), get(1), status(202, "Retry-After", "9"), judgedAt, 0),
		"ready":     Judge(poll, get(1), status(200), judgedAt, 0),
	} {
		if v.Fate != Final || v.Failure != nil || v.NotReady {
			t.Errorf("%s: %+v", name, v)
		}
	}
	v := Judge(policyWith(func(p *Policy) { p.Poll, p.RetryMaxTime = Statuses{{202, 202}}, time.Second }), get(1),
		status(202, "Retry-After", "5"), judgedAt, 0)
	if v.Fate != Final || v.Failure == nil {
		t.Errorf("beyond retry-max-time: %+v", v)
	}
}
