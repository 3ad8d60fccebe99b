package output

import "batchfetch/fetch"

// OnlyChanged is a Sink that leaves out the Records that are Unchanged. A Sink that can note them as done without a line does so.
type OnlyChanged struct{ fetch.Sink }

// A unchangedSink Sink notes as done what it does not write.
type unchangedSink interface {
	PutWithoutLine(*fetch.Record) error
}

// Encode renders nothing of a Record that is left out.
func (c OnlyChanged) Encode(r *fetch.Record) {
	if r.Unchanged {
		r.ReleaseBody()
		return
	}
	c.Sink.Encode(r)
}

// Put passes on what has changed.
func (c OnlyChanged) Put(r *fetch.Record) error {
	if !r.Unchanged {
		return c.Sink.Put(r)
	}
	if sink, ok := c.Sink.(unchangedSink); ok {
		return sink.PutWithoutLine(r)
	}
	return nil
}
