package h2

import (
	"reflect"
	"testing"
)

// TestHeaderSpace: a header in memory that is used again has nothing of the one before, and one that is too large has
// memory of its own.
func TestHeaderSpace(t *testing.T) {
	var space HeaderSpace
	large := make([]field, maxSpace+1)
	for i := range large {
		large[i] = field{newName("large"), "x"}
	}
	for _, fields := range [][]field{
		{{newName("a"), "1"}, {newName("b"), "2"}, {newName("a"), "3"}}, {{newName("b"), "4"}}, large, {},
		{{newName("c"), "5"}},
	} {
		got, want := headerOf(fields, &space), headerOf(fields, nil)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	small := []field{{newName("a"), "1"}, {newName("b"), "2"}}
	if n := testing.AllocsPerRun(100, func() { headerOf(small, &space) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
	kept := headerOf(small, &space)
	headerOf(large, &space)
	if len(kept) != len(small) {
		t.Errorf("%v of a header whose memory is not used again", kept)
	}
}
