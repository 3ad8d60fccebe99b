package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// observeBuckets takes in what the response to t tells about quotas and buckets. It returns the bucket that the
// response is about; nil where the lane has none.
func (l *lane) observeBuckets(t *Task, lim *Limits, now time.Time) *bucket {
	v := &t.Verdict
	if !lim.Adaptive {
		v.Quotas = nil
	}
	var assumed *bucket // that t was started from; nil is none
	if l.buckets == nil {
		if len(v.Quotas) == 0 && v.Bucket == "" {
			return nil
		}
		if l.share == nil {
			l.buckets = newBuckets(l.active)
		} else {
			l.buckets = l.share.addBuckets()
		}
	} else if t.bucket == 0 {
		l.buckets.unassigned--
	} else {
		assumed = l.buckets.list[t.bucket-1]
		assumed.active--
	}
	t.bucket = 0
	if v.Refusal && v.Hold > 0 { // Retry-After takes precedence over RateLimit
		for i := range v.Quotas {
			if v.Quotas[i].Remaining <= 0 {
				v.Quotas[i].Reset, v.Quotas[i].Rounded, v.Quotas[i].Unitless = v.Hold, true, false
			}
		}
	}
	b, changed := l.buckets.learn(t, now)
	changed = l.buckets.endScout(t) || changed
	if assumed != nil {
		l.buckets.dropProbe(t, b)
	}
	starts := l.starts
	if l.share != nil {
		starts = l.share.starts
	}
	b.observe(t, starts, now)
	if changed {
		l.sortAgain()
	}
	return b
}

// sortAgain puts the Tasks that are aside back in front of those that wait.
func (l *lane) sortAgain() {
	for _, b := range l.buckets.list {
		var tasks []*Task
		for b.aside.Len() > 0 {
			tasks = append(tasks, b.aside.Pop())
		}
		l.waiting.Prepend(tasks)
	}
	l.buckets.aside = 0
}

// isSpent reports whether a Verdict tells that a quota has nothing left.
func isSpent(v *judge.Verdict) bool {
	for i := range v.Quotas {
		if v.Quotas[i].Remaining <= 0 && !v.Quotas[i].Concurrent {
			return true
		}
	}
	return false
}

// bucketStart is when a bucket allows a start; a time that is not after now is at once.
func (l *lane) bucketStart(b *bucket, now time.Time) time.Time {
	return b.nextStart(l.buckets.others(b), l.latency, now)
}

// sortTasks puts the first waiting Tasks aside whose bucket allows no start, at most so many, until one may start. It
// returns those whose bucket is closed.
func (l *lane) sortTasks(most int, now time.Time) (closed []*Task) {
	s := l.buckets
	for l.waiting.Len() > 0 {
		t := l.waiting.Peek()
		p := s.find(t.Path)
		b := p.bucket
		switch {
		case b.isClosed(now) && !s.isUnknown(p):
			closed = append(closed, l.waiting.Pop())
			continue
		case b.aside.Len() == 0 && !l.bucketStart(b, now).After(now), s.mayScout(p), s.aside >= most:
			return closed
		}
		b.aside.Push(l.waiting.Pop())
		s.aside++
	}
	return closed
}

// bucketTimes returns when a Task of any bucket may start, where there are several. The zero time is now.
func (l *lane) bucketTimes(now time.Time) time.Time {
	s := l.buckets
	var first time.Time
	note := func(at time.Time) {
		if at = latest(at, now); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	if l.waiting.Len() > 0 {
		p := s.find(l.waiting.Peek().Path)
		if s.mayScout(p) {
			return time.Time{}
		}
		note(l.bucketStart(p.bucket, now))
	}
	for _, b := range s.list {
		if b.aside.Len() > 0 {
			note(l.bucketStart(b, now))
		}
	}
	return first
}

// takeSorted removes the next Task of a lane with several buckets: one that is aside and may start, else the first that
// waits.
func (l *lane) takeSorted(now time.Time) *Task {
	s := l.buckets
	for i := range s.list {
		at := (s.turn + i) % len(s.list)
		if b := s.list[at]; b.aside.Len() > 0 && !l.bucketStart(b, now).After(now) {
			s.turn = at + 1
			s.aside--
			return b.aside.Pop()
		}
	}
	return l.waiting.Pop()
}

// assignStart accounts for the start of t from its bucket.
func (l *lane) assignStart(t *Task, now time.Time) {
	s := l.buckets
	if s == nil {
		return
	}
	p := s.find(t.Path)
	if l.bucketStart(p.bucket, now).After(now) {
		s.beginScout(t, p)
	}
	p.bucket.noteStart(t, s.others(p.bucket), now)
	t.bucket = p.bucket.number
}

// quotaStart is when the buckets of the lane allow a start; a time that is not after now is at once.
func (l *lane) quotaStart(now time.Time) time.Time {
	switch {
	case l.buckets == nil:
		return time.Time{}
	case l.buckets.isSplit() && l.hasWaiting():
		return l.bucketTimes(now)
	case l.buckets.isSplit():
		return time.Time{}
	}
	return l.bucketStart(l.buckets.list[0], now)
}

// closureOf returns the closure of the bucket that a Task is in, where that is closed and no scout may show that it is
// in another one; nil is none.
func (l *lane) closureOf(t *Task, now time.Time) *closure {
	if !l.buckets.isSplit() {
		return nil
	}
	if p := l.buckets.find(t.Path); p.bucket.isClosed(now) && !l.buckets.isUnknown(p) {
		return p.bucket.closure
	}
	return nil
}

// removeTasks removes all Tasks that are not spilled, and returns them.
func (l *lane) removeTasks() []*Task {
	if l.buckets != nil {
		l.sortAgain()
	}
	tasks := make([]*Task, 0, l.waiting.Len()+len(l.delayed))
	for l.waiting.Len() > 0 {
		tasks = append(tasks, l.waiting.Pop())
	}
	tasks = append(tasks, l.delayed...)
	l.delayed = nil
	return tasks
}
