package fetch

import "errors"

// feed makes Tasks of what the source yields.
func (r *run) feed(source Source) {
	defer close(r.fed)
	defer close(r.intake)
	var seq int64
	for request, err := range source {
		if errors.Is(err, ErrSkipped) {
			if !r.skip() {
				return
			}
			continue
		}
		t := newTask(request)
		var line *LineError
		switch {
		case errors.As(err, &line):
			t.bad = line
		case err != nil:
			r.inputErr = &InputError{err}
			return
		default:
			r.aim(t)
		}
		t.seq = seq
		seq++
		if !r.hand(t) {
			return
		}
	}
}

// skip counts a Request that is not to be asked, and reports whether the run goes on.
func (r *run) skip() bool {
	n := r.skipped.Add(1)
	if live := r.options.Live; live != nil {
		live.Skipped.Store(n)
	}
	select {
	case <-r.closed:
		return false
	default:
		return true
	}
}

// hand gives a Task to the scheduler, or leaves it where the run is over.
func (r *run) hand(t *task) bool {
	select {
	case <-r.closed:
		r.left <- t // never blocks: it takes one, and this was the last
		return false
	default:
	}
	select {
	case r.intake <- t:
		return true
	case <-r.closed:
		r.left <- t // as above
		return false
	}
}

// aim points a Task at what its Request asks for, or says why that can't be asked.
func (r *run) aim(t *task) {
	if r.aimAgain(t); t.bad != nil || r.options.Keeper == nil {
		return
	}
	if err := r.options.Keeper.Claim(&t.request); err != nil {
		t.bad = &LineError{Input: maskLine([]byte(t.request.URL)), Err: err}
	}
}

// aimAgain is aim for a Task that has claimed its name.
func (r *run) aimAgain(t *task) {
	err := t.request.checkHead() // a Source may have changed what a Reader has looked at
	if err == nil && t.request.url == nil {
		t.request, err = finish(t.request)
	}
	var to target
	if err == nil {
		to, err = r.targets.of(&t.request)
	}
	if err != nil {
		t.bad = &LineError{Input: maskLine([]byte(t.request.URL)), Err: err}
		t.request.URL = "" // what is no URL may hide anything
		return
	}
	t.target = to
}
