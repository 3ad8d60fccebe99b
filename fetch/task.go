package fetch

import (
	"fmt"
	"sync"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/transport"
)

// A task is a Request under way, from its line of the input to its Record. One stage has it at a time; who receives it
// from a channel owns it.
type task struct {
	plan.Task // its bookkeeping in the plan
	request   Request
	seq       int64 // Record.Seq
	target
	lineError *LineError // why its line can't be used; nil: it has a target

	hops          int            // redirects followed, over all attempts
	startedAt     time.Time      // when its first exchange began; zero is none yet
	lastStatus    int            // the status of its last exchange; 0 is none
	uncounted     int            // exchanges that were no attempt for Attempts: refused by the host, or not ready
	polls         int            // responses that were not ready (Options.Poll)
	pollsSince    time.Time      // when the first of them had come
	fileShortages int            // exchanges in a row that found no file, or no room on the disk, for the body
	room          int64          // bytes of its body, which found no room for its temporary file; 0 is none
	promisedRoom  int64          // bytes that the roomQueue has promised it
	values        *headerValues  // of Options.Header that its target has; nil are the first
	lookup        *lookupResult  // what the cache has for its target; nil is nothing
	counts        exchangeCounts // of its last exchange

	challenges challengeState
	damages    int // attempts whose response could not be right: judge.Answer.Damaged

	robots *robotsFile // the robots.txt that it fetches, in place of a Request of the Source; nil is none

	leftOrigin bool  // a redirect has led to another origin, in any attempt
	next       *task // the page that follows it, once it has ended; nil is none
	morePages  bool  // in place of next: there is one beyond Options.MaxPages

	renewed       bool // it has been requested again with a renewed header after a 401
	headerOnly    bool // it was made by HEAD, and is made by GET now without reading the body
	unconditional bool // its next exchange continues no partial body and validates no stored response
	identity      bool // its next exchange requests a body without a coding: the transfer of a coded one has broken off
	metSilence    bool // a server was silent until a limit of time: what is requested further accepts no content coding
	miscoded      bool // a body was not what its content coding said: what is requested further accepts none
	fromCache     bool // it has ended with a stored response, or without one by only-if-cached; no exchange follows
	servedStale   bool // its last exchange failed, and the stored response is served for it
}

// taskPool has the memory of tasks that have ended, as recordPool that of Records.
var taskPool = sync.Pool{New: func() any { return new(task) }}

// newTask returns the task of a Request. It is the Owner of its plan.Task.
func newTask(request Request) *task {
	t := taskPool.Get().(*task)
	t.request, t.Owner = request, t
	return t
}

// recycle makes the memory of a task that has ended that of another: of one that has succeeded in its first exchange,
// which no other task or Record shares anything with.
func (t *task) recycle() {
	if t.Attempts == 1 && t.hops == 0 && t.next == nil && t.robots == nil && t.Verdict.Failure == nil {
		*t = task{}
		taskPool.Put(t)
	}
}

// setTarget sets a Task's target by its Request, or its lineError to why that can't be requested.
func setTarget(t *task, targets *targeter) {
	err := t.request.check() // a Source may have changed what Prepare has checked
	if err == nil && t.request.url == nil {
		t.request, err = Prepare(t.request)
	}
	var to target
	if err == nil {
		to, err = targets.newTarget(&t.request)
	}
	if err == nil {
		err = to.options.Paginate.Check(to.URL.RawQuery, to.Body)
	}
	if err != nil && t.request.Page > 1 {
		err = fmt.Errorf("page %d: %w", t.request.Page, err)
	}
	if err != nil {
		t.lineError = &LineError{Input: redact.Line([]byte(t.request.URL)), Err: err}
		t.request.URL = "" // a text that is no URL may have secrets anywhere in it
		return
	}
	t.target = to
	if t.request.Page == 0 && to.options.Paginate.IsSet() {
		t.request.Page = 1
	}
}

// isPristine reports whether a task has no state but its Request: then a taskCodec can pack it.
func (t *task) isPristine() bool {
	return t.robots == nil && t.startedAt.IsZero() && t.Attempts == 0 && t.hops == 0 && t.lookup == nil &&
		(t.request.Page == 0 || t.request.Page == 1 && t.options.Paginate.IsSet()) && !t.request.OmitCredentials &&
		!t.request.PublicOnly && len(t.request.PageParams) == 0
}

// updatePlanTask sets the fields of the plan.Task that the plan reads when the task is added: Pristine, Size in bytes
// and Path.
func (t *task) updatePlanTask() {
	t.Pristine = t.isPristine()
	t.Size = len(t.request.URL) + len(t.request.Body) + len(t.request.Meta)
	if t.URL != nil {
		t.Path = pathStart(t.URL.Path)
	}
}

// pathStart returns the first four segments of a path; it shares the memory of path.
func pathStart(path string) string {
	segments := 0
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			if segments++; segments == 4 {
				return path[:i]
			}
		}
	}
	return path
}

// countUnattempted counts refusals in a row, and responses that were not ready, by the Verdict of an exchange.
func (t *task) countUnattempted(now time.Time) {
	if t.Refusals++; !t.Verdict.Refusal {
		t.Refusals = 0
	}
	if !t.Verdict.NotReady {
		return
	}
	if t.polls++; t.polls == 1 {
		t.pollsSince = now
	}
}

// failure returns why a task that has ended failed; nil is a success. The Verdict of a success has a Failure too where
// a stored response was served for a server that failed.
func (t *task) failure() *failure.Failure {
	if t.servedStale {
		return nil
	}
	return t.Verdict.Failure
}

// largeFrom is the size in bytes from which on a Request is large.
const largeFrom = 4 << 10

// largeSize returns the bytes of a Request that count as those of large ones, which the look-ahead window bounds by
// themselves; 0 for one that is not large.
func (r *Request) largeSize() int64 {
	size := len(r.URL) + len(r.Body) + len(r.Meta) + transport.HeaderBytes(r.Header)
	if size < largeFrom {
		return 0
	}
	return int64(size)
}

// exchangeCounts is what one exchange, or a response from the cache in its place, adds to the Summary.
type exchangeCounts struct {
	exchanged        bool   // there was an exchange
	retried          bool   // it was a retry
	connected        bool   // it had a connection
	reused           bool   // that had carried an exchange before
	unchanged        bool   // Record.Unchanged
	lane             string // of its target: t may have another one by now
	startedAt        time.Time
	took             time.Duration
	status           int // of a whole response; 0 is none
	bytes, wireBytes int64
	cache            Cached
	watched          Watched // of this one response
}

// countChallenge takes what an exchange has met of challenges into its task. The answer goes before the tasks that
// wait: a nonce may be good for a short time, and they can use it once it has been let in.
func (t *task) countChallenge(p *proof, challenged bool) {
	if t.First = challenged; challenged {
		t.challenges = challengeState{p.next, t.challenges.count + 1}
	}
}
