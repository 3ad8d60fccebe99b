package queue

// A Queue is a first-in, first-out queue in a slice, with access to its newest items. The zero queue is empty.
// push and pop take constant time on average.
type Queue[T any] struct {
	items []T
	head  int // index of the oldest item
}

func (q *Queue[T]) Len() int { return len(q.items) - q.head }

// Peek returns the oldest item, which must exist.
func (q *Queue[T]) Peek() T { return q.items[q.head] }

// Push adds the newest item. Where the slice is full and half of it free, the items are moved instead of being copied
// into a larger one.
func (q *Queue[T]) Push(item T) {
	if q.head > 0 && len(q.items) == cap(q.items) && q.head >= len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

// Prepend puts items in front of the oldest one, in their order. It takes time by the length of the queue.
func (q *Queue[T]) Prepend(items []T) {
	*q = Queue[T]{items: append(items, q.items[q.head:]...)}
}

// Pop takes the oldest item, which must exist.
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

// PopLast takes the newest item, which must exist.
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

// Cut takes out those items behind the n oldest for which take returns true; the order of the others stays. It takes
// time by the number of items.
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
