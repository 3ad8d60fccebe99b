package queue

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A step is one call of a Queue and what it does to a plain slice, which is the model.
type step struct {
	name string
	do   func(t *testing.T, q *Queue[*int], model []*int) []*int
}

// newItem returns an item that is equal to no other.
func newItem() *int { return new(int) }

// isEvery2nd returns a function that is true for the second, fourth and so on of its calls.
func isEvery2nd() func(*int) bool {
	calls := 0
	return func(*int) bool { calls++; return calls%2 == 0 }
}

var steps = []step{
	{"Push", func(_ *testing.T, q *Queue[*int], model []*int) []*int {
		item := newItem()
		q.Push(item)
		return append(model, item)
	}},
	{"Prepend", func(_ *testing.T, q *Queue[*int], model []*int) []*int {
		items := []*int{newItem(), newItem()}
		q.Prepend(slices.Clone(items))
		return append(items, model...)
	}},
	{"PushFirst", func(_ *testing.T, q *Queue[*int], model []*int) []*int {
		item := newItem()
		q.PushFirst(item)
		return append([]*int{item}, model...)
	}},
	{"Pop", func(t *testing.T, q *Queue[*int], model []*int) []*int {
		if len(model) == 0 {
			return model
		}
		if first := q.Peek(); first != model[0] || q.Pop() != first {
			t.Error("Pop is not the oldest item")
		}
		return model[1:]
	}},
	{"PopLast", func(t *testing.T, q *Queue[*int], model []*int) []*int {
		if len(model) == 0 {
			return model
		}
		if q.PopLast() != model[len(model)-1] {
			t.Error("PopLast is not the newest item")
		}
		return model[:len(model)-1]
	}},
	{"Swap", func(t *testing.T, q *Queue[*int], model []*int) []*int {
		if len(model) == 0 {
			return model
		}
		i := len(model) / 2
		if q.PeekAt(i) != model[i] {
			t.Error("PeekAt is another item")
		}
		q.Swap(i, len(model)-1)
		model[i], model[len(model)-1] = model[len(model)-1], model[i]
		return model
	}},
	{"Cut", func(t *testing.T, q *Queue[*int], model []*int) []*int {
		const oldest = 2
		left, want := slices.Clone(model[:min(oldest, len(model))]), []*int(nil)
		take := isEvery2nd()
		for _, item := range model[len(left):] {
			if take(item) {
				want = append(want, item)
			} else {
				left = append(left, item)
			}
		}
		if !slices.Equal(q.Cut(oldest, isEvery2nd()), want) {
			t.Error("Cut returns other items")
		}
		return left
	}},
}

// check compares a Queue with its model, and fails where the slice still holds an item that was taken.
func check(t *testing.T, q *Queue[*int], model []*int) {
	t.Helper()
	if q.Len() != len(model) || !slices.Equal(q.items[q.head:], model) {
		t.Fatalf("%d items, want %d, or others", q.Len(), len(model))
	}
	for i, item := range q.items[:cap(q.items)] {
		if item != nil && (i < q.head || i >= len(q.items)) {
			t.Fatalf("slot %d of %d holds an item that was taken", i, cap(q.items))
		}
	}
}

// TestQueueIsASlice makes random calls of a Queue and of a plain slice. Several mixes make the Queue long or empty.
func TestQueueIsASlice(t *testing.T) {
	for name, weights := range map[string][]int{ // by the index of steps
		"grows":      {6, 1, 1, 2, 1, 1, 1},
		"stays":      {7, 0, 1, 7, 1, 1, 0},
		"is emptied": {3, 1, 1, 6, 3, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var mix []step
			for i, weight := range weights {
				mix = append(mix, slices.Repeat(steps[i:i+1], weight)...)
			}
			random := rand.New(rand.NewPCG(1, 2))
			var q Queue[*int]
			var model []*int
			for i := range 3000 {
				if len(model) > 500 {
					q, model = Queue[*int]{}, nil
				}
				next := mix[random.IntN(len(mix))]
				model = next.do(t, &q, model)
				if check(t, &q, model); t.Failed() {
					t.Fatalf("after %d steps, at %s", i, next.name)
				}
			}
		})
	}
}

// TestQueueCut cuts the even numbers out and checks what Cut leaves and returns at its borders.
func TestQueueCut(t *testing.T) {
	isEven := func(n int) bool { return n%2 == 0 }
	for _, tt := range []struct {
		name        string
		items       []int
		popped      int // items popped before
		oldest      int
		left, taken []int
	}{
		{name: "an empty queue"},
		{name: "none left out", items: []int{1, 2, 3, 4}, left: []int{1, 3}, taken: []int{2, 4}},
		{name: "behind the oldest", items: []int{2, 4, 6, 7, 8}, oldest: 2,
			left: []int{2, 4, 7}, taken: []int{6, 8}},
		{name: "fewer than the oldest", items: []int{2, 4}, oldest: 5, left: []int{2, 4}},
		{name: "after Pop", items: []int{1, 2, 3, 4}, popped: 1, left: []int{3}, taken: []int{2, 4}},
		{name: "all", items: []int{2, 4}, taken: []int{2, 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var q Queue[int]
			for _, item := range tt.items {
				q.Push(item)
			}
			for range tt.popped {
				q.Pop()
			}
			taken := q.Cut(tt.oldest, isEven)
			var left []int
			for q.Len() > 0 {
				left = append(left, q.Pop())
			}
			if !slices.Equal(taken, tt.taken) || !slices.Equal(left, tt.left) {
				t.Errorf("takes %v and leaves %v, want %v and %v", taken, left, tt.taken, tt.left)
			}
		})
	}
}

// TestQueueReusesItsSlice checks that a queue of bounded length does not grow, however many items pass through it.
func TestQueueReusesItsSlice(t *testing.T) {
	var q Queue[int]
	for i := range 100_000 {
		if q.Push(i); q.Len() > 10 {
			q.Pop()
		}
	}
	if cap(q.items) > 64 {
		t.Errorf("a slice of %d for %d items", cap(q.items), q.Len())
	}
}
