package plan_test

import (
	"math"
	"time"
)

// An apiLimit is one limit of a simulated server.
type apiLimit interface {
	// take counts a request, and reports whether the limit allows it; a request that is not allowed may count too.
	take(now time.Time) bool
	// left is how many more are allowed now, and reset when there will be more.
	left(now time.Time) (n int, reset time.Time)
	// size is how many a whole window has, and how long that is.
	size() (n int, window time.Duration)
	// release says that the answer to a request has been sent.
	release(now time.Time)
	// least is the least time from the first request to the last of n.
	least(n int, latency time.Duration) time.Duration
}

// A fixedWindow allows n requests in each window. The first begins with the first request, or before it: used is what
// others have had of it by then.
type fixedWindow struct {
	n     int
	w     time.Duration
	used  int
	since time.Time     // when the window began
	age   time.Duration // of the first window at the first request
}

func (l *fixedWindow) turn(now time.Time) {
	if l.since.IsZero() {
		l.since = now.Add(-l.age)
	}
	if past := now.Sub(l.since); past >= l.w {
		l.since, l.used = l.since.Add(past.Truncate(l.w)), 0
	}
}

func (l *fixedWindow) take(now time.Time) bool {
	l.turn(now)
	if l.used >= l.n {
		return false
	}
	l.used++
	return true
}

func (l *fixedWindow) left(now time.Time) (int, time.Time) {
	l.turn(now)
	return l.n - l.used, l.since.Add(l.w)
}

func (l *fixedWindow) size() (int, time.Duration) { return l.n, l.w }
func (l *fixedWindow) release(time.Time)          {}

func (l *fixedWindow) least(n int, _ time.Duration) time.Duration {
	first := l.n - l.used
	if n <= first {
		return 0
	}
	return l.w - l.age + time.Duration((n-first-1)/l.n)*l.w
}

// A slidingWindow allows n requests in any time of length w. With strict set refused requests count too, as with
// servers that let nobody in who keeps asking.
type slidingWindow struct {
	n      int
	w      time.Duration
	strict bool
	times  []time.Time
}

func (l *slidingWindow) slide(now time.Time) {
	for len(l.times) > 0 && now.Sub(l.times[0]) > l.w {
		l.times = l.times[1:]
	}
}

func (l *slidingWindow) take(now time.Time) bool {
	l.slide(now)
	ok := len(l.times) < l.n
	if ok || l.strict {
		l.times = append(l.times, now)
	}
	return ok
}

func (l *slidingWindow) left(now time.Time) (int, time.Time) {
	l.slide(now)
	free := now
	if over := len(l.times) - l.n; over >= 0 {
		free = l.times[over].Add(l.w + time.Microsecond)
	} else if len(l.times) > 0 {
		free = l.times[0].Add(l.w + time.Microsecond)
	}
	return max(l.n-len(l.times), 0), free
}

func (l *slidingWindow) size() (int, time.Duration) { return l.n, l.w }
func (l *slidingWindow) release(time.Time)          {}

func (l *slidingWindow) least(n int, _ time.Duration) time.Duration {
	return time.Duration((n-1)/l.n) * l.w
}

// An elasticWindow allows n requests until none has come for w: each extends it, also one that is refused.
type elasticWindow struct {
	n, used int
	w       time.Duration
	end     time.Time
}

func (l *elasticWindow) take(now time.Time) bool {
	if now.After(l.end) {
		l.used = 0
	}
	l.used++
	l.end = now.Add(l.w)
	return l.used <= l.n
}

func (l *elasticWindow) left(now time.Time) (int, time.Time) {
	if now.After(l.end) {
		return l.n, now.Add(l.w)
	}
	return max(l.n-l.used, 0), l.end
}

func (l *elasticWindow) size() (int, time.Duration) { return l.n, l.w }
func (l *elasticWindow) release(time.Time)          {}

func (l *elasticWindow) least(n int, _ time.Duration) time.Duration {
	return time.Duration((n-1)/l.n) * l.w
}

// A slidingCounter allows n requests in each window, less the part of those of the window before that is within a
// window's length: about n in any such time (sliding window counter, as of go-chi/httprate and Cloudflare). What it
// tells is the end of the present window.
type slidingCounter struct {
	n           int
	w           time.Duration
	since       time.Time
	used, prior int
}

func (l *slidingCounter) count(now time.Time) int {
	if l.since.IsZero() {
		l.since = now.Truncate(l.w)
	}
	for now.Sub(l.since) >= l.w {
		l.since, l.prior, l.used = l.since.Add(l.w), l.used, 0
	}
	return l.used + int(math.Round(float64(l.prior)*(1-float64(now.Sub(l.since))/float64(l.w))))
}

func (l *slidingCounter) take(now time.Time) bool {
	ok := l.count(now) < l.n
	if ok {
		l.used++
	}
	return ok
}

func (l *slidingCounter) left(now time.Time) (int, time.Time) {
	return max(l.n-l.count(now), 0), l.since.Add(l.w)
}

func (l *slidingCounter) size() (int, time.Duration) { return l.n, l.w }
func (l *slidingCounter) release(time.Time)          {}

func (l *slidingCounter) least(n int, _ time.Duration) time.Duration {
	return time.Duration(max(n-2*l.n, 0)) * l.w / time.Duration(l.n)
}

// A tokenBucket has n tokens at most, and gets rate of them a second. A request takes one.
type tokenBucket struct {
	n      int
	rate   float64
	tokens float64
	at     time.Time
}

func (l *tokenBucket) fill(now time.Time) {
	if l.at.IsZero() {
		l.tokens = float64(l.n)
	} else {
		l.tokens = min(float64(l.n), l.tokens+now.Sub(l.at).Seconds()*l.rate)
	}
	l.at = now
}

func (l *tokenBucket) take(now time.Time) bool {
	if l.fill(now); l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}

func (l *tokenBucket) left(now time.Time) (int, time.Time) {
	l.fill(now)
	missing := math.Floor(l.tokens) + 1 - l.tokens
	return int(l.tokens), now.Add(time.Duration(missing / l.rate * float64(time.Second)))
}

func (l *tokenBucket) size() (int, time.Duration) {
	return l.n, time.Duration(float64(l.n) / l.rate * float64(time.Second))
}
func (l *tokenBucket) release(time.Time) {}

func (l *tokenBucket) least(n int, _ time.Duration) time.Duration {
	return time.Duration(max(float64(n-l.n)/l.rate, 0) * float64(time.Second))
}

// A concurrencyLimit allows n requests at once.
type concurrencyLimit struct {
	n, active int
}

func (l *concurrencyLimit) take(time.Time) bool {
	if l.active >= l.n {
		return false
	}
	l.active++
	return true
}

func (l *concurrencyLimit) left(now time.Time) (int, time.Time) { return max(l.n-l.active, 0), now }
func (l *concurrencyLimit) size() (int, time.Duration)          { return l.n, 0 }
func (l *concurrencyLimit) release(time.Time)                   { l.active-- }

func (l *concurrencyLimit) least(n int, latency time.Duration) time.Duration {
	return time.Duration(math.Ceil(float64(n)/float64(l.n))-1) * latency
}

// A penalty is a limit whose excess shuts the client out until it has been silent for a time.
type penalty struct {
	apiLimit
	silence time.Duration
	lastOf  time.Time // when the last request came while shut out
}

func (l *penalty) take(now time.Time) bool {
	if !l.lastOf.IsZero() && now.Sub(l.lastOf) < l.silence {
		l.lastOf = now
		return false
	}
	if l.apiLimit.take(now) {
		return true
	}
	l.lastOf = now
	return false
}

func (l *penalty) left(now time.Time) (int, time.Time) {
	if !l.lastOf.IsZero() && now.Sub(l.lastOf) < l.silence {
		return 0, l.lastOf.Add(l.silence)
	}
	return l.apiLimit.left(now)
}

// An upAndDown allows all for a time, and none for as long, in turns; turn 0 allows each second request.
type upAndDown struct {
	turn  time.Duration
	since time.Time
	taken int
}

func (l *upAndDown) isUp(now time.Time) bool {
	if l.since.IsZero() {
		l.since = now
	}
	if l.turn == 0 {
		return l.taken%2 == 0
	}
	return now.Sub(l.since)/l.turn%2 == 0
}

func (l *upAndDown) take(now time.Time) bool {
	up := l.isUp(now)
	l.taken++
	return up
}

func (l *upAndDown) left(now time.Time) (int, time.Time) { return 1, now }
func (l *upAndDown) size() (int, time.Duration)          { return 1, time.Second }
func (l *upAndDown) release(time.Time)                   {}

func (l *upAndDown) least(n int, latency time.Duration) time.Duration {
	if l.turn == 0 {
		return time.Duration(n) * time.Second // after each refusal a hold of a second
	}
	return 2 * time.Duration(n) * latency / 10
}
