package fetch

import (
	"sync/atomic"

	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/queue"
)

// maxLookupWorkers is the most lookups under way at once. There are several because each may wait for a Store over a
// network.
const maxLookupWorkers = 16

// A lookupQueue is the scheduler's Tasks that are to be looked up in the cache, oldest first, and the counts of those
// that are being looked up. The scheduler's lock guards it. Tasks come back in any order.
type lookupQueue struct {
	tasks       chan<- *task // to the lookup workers
	startWorker func()
	closed      *atomic.Bool // to the lookup workers: lookups that have not begun are not made

	waiting    queue.Queue[*task] // not sent to a lookup worker yet
	inProgress int                // Tasks sent to one and not taken back
	answered   int64              // Tasks that have ended as successes with a stored response
	workers    int                // lookup workers started
	maxWorkers int                // at most maxLookupWorkers, fewer where few files may be open; 0 is not known yet
}

// len returns the number of Tasks that have not come back.
func (q *lookupQueue) len() int { return q.waiting.Len() + q.inProgress }

// start sends waiting Tasks to the lookup workers, as far as the channel has room, and starts more workers where there
// are too few. It never blocks.
func (q *lookupQueue) start() {
	if q.maxWorkers == 0 {
		q.maxWorkers = min(maxLookupWorkers, fdlimit.Exchanges())
	}
	for q.waiting.Len() > 0 && q.inProgress < cap(q.tasks) {
		if q.workers < min(q.maxWorkers, q.len()) {
			q.workers++
			q.startWorker()
		}
		q.inProgress++
		q.tasks <- q.waiting.Pop() // never blocks: no more are in progress than its capacity
	}
}

// takeBack notes that a Task has come from a lookup worker.
func (q *lookupQueue) takeBack(t *task) {
	q.inProgress--
	if t.fromCache && t.failure() == nil { // as Succeeded, which uncommitted subtracts it from
		q.answered++
	}
}

// close returns the Tasks that have not been sent to a lookup worker; those that have been sent and are not begun come
// back as they are.
func (q *lookupQueue) close() (unsent []*task) {
	q.closed.Store(true)
	for q.waiting.Len() > 0 {
		unsent = append(unsent, q.waiting.Pop())
	}
	return unsent
}
