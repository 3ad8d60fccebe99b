package fetch

// A safety knows which of the successes that the Sink was given had cost an exchange: an answer from the cache is no loss.
type safety struct {
	given int64        // successes
	costs queue[int64] // the numbers of those that cost an exchange and may not be committed, counted from 1
}

// noteSuccess is called by the writer with each Record, in the order in which the Sink takes them.
func (r *run) noteSuccess(record *Record) {
	if r.options.Cache == nil || r.options.Committed == nil || record.Failure != nil {
		return
	}
	r.unsafe.given++
	if !record.lookedUp {
		r.unsafe.costs.push(r.unsafe.given)
	}
}

// countSafe moves on what is committed by now.
func (r *run) countSafe() {
	if r.options.Cache == nil {
		return
	}
	committed := r.options.Committed()
	for r.unsafe.costs.len() > 0 && r.unsafe.costs.items[r.unsafe.costs.head] <= committed {
		r.unsafe.costs.pop()
		r.safe.Add(1)
	}
}
