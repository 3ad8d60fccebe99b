package output

import (
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode"
)

// Example is one failure of its kind.
type Example struct {
	URL, Message string
	Status       int // 0: there was no response
}

// Counts is a fetch.Sink that counts the Records that it passes on, for the progress, and keeps an example of each kind
// of failure for the summary.
type Counts struct {
	fetch.Sink
	// Done and Failed may be read by any goroutine. Done counts Requests, whose last page has come.
	Done, Failed atomic.Int64
	// Examples has the first failure of each kind. It may be read once the run has ended.
	Examples map[failure.Kind]Example
}

// NewCounts returns a Counts around sink.
func NewCounts(sink fetch.Sink) *Counts {
	return &Counts{Sink: sink, Examples: make(map[failure.Kind]Example)}
}

// Put counts the Record and passes it on.
func (c *Counts) Put(r *fetch.Record) error {
	if !r.More {
		c.Done.Add(1)
	}
	if f := r.Failure; f != nil {
		c.Failed.Add(1)
		if _, known := c.Examples[f.Kind]; !known {
			c.Examples[f.Kind] = Example{URL: encode.DisplayURL(r), Message: f.Error(), Status: r.Status}
		}
	}
	return c.Sink.Put(r)
}

// Unwrap returns the inner Sink, which may be a fetch.Holder.
func (c *Counts) Unwrap() fetch.Sink { return c.Sink }
