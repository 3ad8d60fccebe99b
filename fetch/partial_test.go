package fetch

import (
	"testing"
	"time"
)

// TestJudgeOfRests: a body that can't be continued is restarted at once, however few retries are left; no other is.
func TestJudgeOfRests(t *testing.T) {
	with := func(a Answer, p partial) Answer { a.Partial = p; return a }
	only200 := func(p *policy) { p.AcceptStatus = Statuses{{200, 200}} }
	for _, tt := range []struct {
		name string
		with func(*policy)
		in   Answer
		want ruling
	}{
		{name: "the rest is as good as a 200", with: only200, in: with(status(206), partialContinues)},
		{name: "a 206 to a question for the whole is not", with: only200, in: status(206),
			want: ruling{kind: BadStatus}},
		{name: "no rest", in: with(status(206), partialUnusable), want: ruling{fate: Restart, kind: Protocol}},
		{name: "nothing behind the part",
			with: func(p *policy) { p.AcceptStatus = Statuses{{400, 499}} }, in: with(status(416), partialUnusable),
			want: ruling{fate: Restart, kind: Protocol}},
		{name: "a wrong whole", in: with(broken(Checksum), partialContinues),
			want: ruling{fate: Restart, kind: Checksum}},
		{name: "a wrong answer", in: with(broken(Protocol), partialContinues),
			want: ruling{fate: Restart, kind: Protocol}},
		{name: "a wrong body that is no rest", in: broken(Checksum), want: ruling{kind: Checksum}},
		{name: "a rest cut off", in: with(broken(Truncated), partialContinues),
			want: ruling{fate: Retry, delay: time.Second / 2, kind: Truncated}},
		{name: "a rest that is too large", in: with(broken(TooLarge), partialContinues), want: ruling{kind: TooLarge}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rulingOf(judge(usual(tt.with), get(1), tt.in, judgedAt, 0.5)); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	noRetry := usual(func(p *policy) { p.Retries = 0 })
	if v := judge(noRetry, get(9), with(status(206), partialUnusable), judgedAt, 0.5); v.Fate != Restart ||
		v.Delay != 0 {
		t.Errorf("without retries %+v", v)
	}
}
