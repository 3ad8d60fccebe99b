package fetch

import (
	"sync/atomic"

	"batchfetch/fetch/queue"
)

// committedExchanges counts the committed successes that had needed an exchange: a response from the cache costs
// nothing to get again. The writer owns it; other goroutines read count only. A nil one counts nothing.
type committedExchanges struct {
	committed   func() int64       // Options.Committed; it counts successes from the cache too
	count       *atomic.Int64      // of those the ones that needed an exchange, as of the last advance
	successes   int64              // given to the Sink
	uncommitted queue.Queue[int64] // 1-based numbers of successes that needed an exchange and may not be committed yet
}

// newCommittedExchanges returns nil where the count is not needed: without a cache every success needs an exchange, and
// Options.Committed is that count.
func newCommittedExchanges(o *Options, count *atomic.Int64) *committedExchanges {
	if o.Cache == nil || o.Committed == nil {
		return nil
	}
	return &committedExchanges{committed: o.Committed, count: count}
}

// noteSuccess numbers a Record that is a success. It is called for each Record, in the order in which the Sink takes
// them.
func (c *committedExchanges) noteSuccess(record *Record) {
	if c == nil || record.Failure != nil {
		return
	}
	c.successes++
	if !record.fromCache {
		c.uncommitted.Push(c.successes)
	}
}

// advance brings count up to date with Options.Committed.
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
