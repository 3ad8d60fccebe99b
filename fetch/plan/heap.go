package plan

// A laneHeap is a binary heap of lanes, the first in its order on top. A lane may be in two at once, of different
// seats.
type laneHeap struct {
	lanes   []*lane
	before  func(a, b *lane) bool
	indexAt int // which of lane.places is the index in this heap
}

// hasMoreWork orders lanes by weight, the largest first; equal ones by their turn, so that they alternate.
func hasMoreWork(a, b *lane) bool {
	if a.work != b.work {
		return a.work > b.work
	}
	return a.turn < b.turn
}

// isLongerIdle orders lanes by their turn: the one whose last start, or making, is longest ago comes first.
func isLongerIdle(a, b *lane) bool { return a.turn < b.turn }

// isDueSooner orders lanes by the time at which they leave timed or expiring.
func isDueSooner(a, b *lane) bool { return a.due.Before(b.due) }

func (h *laneHeap) len() int     { return len(h.lanes) }
func (h *laneHeap) first() *lane { return h.lanes[0] }

// push adds a lane. It takes time by the depth of the heap, as fix and remove do. container/heap took twice as long,
// because it calls through an interface, and the plan makes several such calls for each Task.
func (h *laneHeap) push(l *lane) {
	h.lanes = append(h.lanes, l)
	h.siftUp(len(h.lanes)-1, l)
}

// fix moves a lane after a change of what it is ordered by.
func (h *laneHeap) fix(l *lane) {
	at := l.heapIndexes[h.indexAt]
	if h.siftUp(at, l) == at {
		h.siftDown(at, l)
	}
}

func (h *laneHeap) remove(l *lane) {
	last := len(h.lanes) - 1
	at, moved := l.heapIndexes[h.indexAt], h.lanes[last]
	h.lanes[last] = nil
	h.lanes = h.lanes[:last]
	if at == last {
		return
	}
	moved.heapIndexes[h.indexAt] = at
	h.lanes[at] = moved
	h.fix(moved)
}

// siftUp moves a lane from an index up to where it belongs, and returns the index of that.
func (h *laneHeap) siftUp(at int, l *lane) int {
	for at > 0 {
		parent := (at - 1) / 2
		above := h.lanes[parent]
		if !h.before(l, above) {
			break
		}
		h.set(at, above)
		at = parent
	}
	h.set(at, l)
	return at
}

// siftDown moves a lane from an index down to where it belongs.
func (h *laneHeap) siftDown(at int, l *lane) {
	for {
		child := 2*at + 1
		if child >= len(h.lanes) {
			break
		}
		if right := child + 1; right < len(h.lanes) && h.before(h.lanes[right], h.lanes[child]) {
			child = right
		}
		if !h.before(h.lanes[child], l) {
			break
		}
		h.set(at, h.lanes[child])
		at = child
	}
	h.set(at, l)
}

func (h *laneHeap) set(at int, l *lane) {
	h.lanes[at] = l
	l.heapIndexes[h.indexAt] = at
}

// taskHeap is the heap of delayed Tasks for container/heap, the one with the earliest NotBefore on top.
type taskHeap []*Task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].NotBefore.Before(h[j].NotBefore) }
func (h taskHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is container/heap's.
func (h *taskHeap) Push(x any) { *h = append(*h, x.(*Task)) }

// Pop is container/heap's.
func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
