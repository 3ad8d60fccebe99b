package fetch

import (
	"container/heap"
	"time"
)

// parkedPages are the next pages of Requests whose Records a Holder holds back, while the look-ahead window is full: a
// page more would be a Record more to hold back. There is one of each Request at most. It is a heap, with the first of
// the input on top.
type parkedPages []*task

func (p parkedPages) Len() int           { return len(p) }
func (p parkedPages) Less(i, j int) bool { return p[i].seq < p[j].seq }
func (p parkedPages) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }

// Push implements heap.Interface.
func (p *parkedPages) Push(x any) { *p = append(*p, x.(*task)) }

// Pop implements heap.Interface.
func (p *parkedPages) Pop() any {
	last := len(*p) - 1
	t := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return t
}

// addPage takes the next page of a Request that is under way. Its place in the look-ahead window is that of the page
// before, unless a Holder holds the Record of that back.
func (s *scheduler) addPage(t *task, now time.Time) {
	switch {
	case s.isStopped():
		s.tally.NotStarted++
	case s.holder != nil:
		heap.Push(&s.parked, t)
		s.admitParked(now)
	default:
		s.open(t, now)
	}
}

// admitParked admits parked pages while there is room for their Records, and, always, those of the Request whose
// Records are next: the others wait for these.
func (s *scheduler) admitParked(now time.Time) {
	if len(s.parked) == 0 {
		return
	}
	s.waitingForSink.Store(true) // before windowFull and Awaited are read, so that no Record is missed
	for len(s.parked) > 0 && (s.parked[0].seq <= s.holder.Awaited() || !s.windowFull(now)) {
		s.open(heap.Pop(&s.parked).(*task), now)
	}
}

// dropParked counts the parked pages as not started, as the run is stopped.
func (s *scheduler) dropParked() {
	s.tally.NotStarted += int64(len(s.parked))
	s.parked = nil
}
