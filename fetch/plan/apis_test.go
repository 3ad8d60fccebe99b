package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// An api is one simulated API, a list of requests to it, and what the run has to come to.
type api struct {
	name     string
	server   apiServer // as it is before the first request
	requests int
	paths    func(i int) string // nil is /items/0 and so on
	latency  time.Duration      // of an exchange, about; 0 is 60 ms
	width    int                // --host-concurrency; 0 is the default
	inOrder  bool               // requests are counted in the order of their starts
	post     bool
	hostRate float64       // --host-rate
	maxDelay time.Duration // --retry-max-delay; 0 is the default
	plain    bool          // --adaptive=false

	exact     bool          // the quota is told exactly, so that no request may be refused
	mayRefuse int           // requests that may be refused nevertheless: those under way before the first answer
	mayAsk    int           // exchanges of it that may begin in a bucket that is told to be silent
	mustLose  int           // requests that have to fail unasked, as they would wait longer than maxDelay
	least     time.Duration // that it can take; 0 is computed
	mayLose   int           // requests that may fail, as a careful client would lose them too
	ratio     float64       // the most that it may take of the least time; 0 is mostRatio
	likePlain bool          // it may take 1.5 times as long as with --adaptive=false, in place of most
}

func (a *api) path(i int) string {
	if a.paths == nil {
		return fmt.Sprintf("/items/%d", i)
	}
	return a.paths(i)
}

func (a *api) method() string {
	if a.post {
		return http.MethodPost
	}
	return http.MethodGet
}

func (a *api) hostConcurrency() int {
	if a.width == 0 {
		return 10
	}
	return a.width
}

func (a *api) newServer() *apiServer {
	s := a.server
	s.buckets, s.asked = nil, make(map[string]int)
	return &s
}

func (a *api) usualLatency() time.Duration {
	if a.latency == 0 {
		return 60 * time.Millisecond
	}
	return a.latency
}

// delayToServer is how long a request takes to be counted: so they are counted in any order.
func (a *api) delayToServer(rng *rand.Rand) time.Duration {
	if a.inOrder {
		return 20 * time.Millisecond
	}
	return 5*time.Millisecond + time.Duration(rng.Int64N(int64(40*time.Millisecond)))
}

// delayOfAnswer is how long an answer takes to come once its request has been counted.
func (a *api) delayOfAnswer(rng *rand.Rand) time.Duration {
	usual := a.usualLatency() - 25*time.Millisecond
	return usual/2 + time.Duration(rng.Int64N(int64(usual)))
}

// leastTime is the best that a client can do that knows all limits.
func (a *api) leastTime() time.Duration {
	if a.least > 0 {
		return a.least
	}
	s := a.newServer()
	counts := make(map[string]int)
	for i := range a.requests - a.mustLose {
		bucket := ""
		if s.bucketOf != nil {
			bucket = s.bucketOf(a.path(i))
		}
		counts[bucket]++
	}
	latency := a.usualLatency()
	least := time.Duration(a.requests-a.mustLose) * latency / time.Duration(a.hostConcurrency())
	for bucket, n := range counts {
		for _, limit := range s.limits(bucket) {
			least = max(least, limit.least(n, latency)+latency)
		}
	}
	if a.hostRate > 0 {
		least = max(least, time.Duration(float64(a.requests-1)/a.hostRate*float64(time.Second)))
	}
	return least
}

// mostRatio is the most that a run may take of the least time, likePlainRatio the same of --adaptive=false, and slack
// what it may take beside: for what is told in whole seconds, and for the first wait of limits that are not told.
const (
	mostRatio      = 1.6
	likePlainRatio = 1.5
	slack          = 3 * time.Second
)

// bounds are what an outcome has to keep to.
type bounds struct {
	lost, refused, early int
	ratio                float64 // of the least time
}

// bounds returns what the run of an API has to keep to.
func (a *api) bounds(o *apiOutcome) bounds {
	b := bounds{lost: a.mustLose + a.mayLose, refused: a.mayRefuse, early: a.mayAsk, ratio: mostRatio}
	if !a.exact {
		b.refused = max(o.asked/5, 12, a.mayRefuse)
	}
	if a.ratio > 0 {
		b.ratio = a.ratio
	}
	if a.likePlain {
		b.ratio = likePlainRatio
	}
	return b
}

// check returns in what an outcome does not keep to b; "" is in nothing.
func (b *bounds) check(o *apiOutcome) string {
	var wrong []string
	for _, count := range []struct {
		what      string
		got, most int
	}{{"lost", o.lost, b.lost}, {"refused", o.refused, b.refused}, {"asked in silence", o.early, b.early}} {
		if count.got > count.most {
			wrong = append(wrong, fmt.Sprintf("%d %s, at most %d", count.got, count.what, count.most))
		}
	}
	if most := time.Duration(b.ratio*float64(o.least)) + slack; o.took > most {
		wrong = append(wrong, fmt.Sprintf("%s is %.2f times the least, at most %.2f", o.took.Round(time.Millisecond),
			o.ratio(), b.ratio))
	}
	return strings.Join(wrong, "; ")
}

// playAPI runs an API, and sets the least time of the outcome.
func playAPI(a *api, seed uint64) apiOutcome {
	o := newAPIRun(a, seed).runToEnd()
	o.least = a.leastTime()
	if a.likePlain {
		plain := *a
		plain.plain = true
		o.least = newAPIRun(&plain, seed).runToEnd().took
	}
	return o
}

const tableHead = "%-50s %6s %6s %7s %5s %5s %10s %10s %6s"

// line is an outcome as a line of the table; its columns are those of tableHead.
func (o *apiOutcome) line(a *api) string {
	return fmt.Sprintf("%-50s %6d %6d %7d %5d %5d %10s %10s %6.2f", a.name, a.requests, o.asked, o.refused, o.early,
		o.lost, o.took.Round(time.Millisecond), o.least.Round(time.Millisecond), o.ratio())
}

// takeWorse sets each count, and the times, to those of the other outcome where they are worse.
func (o *apiOutcome) takeWorse(other *apiOutcome) {
	o.asked, o.refused = max(o.asked, other.asked), max(o.refused, other.refused)
	o.early, o.lost = max(o.early, other.early), max(o.lost, other.lost)
	if o.least == 0 || other.ratio() > o.ratio() {
		o.took, o.least = other.took, other.least
	}
}

// TestAPIs plays every API, with requests counted in another order each time, and holds the outcome against what the
// API allows. With -v it prints the table.
func TestAPIs(t *testing.T) {
	t.Parallel() // it is long
	t.Logf(tableHead, "API", "n", "asked", "refused", "early", "lost", "took", "least", "x")
	for _, a := range apis() {
		var worst apiOutcome
		for seed := range uint64(3) {
			o := playAPI(a, seed)
			worst.takeWorse(&o)
			b := a.bounds(&o)
			wrong := b.check(&o)
			if wrong == "" && a.mustLose > 0 && o.unasked < a.mustLose {
				wrong = fmt.Sprintf("%d failed unasked, want %d", o.unasked, a.mustLose)
			}
			if wrong != "" {
				t.Errorf("%s: %s", a.name, wrong)
				for _, reason := range slices.Sorted(maps.Keys(o.reasons)) {
					t.Logf("    %d x %s", o.reasons[reason], reason)
				}
			}
		}
		t.Log(worst.line(a))
	}
}

// BenchmarkAPIs plays each API, and reports the time that its run takes as a multiple of the least.
func BenchmarkAPIs(b *testing.B) {
	for _, a := range apis() {
		b.Run(strings.ReplaceAll(a.name, " ", "_"), func(b *testing.B) {
			var o apiOutcome
			for b.Loop() {
				o = playAPI(a, 0)
			}
			b.ReportMetric(o.ratio(), "x-least")
			b.ReportMetric(float64(o.refused), "refused")
			b.ReportMetric(float64(o.lost), "lost")
		})
	}
}
