package plan

// A laneHeap is a binary heap of lanes, with the first by its order on top. A lane may be in two heaps at once, where
// these have different values of indexAt. All changes take time by the logarithm of its size.
type laneHeap struct {
	lanes   []*lane
	before  func(a, b *lane) bool
	indexAt int // which element of lane.heapIndexes is the index in this heap
}

// hasMoreWork is the order by work, the largest first, and then by turn, so that equal lanes alternate.
func hasMoreWork(a, b *lane) bool {
	if a.work != b.work {
		return a.work > b.work
	}
	return a.turn < b.turn
}

// isLongerIdle is the order by turn: the lane whose last start is longest ago, or that was added first, comes first.
func isLongerIdle(a, b *lane) bool { return a.turn < b.turn }

// isLongerAlone is the order by how long the lanes take over the connections that there are.
func isLongerAlone(a, b *lane) bool {
	if a.alone != b.alone {
		return a.alone > b.alone
	}
	return a.turn < b.turn
}

// isDueSooner is the order by the time at which lanes leave timed or expiring.
func isDueSooner(a, b *lane) bool { return a.due.Before(b.due) }

func (h *laneHeap) len() int     { return len(h.lanes) }
func (h *laneHeap) first() *lane { return h.lanes[0] }

// push adds a lane. With container/heap, which calls through an interface, it took twice as long, and the plan makes
// several such calls for each Task.
func (h *laneHeap) push(l *lane) {
	h.lanes = append(h.lanes, l)
	h.siftUp(len(h.lanes)-1, l)
}

// fix restores the order after a change of a lane.
func (h *laneHeap) fix(l *lane) {
	at := l.heapIndexes[h.indexAt]
	if h.siftUp(at, l) == at {
		h.siftDown(at, l)
	}
}

// remove removes a lane, which must be in the heap.
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

// siftUp moves a lane from an index towards the top until the order holds, and returns its new index.
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

// siftDown moves a lane from an index away from the top until the order holds.
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

// set stores a lane at an index, and the index in the lane.
func (h *laneHeap) set(at int, l *lane) {
	h.lanes[at] = l
	l.heapIndexes[h.indexAt] = at
}
