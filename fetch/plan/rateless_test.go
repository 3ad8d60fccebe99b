package plan

import (
	"testing"
	"time"
)

// TestRateless: a host that refuses later after a response than it once took the next request does not refuse for the
// rate, until three refusals follow each other, each after a hold that was kept to.
func TestRateless(t *testing.T) {
	began := time.Unix(0, 0)
	for _, tt := range []struct {
		name     string
		rateless bool
		streak   int
		waited   time.Duration
		want     bool
	}{
		{name: "later than the period", streak: 1, waited: 4 * time.Second, want: true},
		{name: "about the period", streak: 1, waited: 2700 * time.Millisecond},
		{name: "the second in a row", streak: 2, waited: 4 * time.Second},
		{name: "soon, when it is known", rateless: true, streak: 1, waited: time.Second, want: true},
		{name: "two in a row, when it is known", rateless: true, streak: 2, waited: time.Second, want: true},
		{name: "three in a row, when it is known", rateless: true, streak: 3, waited: time.Second},
	} {
		r := rateless{acceptedAt: began, period: 2 * time.Second, isFound: tt.rateless}
		if r.observe(began.Add(tt.waited), tt.streak, time.Second); r.isFound != tt.want {
			t.Errorf("%s: %t", tt.name, r.isFound)
		}
	}
}
