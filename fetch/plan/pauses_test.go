package plan

import "testing"

// TestPauses: pauses double while a host refuses; the one that was long enough is the first the next time, and where it
// is not long enough the others begin at the shortest. After some that were, a shorter one is tried. Where hardly any
// request is accepted between two pauses, each row begins at the shortest.
func TestPauses(t *testing.T) {
	var p pauses
	for i, row := range []struct {
		accepted int // before the row
		want     []int
	}{
		{10, []int{1, 2, 3, 4}},
		{10, []int{4}}, {10, []int{4}},
		{2, []int{1}},
		{10, []int{4}}, {10, []int{4}},
		{10, []int{3}}, {10, []int{3, 1, 2}},
		{10, []int{3, 1, 2, 3, 4, 5}},
		{10, []int{5}},
	} {
		for range row.accepted {
			p.noteAccepted()
		}
		for j, want := range row.want {
			if got := p.next(j == 0); got != want {
				t.Errorf("row %d: pause %d is %d, want %d", i, j, got, want)
			}
		}
	}
}

// TestShortPausesAreTriedAnew: a host that accepts requests after one or two pauses has no window to wait for.
func TestShortPausesAreTriedAnew(t *testing.T) {
	var p pauses
	for range 3 {
		for range 10 {
			p.noteAccepted()
		}
		if p.next(true) != 1 || p.next(false) != 2 {
			t.Error("want the shortest pause first")
		}
	}
}
