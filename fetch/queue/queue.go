// Package queue is a first-in, first-out queue in a slice, whose items can also be taken from its end or from its
// middle.
//
// It is pure, not safe for concurrent use, and imports nothing. It never keeps an item alive that was taken.
package queue

// A Queue is a first-in, first-out queue in a slice. The zero Queue is empty. Push, Pop and PopLast take constant time,
// amortized. Its owner guards it.
type Queue[T any] struct {
	items []T // those before head are zero
	head  int // index of the oldest item
}

// Len returns the number of items.
func (q *Queue[T]) Len() int { return len(q.items) - q.head }

// Peek returns the oldest item. It panics if the Queue is empty.
func (q *Queue[T]) Peek() T { return q.items[q.head] }

// Push adds item as the newest. Where the slice is full and at least half of it is before the oldest item, the items
// are moved to its start instead of being copied into a larger one.
func (q *Queue[T]) Push(item T) {
	if q.head > 0 && len(q.items) == cap(q.items) && q.head >= len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

// PushFirst adds item as the oldest. It takes constant time, amortized.
func (q *Queue[T]) PushFirst(item T) {
	if q.head == 0 { // make room, for as many as there are items
		room := len(q.items) + 1
		items := make([]T, room+len(q.items), 2*room+len(q.items))
		copy(items[room:], q.items)
		q.items, q.head = items, room
	}
	q.head--
	q.items[q.head] = item
}

// PeekAt returns the item behind the oldest i. It panics if there is none.
func (q *Queue[T]) PeekAt(i int) T { return q.items[q.head+i] }

// Swap has the items behind the oldest i and j change places. It panics if there are no such items.
func (q *Queue[T]) Swap(i, j int) {
	q.items[q.head+i], q.items[q.head+j] = q.items[q.head+j], q.items[q.head+i]
}

// Prepend adds items in front of the oldest one; items[0] becomes the oldest. It takes over the slice items. It takes
// time by the length of the Queue.
func (q *Queue[T]) Prepend(items []T) {
	*q = Queue[T]{items: append(items, q.items[q.head:]...)}
}

// Pop removes and returns the oldest item. It panics if the Queue is empty.
func (q *Queue[T]) Pop() T {
	var none T
	item := q.items[q.head]
	q.items[q.head] = none
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return item
}

// PopLast removes and returns the newest item. It panics if the Queue is empty.
func (q *Queue[T]) PopLast() T {
	var none T
	last := len(q.items) - 1
	item := q.items[last]
	q.items[last] = none
	q.items = q.items[:last]
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return item
}

// Cut removes and returns the items, but for the n oldest, for which take returns true; nil means none. The order of
// the others, and of those returned, is that of the Queue. It takes time by the number of items.
func (q *Queue[T]) Cut(n int, take func(T) bool) []T {
	var taken []T
	waiting := q.items[q.head:]
	kept := waiting[:min(n, len(waiting))]
	for _, item := range waiting[len(kept):] {
		if take(item) {
			taken = append(taken, item)
			continue
		}
		kept = append(kept, item)
	}
	clear(waiting[len(kept):])
	q.items = q.items[:q.head+len(kept)]
	return taken
}
