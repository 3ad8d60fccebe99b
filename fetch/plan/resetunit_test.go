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
		var u resetUnit
		for ms := 0; ms < 3000; ms += 20 {
			u.note(tt.resets(ms), at(ms))
		}
		if u.milli != tt.want {
			t.Errorf("%s: taken for milliseconds: %v", name, u.milli)
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
