package output

import (
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/output/encode"
)

// An Example is one failure that stands for its kind.
type Example struct {
	URL, Message string
	Status       int // 0 where no answer came
}

// Counts is a Sink that counts what passes to the one it holds, for whoever watches the run,
// and keeps an example of each kind of failure.
type Counts struct {
	fetch.Sink
	// Done and Failed may be read at any time.
	Done, Failed atomic.Int64
	// Examples holds the first failure of each kind. It may be read once the run is over.
	Examples map[fetch.Kind]Example
}

// NewCounts returns a Counts around sink.
func NewCounts(sink fetch.Sink) *Counts {
	return &Counts{Sink: sink, Examples: make(map[fetch.Kind]Example)}
}

// Put counts the Record and passes it on.
func (c *Counts) Put(r *fetch.Record) error {
	c.Done.Add(1)
	if f := r.Failure; f != nil {
		c.Failed.Add(1)
		if _, known := c.Examples[f.Kind]; !known {
			c.Examples[f.Kind] = Example{URL: encode.DisplayURL(r), Message: f.Error(), Status: r.Status}
		}
	}
	return c.Sink.Put(r)
}

// Unwrap returns the Sink inside: it may be a fetch.Holder.
func (c *Counts) Unwrap() fetch.Sink { return c.Sink }
