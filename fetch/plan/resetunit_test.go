package plan

import (
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestResetInMilliseconds: a reset that falls by a thousand while a second passes is in milliseconds (Prisjakt); one
// that falls as time passes, stands still or is of two quotas in turn is not.
func TestResetInMilliseconds(t *testing.T) {
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	for name, tt := range map[string]struct {
		resets func(ms int) time.Duration
		want   bool
	}{
		"hours in seconds": {func(ms int) time.Duration { return time.Duration(4000-(ms+900)/1000) * time.Second }, false},
		"a bucket that fills": {func(ms int) time.Duration {
			return time.Duration(20+ms/40*10-ms/1000) * time.Second
		}, false},
		"milliseconds":     {func(ms int) time.Duration { return time.Duration(4000-ms) * time.Second }, true},
		"seconds":          {func(ms int) time.Duration { return time.Duration(4000-ms/1000) * time.Second }, false},
		"a sliding window": {func(int) time.Duration { return time.Minute }, false},
		"two quotas": {func(ms int) time.Duration {
			if ms/60%2 == 0 {
				return 900 * time.Second
			}
			return 10 * time.Second
		}, false},
		"another one later": {func(ms int) time.Duration {
			if ms < 700 {
				return 900 * time.Second
			}
			return 10 * time.Second
		}, false},
	} {
		for _, width := range []int{1, 3, 10} { // so many are under way, and answered in the order in which they began
			var u resetUnit
			for ms := 0; ms < 3000; ms += 20 {
				q := judge.Quota{Reset: tt.resets(ms), Unitless: true, Remaining: int64(300 - ms/20)}
				u.note(&q, &Task{Started: at(ms - 20*(width-1))}, at(ms+10))
			}
			if u.isMilli() != tt.want {
				t.Errorf("%s, %d at once: taken for milliseconds: %v", name, width, u.isMilli())
			}
		}
	}
}

// TestResetUnitOfAVolley: what was under way together is told apart by what was left, whatever the order in which the
// responses come. A number with a unit, or computed from a time, is not doubted.
func TestResetUnitOfAVolley(t *testing.T) {
	for name, tt := range map[string]struct {
		spread   time.Duration // between the counting of two requests, as the resets have it
		unitless bool
		want     bool
	}{
		"milliseconds":               {7 * time.Second, true, true},
		"seconds":                    {0, true, false},
		"with a unit":                {7 * time.Second, false, false},
		"more than can have passed":  {900 * time.Second, true, false},
		"of a bucket that fills up ": {-7 * time.Second, true, false},
	} {
		var u resetUnit
		for _, i := range []int{4, 0, 2, 1, 3} {
			q := judge.Quota{Reset: time.Hour - time.Duration(i)*tt.spread, Unitless: tt.unitless, Remaining: int64(9 - i)}
			u.note(&q, &Task{Started: began}, began.Add(time.Second/2+time.Duration(i%3)*time.Millisecond))
		}
		if u.isMilli() != tt.want {
			t.Errorf("%s: taken for milliseconds: %v", name, u.isMilli())
		}
	}
}

// TestResetUnitOfRefusals: where nothing is left from the start, the resets that a volley of refusals tells differ by
// more than time has passed.
func TestResetUnitOfRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		resets []time.Duration
		want   bool
	}{
		"milliseconds": {[]time.Duration{5940 * time.Second, 5952 * time.Second, 5931 * time.Second}, true},
		"seconds":      {[]time.Duration{5940 * time.Second, 5941 * time.Second, 5940 * time.Second}, false},
		"two quotas":   {[]time.Duration{5940 * time.Second, 30 * time.Second, 5940 * time.Second}, false},
	} {
		var u resetUnit
		for _, reset := range tt.resets {
			q := judge.Quota{Reset: reset, Unitless: true}
			u.note(&q, &Task{Started: began}, began.Add(50*time.Millisecond))
		}
		if u.isMilli() != tt.want {
			t.Errorf("%s: taken for milliseconds: %v", name, u.isMilli())
		}
	}
}

// TestQuotaWithAResetInMilliseconds: such a quota is kept to by its windows, and costs no request.
func TestQuotaWithAResetInMilliseconds(t *testing.T) {
	w := &fixedWindow{n: 30, every: 4 * time.Second}
	r := newAPIRun(t, 1, func(l *testLimits) { l.HostConcurrency = 3 })
	r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
		ok, left, reset := w.take(now)
		v := withQuota(left, reset.Truncate(time.Millisecond)*1000, 30)
		v.Quotas[0].Unitless = true
		if !ok {
			q := v.Quotas
			v = refusal()
			v.Quotas = q
		}
		return v
	}
	if took := r.run(121, "/"); took > 20*time.Second || r.refused > 0 || r.lost > 0 {
		t.Errorf("%d refused, %d lost, in %s", r.refused, r.lost, took)
	}
}
