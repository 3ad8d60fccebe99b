package output

import (
	"batchfetch/fetch"
	"batchfetch/fetch/failure"
)

// Acknowledge is a fetch.Sink that says which entries of a queue are done: those whose last Record the Sink inside has
// taken and, by a Flush, committed. One that was only canceled is not.
type Acknowledge struct {
	fetch.Sink
	done    func(entries []string)
	pending []string // of Records that were put and are not committed
	failed  bool     // the Sink inside has: what it has lost is not known
}

// NewAcknowledge returns an Acknowledge around sink. done is called with the ids of entries by the goroutine that calls
// Flush, and must not keep them.
func NewAcknowledge(sink fetch.Sink, done func(entries []string)) *Acknowledge {
	return &Acknowledge{Sink: sink, done: done}
}

// Put passes the Record on.
func (a *Acknowledge) Put(r *fetch.Record) error {
	entry := r.Request.Delivery // the Sink inside then owns r
	if r.More || r.Failure != nil && r.Failure.Kind == failure.Canceled {
		entry = ""
	}
	err := a.Sink.Put(r)
	if a.failed = a.failed || err != nil; entry != "" {
		a.pending = append(a.pending, entry)
	}
	return err
}

// Flush flushes the Sink inside, and says what is done by that.
func (a *Acknowledge) Flush(last bool) error {
	err := a.Sink.Flush(last)
	if a.failed = a.failed || err != nil; !a.failed && len(a.pending) > 0 {
		a.done(a.pending)
		a.pending = a.pending[:0]
	}
	return err
}

// Unwrap returns the inner Sink, which may be a fetch.Holder.
func (a *Acknowledge) Unwrap() fetch.Sink { return a.Sink }
