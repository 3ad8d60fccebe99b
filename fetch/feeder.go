package fetch

import (
	"errors"
	"fmt"

	"batchfetch/fetch/redact"
)

// A feeder is the first stage: it makes Tasks of the Requests that the Source yields and hands them to the scheduler.
// One goroutine runs it.
type feeder struct {
	source    Source
	pager     *pager
	scheduler *scheduler
}

// feed reads the Source to its end, or to the first Request that it yields once the run has been stopped.
func (f *feeder) feed() {
	var seq int64
	for request, err := range f.source {
		var t *task
		if !errors.Is(err, ErrSkipped) {
			t, err = f.prepare(request, err)
		}
		switch {
		case errors.Is(err, ErrSkipped):
			if !f.scheduler.skip(err) {
				return
			}
			continue
		case err != nil:
			f.scheduler.endInput(&InputError{err})
			return
		}
		t.seq = seq
		seq++
		if !f.scheduler.admit(t) {
			return
		}
	}
	f.scheduler.endInput(nil)
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
