package plan_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
)

// An apiRun is a run of one API's requests in virtual time: a Plan that decides when each starts, a simulated server
// that counts it some time later and answers it, and Judge, which says what the answer means. It does with them what
// fetch's scheduler and workers do.
type apiRun struct {
	api       *api
	server    *apiServer
	policy    judge.Policy
	plan      *plan.Plan
	rng       *rand.Rand
	began     time.Time
	now       time.Time
	events    eventHeap
	scheduled int // events made so far
	pending   int // requests that have not ended
	buckets   map[string]*bucketSilence
	outcomes  apiOutcome
}

// An apiOutcome is what a run came to.
type apiOutcome struct {
	asked   int // exchanges
	refused int // answers with the API's status of refusal
	lost    int // requests that ended as failures
	unasked int // those of them that never had an exchange
	early   int // exchanges begun after their bucket was told to be silent, and counted before that was over
	took    time.Duration
	least   time.Duration  // that it can take
	reasons map[string]int // of the failures
}

// ratio is the time that a run took as a multiple of the least.
func (o *apiOutcome) ratio() float64 { return o.took.Seconds() / o.least.Seconds() }

// A bucketSilence is until when a bucket has said that there is nothing, by an answer that came at told.
type bucketSilence struct{ told, until time.Time }

// An apiRequest is one request of an apiRun.
type apiRequest struct {
	plan.Task
	path    string
	firstAt time.Time // when its first exchange began
	reply   apiReply
	counted bool // the server has counted its exchange

	polls      int // answers that were not ready
	pollsSince time.Time
}

// An event is when a request under way is counted by its server, or answered.
type event struct {
	at      time.Time
	number  int // of its making, so that events of one time keep their order
	request *apiRequest
}

// eventHeap is a heap for container/heap with the earliest event on top.
type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].number < h[j].number
	}
	return h[i].at.Before(h[j].at)
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }

// Pop implements heap.Interface.
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// apiBegan is when every apiRun begins; it is no whole second, as a run's beginning is none.
var apiBegan = time.Date(2026, 1, 2, 12, 0, 0, 370_000_000, time.UTC)

// newAPIRun returns the run of an API with the limits of a command line without flags, after the API's own changes.
func newAPIRun(a *api, seed uint64) *apiRun {
	limits := plan.Limits{
		Concurrency: 50, Lookahead: 10000, Adaptive: true, HostMaxErrors: 30,
		RetryDelay: time.Second,
	}
	own := plan.HostLimits{Concurrency: a.hostConcurrency(), Rate: a.hostRate, RetryMaxDelay: time.Minute}
	if a.maxDelay > 0 {
		own.RetryMaxDelay = a.maxDelay
	}
	limits.Host = func(string) plan.HostLimits { return own }
	limits.Adaptive = !a.plain
	policy := judge.Policy{
		AcceptStatus: judge.Statuses{{200, 299}}, MaxRedirects: 10, Retries: 3, RetryOn: judge.DefaultRetryOn(),
		RetryDelay: limits.RetryDelay, RetryMaxDelay: own.RetryMaxDelay, Adaptive: limits.Adaptive,
		Poll: judge.Statuses{{202, 202}}, PollTime: 10 * time.Minute,
	}
	return &apiRun{api: a, server: a.newServer(), policy: policy, plan: plan.New(limits, nil),
		began: apiBegan, now: apiBegan,
		rng: rand.New(rand.NewPCG(seed, 7)), buckets: make(map[string]*bucketSilence),
		outcomes: apiOutcome{reasons: make(map[string]int)}}
}

// mostSteps is how many steps a run may have: more means that it does not end.
const mostSteps = 3_000_000

// runToEnd runs until all requests have ended.
func (r *apiRun) runToEnd() apiOutcome {
	for i := range r.api.requests {
		q := &apiRequest{path: r.api.path(i)}
		q.Owner = q
		r.pending++
		r.add(q)
	}
	for step := 0; r.pending > 0; step++ {
		if step > mostSteps || r.now.Sub(r.began) > 100*24*time.Hour {
			r.outcomes.reasons["the run does not end"] += r.pending
			r.outcomes.lost += r.pending
			break
		}
		wait := r.startAll()
		if r.pending == 0 {
			break
		}
		r.sleepUntilEvent(wait)
	}
	r.outcomes.took = r.now.Sub(r.began)
	return r.outcomes
}

func (r *apiRun) add(q *apiRequest) {
	q.Pristine = q.Attempts == 0
	q.Path = pathStart(q.path)
	r.plan.Add(&q.Task, "https://api.test", r.now)
}

// pathStart returns the first two segments of a path.
func pathStart(path string) string {
	segments := strings.SplitAfterN(path, "/", 4)
	return strings.TrimSuffix(strings.Join(segments[:min(len(segments), 3)], ""), "/")
}

// startAll starts all that may start, ends what the plan gives up, and returns the plan's wait.
func (r *apiRun) startAll() time.Duration {
	for {
		started, wait := r.plan.Next(r.now)
		if started == nil {
			return wait
		}
		q := started.Owner.(*apiRequest)
		if q.Lost != nil {
			if q.firstAt.IsZero() {
				r.outcomes.unasked++
			}
			q.Verdict = judge.Verdict{Failure: q.Lost}
			r.end(q, q.Lost)
			continue
		}
		if q.Verdict.Fate == judge.Final || q.Verdict.Fate == judge.Retry && !q.Verdict.Refusal && !q.Verdict.NotReady {
			q.Attempts++
		}
		if q.firstAt.IsZero() {
			q.firstAt = r.now
		}
		q.counted = false
		r.outcomes.asked++
		r.schedule(q, r.api.delayToServer(r.rng))
	}
}

func (r *apiRun) schedule(q *apiRequest, after time.Duration) {
	r.scheduled++
	heap.Push(&r.events, event{r.now.Add(after), r.scheduled, q})
}

// end ends a request.
func (r *apiRun) end(q *apiRequest, why *failure.Failure) {
	r.plan.Done(&q.Task, r.now)
	r.pending--
	if why != nil {
		r.outcomes.lost++
		r.outcomes.reasons[fmt.Sprintf("%.60s", why.Error())]++
	}
}

// sleepUntilEvent advances the time to the next event or the end of the plan's wait, and handles the events of then.
func (r *apiRun) sleepUntilEvent(wait time.Duration) {
	next := r.now.Add(24 * time.Hour)
	if len(r.events) > 0 {
		next = r.events[0].at
	}
	if wait != plan.Never && r.now.Add(wait).Before(next) {
		next = r.now.Add(wait)
	}
	if next.After(r.now) {
		r.now = next
	}
	for len(r.events) > 0 && !r.events[0].at.After(r.now) {
		q := heap.Pop(&r.events).(event).request
		if !q.counted {
			r.count(q)
			continue
		}
		r.takeAnswer(q)
	}
}

// count lets the server count a request and make its answer.
func (r *apiRun) count(q *apiRequest) {
	q.counted = true
	q.reply = r.server.answer(q.path, r.now, r.rng)
	if s := r.buckets[q.reply.scope]; s != nil && q.Started.After(s.told) && r.now.Before(s.until.Add(-time.Millisecond)) {
		r.outcomes.early++
	}
	if q.reply.refused {
		r.outcomes.refused++
	}
	r.schedule(q, r.api.delayOfAnswer(r.rng))
}

// takeAnswer judges an answer that has come, and gives the Task back to the plan.
func (r *apiRun) takeAnswer(q *apiRequest) {
	for _, limit := range q.reply.held {
		limit.release(r.now)
	}
	if silence := q.reply.silentUntil; !silence.IsZero() {
		s := r.buckets[q.reply.scope]
		if s == nil {
			s = &bucketSilence{}
			r.buckets[q.reply.scope] = s
		}
		if silence.After(s.until) {
			s.told, s.until = r.now, silence
		}
	}
	trial := r.trialOf(q)
	answer := judge.Answer{Status: q.reply.status, Header: q.reply.header, Responded: true}
	q.Verdict = judge.Judge(&r.policy, trial, answer, r.now, r.rng.Float64())
	if q.Refusals++; !q.Verdict.Refusal {
		q.Refusals = 0
	}
	if q.Verdict.NotReady {
		if q.polls++; q.polls == 1 {
			q.pollsSince = r.now
		}
	}
	if q.Verdict.Fate == judge.Final {
		r.end(q, q.Verdict.Failure)
		return
	}
	r.plan.Done(&q.Task, r.now)
	q.NotBefore = r.now.Add(q.Verdict.Delay)
	r.add(q)
}

func (r *apiRun) trialOf(q *apiRequest) judge.Trial {
	trial := judge.Trial{Method: r.api.method(), Attempts: q.Attempts, Refusals: q.Refusals, OfPage: q.OfPage,
		Polls: q.polls, Elapsed: r.now.Sub(q.firstAt)}
	if q.polls > 0 {
		trial.PollElapsed = r.now.Sub(q.pollsSince)
	}
	return trial
}

// apiReply is what a simulated server answers.
type apiReply struct {
	status      int
	header      http.Header
	refused     bool
	held        []apiLimit // that it counts towards until it has been answered
	scope       string     // the bucket that it was counted in
	silentUntil time.Time  // until when the answer says that there is nothing; zero is not said
}
