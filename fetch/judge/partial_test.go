package judge

import (
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestPartialResponses: a body that can't be continued is requested again as a whole at once, whatever Retries says.
func TestPartialResponses(t *testing.T) {
	with := func(a Answer, p Partial) Answer { a.Partial = p; return a }
	only200 := func(p *Policy) { p.AcceptStatus = Statuses{{200, 200}} }
	for _, tt := range []struct {
		name string
		with func(*Policy)
		in   Answer
		want result
	}{
		{name: "the rest is as good as a 200", with: only200, in: with(status(206), PartialContinues)},
		{name: "a 206 to a question for the whole is not", with: only200, in: status(206),
			want: result{kind: failure.BadStatus}},
		{name: "no rest", in: with(status(206), PartialUnusable), want: result{fate: Restart, kind: failure.Protocol}},
		{name: "nothing behind the part",
			with: func(p *Policy) { p.AcceptStatus = Statuses{{400, 499}} }, in: with(status(416), PartialUnusable),
			want: result{fate: Restart, kind: failure.Protocol}},
		{name: "a wrong whole", in: with(failed(failure.Checksum), PartialContinues),
			want: result{fate: Restart, kind: failure.Checksum}},
		{name: "a wrong answer", in: with(failed(failure.Protocol), PartialContinues),
			want: result{fate: Restart, kind: failure.Protocol}},
		{name: "a wrong body that is no rest", in: failed(failure.Checksum), want: result{kind: failure.Checksum}},
		{name: "a rest cut off", in: with(failed(failure.Truncated), PartialContinues),
			want: result{fate: Retry, delay: time.Second / 2, kind: failure.Truncated}},
		{name: "a part of the rest", in: func(a Answer) Answer { a.GoesOn = true; return a }(
			with(failed(failure.Truncated), PartialContinues)), want: result{fate: Restart, kind: failure.Truncated}},
		{name: "a rest that is too large", in: with(failed(failure.TooLarge), PartialContinues),
			want: result{kind: failure.TooLarge}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := resultOf(Judge(policyWith(tt.with), get(1), tt.in, judgedAt, 0.5)); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	noRetry := policyWith(func(p *Policy) { p.Retries = 0 })
	if v := Judge(noRetry, get(9), with(status(206), PartialUnusable), judgedAt, 0.5); v.Fate != Restart ||
		v.Delay != 0 {
		t.Errorf("without retries %+v", v)
	}
}
