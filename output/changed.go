package output

import "batchfetch/fetch"

// OnlyChanged is a fetch.Sink that leaves out the Records that are Unchanged. A Sink with a method PutWithoutLine gets
// them there, to note that they are done.
type OnlyChanged struct{ fetch.Sink }

// unchangedSink is a fetch.Sink that can note a Record as done without writing its line.
type unchangedSink interface {
	PutWithoutLine(*fetch.Record) error
}

// Encode releases what nothing renders of a Record that is left out, and encodes the others.
func (c OnlyChanged) Encode(r *fetch.Record) {
	if r.Unchanged {
		r.ReleaseRendered()
		return
	}
	c.Sink.Encode(r)
}

// Put passes on the Records that have changed.
func (c OnlyChanged) Put(r *fetch.Record) error {
	if !r.Unchanged {
		return c.Sink.Put(r)
	}
	if sink, ok := c.Sink.(unchangedSink); ok {
		return sink.PutWithoutLine(r)
	}
	return nil
}
