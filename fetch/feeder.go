package fetch

import (
	"errors"
	"fmt"
	"sync/atomic"

	"batchfetch/fetch/redact"
)

// A feeder is the first stage: it makes Tasks of the Requests that the Source yields and hands them to the scheduler.
// One goroutine runs it.
type feeder struct {
	source Source
	pager  *pager
	live   *Live // Options.Live; nil is none

	intake    chan<- *task    // to the scheduler; the feeder closes it at the Source's end
	closed    <-chan struct{} // closed when the run is over
	unstarted chan<- *task    // the Task not sent by then: at most one, so that with a capacity of 1 no send blocks
	ended     chan<- struct{} // closed when the feeder has ended

	skipped    atomic.Int64  // Requests that the Source yielded only to be counted
	doneBefore *atomic.Int64 // those of them with ErrDone
	err        error         // an *InputError: why the Source broke off; written before intake is closed
}

// feed reads the Source to its end, or to the first Request that it yields once the run is over.
func (f *feeder) feed() {
	defer close(f.ended)
	defer close(f.intake)
	var seq int64
	for request, err := range f.source {
		var t *task
		if !errors.Is(err, ErrSkipped) {
			t, err = f.prepare(request, err)
		}
		switch {
		case errors.Is(err, ErrSkipped):
			if !f.skip(err) {
				return
			}
			continue
		case err != nil:
			f.err = &InputError{err}
			return
		}
		t.seq = seq
		seq++
		if !f.send(t) {
			return
		}
	}
}

// prepare returns the Task of what the Source has yielded. The error is that of the Source, or an ErrSkipped.
func (f *feeder) prepare(request Request, err error) (*task, error) {
	t := newTask(request)
	switch {
	case errors.As(err, &t.lineError):
		return t, nil
	case err != nil:
		return nil, err
	}
	return t, f.pager.prepare(t)
}

// skip counts a Request that is not to be started, for err, an ErrSkipped, and reports whether the run goes on.
func (f *feeder) skip(err error) bool {
	if errors.Is(err, ErrDone) {
		f.doneBefore.Add(1)
	}
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

// send sends a Task to the scheduler and reports whether the run goes on. Where it is over the Task goes to unstarted.
// It blocks while the look-ahead window is full.
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

// setTarget sets a Task's target by its Request, or its lineError to why that can't be requested.
func setTarget(t *task, targets *targeter) {
	err := t.request.checkHead() // a Source may have changed what Prepare has checked
	if err == nil && t.request.url == nil {
		t.request, err = Prepare(t.request)
	}
	var to target
	if err == nil {
		to, err = targets.newTarget(&t.request)
	}
	if err != nil && t.request.Page > 1 {
		err = fmt.Errorf("page %d: %w", t.request.Page, err)
	}
	if err != nil {
		t.lineError = &LineError{Input: redact.Line([]byte(t.request.URL)), Err: err}
		t.request.URL = "" // a text that is no URL may have secrets anywhere in it
		return
	}
	t.target = to
	if t.request.Page == 0 && to.options.Paginate.IsSet() {
		t.request.Page = 1
	}
}
