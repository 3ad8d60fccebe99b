package fetch

import "time"

// flushAfter is how long a Record may lie in a buffer while nothing follows it.
const flushAfter = 5 * time.Millisecond

// write gives the Records to the Sink, one at a time. After an error it only takes them away.
func (r *run) write() {
	idle := time.NewTimer(flushAfter)
	idle.Stop()
	defer idle.Stop()
	lying := 0 // Records that may lie in a buffer
	for {
		var record *Record
		open := true
		select {
		case record, open = <-r.records:
		case record = <-r.large:
		case <-idle.C:
			lying = 0
			r.flush(false)
			continue
		}
		if !open {
			r.flush(true)
			return
		}
		r.pass(record)
		lying++
		switch {
		case r.options.Committed != nil && lying >= r.options.Concurrency/commitParts:
			lying = 0
			idle.Stop()
			r.flush(false)
		case lying == 1:
			idle.Reset(r.patience())
		}
	}
}

// commitParts says how many Records are committed at once: a part of the exchanges that may be under way,
// so that few of those wait for it.
const commitParts = 4

// commitAfter is flushAfter for Records that count as exchanges under way until then.
const commitAfter = time.Millisecond

func (r *run) patience() time.Duration {
	if r.options.Committed != nil {
		return commitAfter
	}
	return flushAfter
}

func (r *run) flush(last bool) {
	if !r.sinkDead || last {
		r.sinkFailed(r.sink.Flush(last))
	}
	if r.options.Committed != nil {
		r.countSafe()
		r.rouse()
	}
}

// rouse has the scheduler look again.
func (r *run) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// pass gives one Record to the Sink, and wakes the scheduler where it waits for that.
func (r *run) pass(record *Record) {
	if r.sinkDead {
		record.Discard()
		return
	}
	r.noteSuccess(record)
	r.sinkFailed(r.sink.Put(record))
	r.put.Add(1)
	if r.waiting.Load() {
		r.rouse()
	}
}

func (r *run) sinkFailed(err error) {
	if err != nil {
		r.sinkDead = true
		r.breakOff(err)
	}
}

// breakOff ends the run over an output that can't be written. Only the first reason counts.
func (r *run) breakOff(err error) {
	r.breaking.Do(func() {
		r.brokenBy = &OutputError{err}
		close(r.broken)
	})
}

func (r *run) isBroken() bool {
	select {
	case <-r.broken:
		return true
	default:
		return false
	}
}
