package fetch

import (
	"sync/atomic"

	"batchfetch/fetch/queue"
)

// committedExchanges counts the committed successes that had cost an exchange: an answer from the cache costs nothing
// to have again. It is the writer's; only count is read by others. A nil one counts nothing.
type committedExchanges struct {
	committed   func() int64       // Options.Committed; it counts successes from the cache too
	count       *atomic.Int64      // of those the ones that cost an exchange, as of the last advance
	successes   int64              // given to the Sink
	uncommitted queue.Queue[int64] // the numbers of those that cost an exchange and may not be committed, counted from 1
}

// newCommittedExchanges returns nil where nothing asks: without a cache every success costs an exchange.
func newCommittedExchanges(o *Options, count *atomic.Int64) *committedExchanges {
	if o.Cache == nil || o.Committed == nil {
		return nil
	}
	return &committedExchanges{committed: o.Committed, count: count}
}

// noteSuccess takes each Record, in the order in which the Sink takes them; failures are ignored.
func (c *committedExchanges) noteSuccess(record *Record) {
	if c == nil || record.Failure != nil {
		return
	}
	c.successes++
	if !record.lookedUp {
		c.uncommitted.Push(c.successes)
	}
}

// advance brings count up to date.
func (c *committedExchanges) advance() {
	if c == nil {
		return
	}
	committed := c.committed()
	for c.uncommitted.Len() > 0 && c.uncommitted.Peek() <= committed {
		c.uncommitted.Pop()
		c.count.Add(1)
	}
}
