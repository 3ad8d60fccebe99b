package h2

import (
	"math/rand/v2"
	"reflect"
	"strconv"
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

// TestHeaderSpaceOfAnyOrder: headers that begin, end or go on like the one before have their own fields all the same.
func TestHeaderSpaceOfAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var space HeaderSpace
	var fields []field
	for i := range 5000 {
		other := field{name: newName(string(rune('a' + rng.IntN(12))))}
		switch rng.IntN(5) { // else the names are those of the header before
		case 0:
			fields = fields[:rng.IntN(len(fields)+1)]
		case 1:
			fields = append(fields, other, field{name: newName("other")})
		case 2:
			if len(fields) > 0 {
				fields[rng.IntN(len(fields))] = other
			}
		}
		for j := range fields {
			fields[j].value = strconv.Itoa(100*i + j)
		}
		if got, want := headerOf(fields, &space), headerOf(fields, nil); !reflect.DeepEqual(got, want) {
			t.Fatalf("header %d: got %v, want %v", i, got, want)
		}
		if len(fields) <= maxSpace && len(space.names) != len(fields) {
			t.Fatalf("header %d: it has %d fields, and %q are known", i, len(fields), space.names)
		}
	}
}
