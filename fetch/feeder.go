package fetch

import "errors"

// A feeder is the first stage: it makes Tasks of the Requests that the Source yields and hands them to the scheduler.
// One goroutine runs it.
type feeder struct {
	source    Source
	pager     *pager
	renewer   *headerRenewer
	cache     *responseCache
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

// prepare returns the Task of what the Source has yielded, looked up in the cache where that takes no wait. The error
// is that of the Source, or an ErrSkipped.
func (f *feeder) prepare(request Request, err error) (*task, error) {
	t := newTask(request)
	switch {
	case errors.As(err, &t.lineError):
		return t, nil
	case err != nil:
		return nil, err
	}
	err = f.pager.prepare(t)
	if err == nil && t.lineError == nil && t.Lost == nil {
		f.renewer.update(t)
		t.lookup = f.cache.findMissing(&t.target)
	}
	return t, err
}
