package plan

import "time"

// A throttle is the limit on a host's rate that the host itself has caused, by refusals (429, 503) and by the quota
// that it announces: a refusal halves the rate, later responses raise it again step by step. A nil *throttle is that of
// a host that has done neither.
type throttle struct {
	limit       float64   // starts a second; 0 is no limit but the lane's own
	refusedAt   float64   // the rate at which the host refused last
	streak      int       // refusals in a row, no other response between them
	lastRefusal time.Time // when the last of them came; exchanges that started before it change no rate
	raisedAt    time.Time // when the limit was raised last, or may be raised first
	quota       quotaWindow
}

// throttleLifetime is how long a lane without Tasks is kept for its throttle, after the last refusal.
const throttleLifetime = time.Minute

// refusesAll reports whether the host has refused ten times in a row, each time after a pause, so that it is not likely
// to answer soon. With a RetryDelay of 1 s that takes 111 s.
func (th *throttle) refusesAll() bool { return th != nil && th.streak >= 10 }

// rate is the limit in starts a second; 0 is no limit.
func (th *throttle) rate() float64 {
	if th == nil {
		return 0
	}
	return th.limit
}

// spendQuota takes a start from the quota.
func (th *throttle) spendQuota() {
	if th != nil {
		th.quota.remaining--
	}
}

// nextStart is when the quota allows another start; the zero time is now.
func (th *throttle) nextStart(now time.Time) time.Time {
	if th == nil {
		return time.Time{}
	}
	return th.quota.nextStart(now)
}

// expiry is when a lane without Tasks may be deleted, as far as its throttle goes. The zero time is now.
func (th *throttle) expiry() time.Time {
	switch {
	case th == nil:
		return time.Time{}
	case th.limit == 0:
		return th.quota.end
	}
	return latest(th.quota.end, th.lastRefusal.Add(throttleLifetime))
}
