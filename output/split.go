package output

import (
	"batchfetch/fetch"
)

// Split is a Sink that sends successes one way and failures another.
type Split struct{ Success, Failure fetch.Sink }

func (s Split) sinkFor(r *fetch.Record) fetch.Sink {
	if r.Failure == nil {
		return s.Success
	}
	return s.Failure
}

// Encode renders the Record as its side does.
func (s Split) Encode(r *fetch.Record) { s.sinkFor(r).Encode(r) }

// Put gives the Record to its side.
func (s Split) Put(r *fetch.Record) error { return s.sinkFor(r).Put(r) }

// Flush flushes both sides and returns the first error.
func (s Split) Flush(last bool) error {
	err := s.Success.Flush(last)
	if other := s.Failure.Flush(last); err == nil {
		err = other
	}
	return err
}
