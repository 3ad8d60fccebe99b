package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// pick returns one of some values by chance.
func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// exactTells are families of fields that tell a quota exactly, and their names.
var exactTells = map[string]tellHeaders{
	"X-RateLimit, epoch": xRateLimit(epochSeconds), "X-RateLimit, to go": xRateLimit(toGo),
	"X-RateLimit, ms to go": xRateLimit(toGoMilli), "X-RateLimit, ISO": xRateLimit(iso8601),
	"RateLimit": tellDraft(toGo, "", ""), "X-RateLimit, float": xRateLimit(epochFloat),
}

// afterTells are fields that only refusals have, and their names.
var afterTells = map[string]tellHeaders{
	"Retry-After": tellAfter("Retry-After", toGo), "Retry-After, float": tellAfter("Retry-After", toGoFloat),
	"Retry-After, date": tellAfter("Retry-After", httpDate), "retry-after-ms": tellAfter("Retry-After-Ms", toGoMilli),
}

// pickTell returns one of a map by chance, the same for the same chance.
func pickTell(rng *rand.Rand, from map[string]tellHeaders, names ...string) (string, tellHeaders) {
	name := pick(rng, names...)
	return name, from[name]
}

// randomAPI returns an API of chance, which tells its limit exactly, or when to come again.
func randomAPI(seed uint64) *api {
	rng := rand.New(rand.NewPCG(seed, 99))
	a := &api{maxDelay: 3 * time.Hour, width: pick(rng, 1, 3, 10, 10, 10, 40), inOrder: pick(rng, true, false, false),
		latency: pick[time.Duration](rng, 60, 60, 300, 1000) * time.Millisecond}
	n := pick(rng, 5, 15, 40, 100, 600)
	w := pick(rng, 4*time.Second, 10*time.Second, time.Minute, 15*time.Minute)
	a.requests = min(n*7/2, 1500)
	var tell, kind string
	var how tellHeaders
	if a.exact = pick(rng, true, true, false); a.exact {
		tell, how = pickTell(rng, exactTells, "X-RateLimit, epoch", "X-RateLimit, to go", "X-RateLimit, ms to go",
			"X-RateLimit, ISO", "RateLimit", "X-RateLimit, float")
		a.mayRefuse = max(a.width-n, 0)
	} else {
		tell, how = pickTell(rng, afterTells, "Retry-After", "Retry-After, float", "Retry-After, date",
			"retry-after-ms")
		if tell == "Retry-After, date" { // the Date and it are whole seconds: together up to two late
			w = max(w, 10*time.Second)
		}
	}
	s := &a.server
	s.status, s.tell = pick(rng, 403, 429, 429, 503, 420, 529), []tellHeaders{how}
	s.skew = pick[time.Duration](rng, 0, 0, 20, 90, -90) * time.Second
	switch kind = pick(rng, "fixed", "fixed", "in the middle", "sliding", "tokens"); kind {
	case "fixed":
		s.limits = window(n, w)
	case "in the middle":
		s.limits = halfOver(n, w)
		a.mayRefuse = max(a.width-(n-n/3), 0)
	case "sliding":
		s.limits = sliding(n, w)
	case "tokens":
		s.limits = tokens(n, float64(n)/w.Seconds())
	}
	if a.exact && tell != "RateLimit" && kind != "fixed" && kind != "in the middle" {
		tell, s.tell = "RateLimit", []tellHeaders{exactTells["RateLimit"]} // the others tell when all is back
	}
	if tell == "X-RateLimit, ms to go" && a.width >= n-n/3 { // told in one millisecond, no unit can be known
		a.inOrder = false
	}
	a.exact = a.exact && kind != "tokens" // how much there is after the reset is not told
	a.name = fmt.Sprintf("%d: %s %d in %s, %d, %s, clock %s, width %d, %s, in order %t", seed, kind, n, w, s.status, tell,
		s.skew, a.width, a.latency, a.inOrder)
	return a
}

// randomAPIs is how many APIs of chance are played.
const randomAPIs = 1500

// TestRandomAPIs plays APIs of chance, all of which have to come to what they should.
func TestRandomAPIs(t *testing.T) {
	t.Parallel() // it is long
	for seed := range uint64(randomAPIs) {
		a := randomAPI(seed)
		o := playAPI(a, seed)
		b := a.bounds(&o)
		if !a.exact { // each window, or each token, ends with refusals of those that are under way then
			b.refused = max(b.refused, o.asked*3/10, 12+4*min(a.width, 12), a.width+o.asked/5)
		}
		if wrong := b.check(&o); wrong != "" {
			t.Errorf("%s: %d asked, %d refused: %s", a.name, o.asked, o.refused, wrong)
		}
	}
}
