package output

import (
	"batchfetch/fetch"
)

// Split is a fetch.Sink that passes successes to one Sink and failures to another.
type Split struct{ Success, Failure fetch.Sink }

func (s Split) sinkFor(r *fetch.Record) fetch.Sink {
	if r.Failure == nil {
		return s.Success
	}
	return s.Failure
}

// Encode encodes the Record for its Sink.
func (s Split) Encode(r *fetch.Record) { s.sinkFor(r).Encode(r) }

// Put passes the Record to its Sink.
func (s Split) Put(r *fetch.Record) error { return s.sinkFor(r).Put(r) }

// Flush flushes both and returns the first error.
func (s Split) Flush(last bool) error {
	err := s.Success.Flush(last)
	if other := s.Failure.Flush(last); err == nil {
		err = other
	}
	return err
}
