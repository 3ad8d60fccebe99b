package fetch

import (
	"errors"
	"sync/atomic"

	"batchfetch/fetch/redact"
)

// A feeder is the first stage: it makes Tasks of the Requests that the Source yields and hands them to the scheduler.
// One goroutine runs it.
type feeder struct {
	source    Source
	targets   *targeter
	bodyStore BodyStore // nil is none
	live      *Live     // nil is none

	intake    chan<- *task    // to the scheduler; the feeder closes it at the Source's end
	closed    <-chan struct{} // closed when the run is over
	unstarted chan<- *task    // takes the Task in hand at that time: at most one, so that a capacity of 1 never blocks
	ended     chan<- struct{} // closed when the feeder has ended

	skipped atomic.Int64 // Requests that the Source yielded only to be counted
	err     error        // an *InputError: why the Source broke off; written before intake is closed
}

// feed ends at the Source's end, or at the first Request that the Source yields once the run is over.
func (f *feeder) feed() {
	defer close(f.ended)
	defer close(f.intake)
	var seq int64
	for request, err := range f.source {
		if errors.Is(err, ErrSkipped) {
			if !f.skip() {
				return
			}
			continue
		}
		t := newTask(request)
		var line *LineError
		switch {
		case errors.As(err, &line):
			t.lineError = line
		case err != nil:
			f.err = &InputError{err}
			return
		default:
			f.prepare(t)
		}
		t.seq = seq
		seq++
		if !f.send(t) {
			return
		}
	}
}

// skip counts a Request that is not to be asked, and reports whether the run goes on.
func (f *feeder) skip() bool {
	n := f.skipped.Add(1)
	if f.live != nil {
		f.live.Skipped.Store(n)
	}
	select {
	case <-f.closed:
		return false
	default:
		return true
	}
}

// send hands a Task to the scheduler and reports whether the run goes on. Where it is over the Task goes to unstarted.
func (f *feeder) send(t *task) bool {
	select {
	case <-f.closed:
		f.unstarted <- t
		return false
	default:
	}
	select {
	case f.intake <- t:
		return true
	case <-f.closed:
		f.unstarted <- t
		return false
	}
}

// prepare sets a Task's target and claims the name of its body from the Keeper, or sets why its Request can't be asked.
func (f *feeder) prepare(t *task) {
	if setTarget(t, f.targets); t.lineError != nil || f.bodyStore == nil {
		return
	}
	if err := f.bodyStore.Claim(&t.request); err != nil {
		t.lineError = &LineError{Input: redact.Line([]byte(t.request.URL)), Err: err}
	}
}

// setTarget sets a Task's target to what its Request asks for, or sets why that can't be asked.
func setTarget(t *task, targets *targeter) {
	err := t.request.checkHead() // a Source may have changed what a Reader has looked at
	if err == nil && t.request.url == nil {
		t.request, err = Prepare(t.request)
	}
	var to target
	if err == nil {
		to, err = targets.newTarget(&t.request)
	}
	if err != nil {
		t.lineError = &LineError{Input: redact.Line([]byte(t.request.URL)), Err: err}
		t.request.URL = "" // what is no URL may hide anything
		return
	}
	t.target = to
}
