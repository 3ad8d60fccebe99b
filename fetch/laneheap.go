package fetch

// A laneHeap keeps lanes in an order. A lane may stand in two at once, in different seats.
type laneHeap struct {
	lanes  []*lane
	before func(a, b *lane) bool
	seat   int // which of a lane's places is its place here
}

// moreWork puts the lane with the most work first; among equals it goes round.
func moreWork(a, b *lane) bool {
	if a.weight != b.weight {
		return a.weight > b.weight
	}
	return a.turn < b.turn
}

// longerWait puts first the lane whose last start, or first Task, is longest ago.
func longerWait(a, b *lane) bool { return a.turn < b.turn }

func sooner(a, b *lane) bool { return a.at.Before(b.at) }

func (h *laneHeap) len() int     { return len(h.lanes) }
func (h *laneHeap) first() *lane { return h.lanes[0] }

// push puts a lane in. It costs, as the two that follow, what the depth of the heap is; container/heap's calls through an
// interface took twice as long, and the plan makes several for each Task.
func (h *laneHeap) push(l *lane) {
	h.lanes = append(h.lanes, l)
	h.rise(len(h.lanes)-1, l)
}

// fix moves a lane whose key has changed.
func (h *laneHeap) fix(l *lane) {
	at := l.places[h.seat]
	if h.rise(at, l) == at {
		h.sink(at, l)
	}
}

func (h *laneHeap) remove(l *lane) {
	last := len(h.lanes) - 1
	at, moved := l.places[h.seat], h.lanes[last]
	h.lanes[last] = nil
	h.lanes = h.lanes[:last]
	if at == last {
		return
	}
	moved.places[h.seat] = at
	h.lanes[at] = moved
	h.fix(moved)
}

// rise brings a lane up from a place to where it belongs, and returns that.
func (h *laneHeap) rise(at int, l *lane) int {
	for at > 0 {
		parent := (at - 1) / 2
		above := h.lanes[parent]
		if !h.before(l, above) {
			break
		}
		h.put(at, above)
		at = parent
	}
	h.put(at, l)
	return at
}

// sink brings it down.
func (h *laneHeap) sink(at int, l *lane) {
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
		h.put(at, h.lanes[child])
		at = child
	}
	h.put(at, l)
}

func (h *laneHeap) put(at int, l *lane) {
	h.lanes[at] = l
	l.places[h.seat] = at
}

type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].notBefore.Before(h[j].notBefore) }
func (h taskHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is container/heap's.
func (h *taskHeap) Push(x any) { *h = append(*h, x.(*task)) }

// Pop is container/heap's.
func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
