package fetch

import "container/heap"

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

func (h *laneHeap) push(l *lane)   { heap.Push(h, l) }
func (h *laneHeap) fix(l *lane)    { heap.Fix(h, l.places[h.seat]) }
func (h *laneHeap) remove(l *lane) { heap.Remove(h, l.places[h.seat]) }

// Len is container/heap's, as are the four that follow.
func (h *laneHeap) Len() int { return len(h.lanes) }

// Less reports which of two comes first.
func (h *laneHeap) Less(i, j int) bool { return h.before(h.lanes[i], h.lanes[j]) }

// Swap keeps the lanes' places.
func (h *laneHeap) Swap(i, j int) {
	h.lanes[i], h.lanes[j] = h.lanes[j], h.lanes[i]
	h.lanes[i].places[h.seat], h.lanes[j].places[h.seat] = i, j
}

// Push appends.
func (h *laneHeap) Push(x any) {
	l := x.(*lane)
	l.places[h.seat] = len(h.lanes)
	h.lanes = append(h.lanes, l)
}

// Pop takes the last.
func (h *laneHeap) Pop() any {
	last := len(h.lanes) - 1
	l := h.lanes[last]
	h.lanes[last] = nil
	h.lanes = h.lanes[:last]
	return l
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
