package plan

import "time"

// To spill Tasks is to replace them in memory by a compressed form, some 20 bytes for a plain URL where a Task takes a
// kilobyte. The last Tasks of hosts that have more of them than can start soon are spilled when the look-ahead window
// is full while other hosts could be asked. So a list that begins with a million lines of one host still lets the plan
// see which hosts follow.

// makeRoom spills Tasks of lanes that have more in memory than they need: all of them where the plan is starved, else
// one installment. It reports whether any batch was made. Where fewer than worth Tasks could be spilled it does
// nothing. It takes time by the number of lanes.
func (p *Plan) makeRoom(worth int, now time.Time) bool {
	if p.spill.codec == nil || p.spill.freeBytes <= 0 || p.spill.excess < worth {
		return false
	}
	if !p.starved && !p.grantInstallment(now) {
		return false
	}
	before := p.spill.count
	left := p.inMemory
	if !p.starved {
		left = p.installmentSize()
	}
	for _, l := range p.lanes {
		if left >= tasksPerBatch && l.excess >= tasksPerBatch && p.spill.freeBytes > 0 {
			left -= p.spillTail(l, left, now)
		}
	}
	return p.spill.count > before
}

// spillTail spills at most so many of the last waiting Tasks of a lane, and returns how many. Only pristine ones are.
func (p *Plan) spillTail(l *lane, most int, now time.Time) int {
	keep := max(keptTasks, l.waiting.Len()-most)
	tasks := l.waiting.Cut(keep, func(t *Task) bool { return t.Pristine })
	switch {
	case l.spilled.hasTasks():
		p.compressAhead(l.spilled, tasks)
	case len(tasks) > 0:
		l.spilled = &spilled{tail: tasks}
		p.compressTail(l.spilled)
	}
	p.countTasks(l, now)
	return len(tasks)
}

// spillArrival adds a new Task to a lane that has spilled ones, behind these.
func (p *Plan) spillArrival(l *lane, t *Task) {
	l.spilled.tail = append(l.spilled.tail, t)
	p.compressTail(l.spilled)
}

// compressTail makes batches of the tail, as far as it fills them and memory for batches is left.
func (p *Plan) compressTail(s *spilled) {
	packed := 0
	for len(s.tail)-packed >= tasksPerBatch && p.spill.freeBytes > 0 {
		n := batchLen(s.tail[packed:])
		s.batches.Push(p.compressBatch(s, s.tail[packed:packed+n]))
		packed += n
	}
	if packed > 0 {
		n := copy(s.tail, s.tail[packed:])
		clear(s.tail[n:])
		s.tail = s.tail[:n]
	}
}

// compressAhead makes batches of Tasks that come before all that are spilled already.
func (p *Plan) compressAhead(s *spilled, tasks []*Task) {
	var ahead []batch
	for len(tasks) > 0 {
		n := batchLen(tasks)
		ahead = append(ahead, p.compressBatch(s, tasks[:n]))
		tasks = tasks[n:]
	}
	s.batches.Prepend(ahead)
}

// compressBatch packs Tasks into a batch, and counts them as spilled.
func (p *Plan) compressBatch(s *spilled, tasks []*Task) batch {
	packed := p.spill.codec.Pack(tasks)
	p.accountSpilled(s, len(tasks), batchMemory(packed))
	return batch{packed, len(tasks)}
}

// accountSpilled counts Tasks that have been packed, and the bytes that they take; both numbers are negative for Tasks
// that have been unpacked.
func (p *Plan) accountSpilled(s *spilled, tasks int, bytes int64) {
	s.count += tasks
	p.inMemory -= tasks
	p.spill.count += tasks
	p.spill.freeBytes -= bytes
	p.spill.usedBytes += bytes
}

// refillLane takes spilled Tasks of a lane back into memory when less than half of keptTasks are waiting there, or,
// while the look-ahead window is full, when none is.
func (p *Plan) refillLane(l *lane) {
	low := keptTasks / 2
	if p.inMemory+p.active >= p.limits.Lookahead {
		low = 1
	}
	for !l.closing && l.spilled.hasTasks() && l.waiting.Len() < low {
		for _, t := range p.unspill(l) {
			l.waiting.Push(t)
		}
	}
}

// unspill takes the first spilled Tasks of a lane back into memory: a batch, or the tail.
func (p *Plan) unspill(l *lane) []*Task {
	s := l.spilled
	if s.batches.Len() == 0 {
		tasks := s.tail
		l.spilled = nil
		return tasks
	}
	b := s.batches.Pop()
	p.accountSpilled(s, -b.count, -batchMemory(b.packed))
	tasks := p.spill.codec.Unpack(b.packed)
	for _, t := range tasks {
		t.lane = l.id
	}
	return tasks
}
