package fetch

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/plan"
)

// A task is a Request under way, from its line of the input to its Record. One stage of the run has it at a time.
type task struct {
	plan.Task // its bookkeeping in the plan
	request   Request
	seq       int64
	target
	lineError *LineError // the line could not be used: there is nothing to ask

	hops          int
	startedAt     time.Time      // when its first exchange began
	lastStatus    int            // the status of its last exchange; 0 is none
	fileShortages int            // exchanges in a row whose body had no file to go to, too many being open
	lookup        *lookupResult  // what the cache has for its target; nil is nothing
	counts        exchangeCounts // of its last exchange

	wholeOnly   bool // what is left of its body is not to be continued
	fromCache   bool // the cache had its answer
	servedStale bool // its last exchange failed, and what the cache has stands in for that
}

// newTask returns the task of a Request. It is the owner of its plan.Task.
func newTask(request Request) *task {
	t := &task{request: request}
	t.Owner = t
	return t
}

// isPristine reports whether there is nothing to a task but its Request: then a taskCodec can pack it.
func (t *task) isPristine() bool {
	return t.startedAt.IsZero() && t.Attempts == 0 && t.hops == 0 && t.lookup == nil
}

// updatePlanTask tells the plan what it has to know before it gets the task.
func (t *task) updatePlanTask() {
	t.Pristine = t.isPristine()
	t.Size = len(t.request.URL) + len(t.request.Body) + len(t.request.Meta)
}

// failure is why a task that has ended failed; nil where it has not: its Verdict may be one of failure all the same,
// where a response of the cache was served for a server that failed.
func (t *task) failure() *failure.Failure {
	if t.servedStale {
		return nil
	}
	return t.Verdict.Failure
}
