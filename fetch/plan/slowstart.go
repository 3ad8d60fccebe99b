package plan

// A slowStart is the limit on the exchanges at once after a wait that the host asked for, or a stall of a connection
// that several shared: a single exchange follows, and one more with each second response. The zero slowStart is no
// limit.
type slowStart struct {
	most     int // exchanges at once; 0 is no limit
	accepted int // responses since then that were no refusals; they are counted when there is no limit any more, too
	expected int // as many as are expected, where that many may be under way at once; else 0
}

// limit is the number of exchanges at once, at most most.
func (s *slowStart) limit(most int) int {
	if s.most > 0 {
		return min(most, s.most)
	}
	return most
}

// hold begins after a wait that the host asked for, and that came after so many responses where it is the first one.
// long says that exchanges take long: then as many as were accepted before follow the first one.
func (s *slowStart) hold(first int, long bool) {
	if s.most > 0 || s.accepted > 0 {
		first = s.accepted
	}
	s.begin()
	if long {
		s.expected = first
	}
}

// begin limits the exchanges at once to one.
func (s *slowStart) begin() { *s = slowStart{most: 1} }

// widen raises the limit after a response that was no refusal. all is how many exchanges may be under way without one.
func (s *slowStart) widen(all int) {
	s.accepted++
	if s.most > 0 {
		if s.most = max(1+s.accepted/2, s.expected-s.accepted); s.most >= all {
			s.most = 0
		}
	}
}
