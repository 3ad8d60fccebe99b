package output

import (
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
)

// Counts is a fetch.Sink that counts the Records that it passes on, for the progress, and groups the failures by their
// Cause for the summary.
type Counts struct {
	fetch.Sink
	// Done and Failed may be read by any goroutine. Done counts Requests, whose last page has come. Failed leaves out
	// those that were only canceled.
	Done, Failed atomic.Int64

	groups map[Cause]*FailureGroup
}

// NewCounts returns a Counts around sink.
func NewCounts(sink fetch.Sink) *Counts {
	return &Counts{Sink: sink, groups: make(map[Cause]*FailureGroup)}
}

// Put counts the Record and passes it on.
func (c *Counts) Put(r *fetch.Record) error {
	if !r.More {
		c.Done.Add(1)
	}
	if r.Failure != nil && r.Failure.Kind != failure.Canceled {
		c.Failed.Add(1)
		cause := CauseOf(r)
		group := c.groups[cause]
		if group == nil {
			group = &FailureGroup{Cause: cause, hosts: make(map[string]struct{})}
			c.groups[cause] = group
		}
		group.add(r)
	}
	return c.Sink.Put(r)
}

// Groups returns the failures by their Cause, the largest group first, without those that were only canceled. It may be
// called once the run has ended.
func (c *Counts) Groups() []*FailureGroup { return sortedGroups(c.groups) }

// Unwrap returns the inner Sink, which may be a fetch.Holder.
func (c *Counts) Unwrap() fetch.Sink { return c.Sink }
