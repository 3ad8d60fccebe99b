package plan

// A volley counts what becomes of the exchanges that were under way together when the host refused one of them. Where
// it has accepted others, it limits their number. The zero volley is none.
type volley struct {
	open     int // exchanges that have not ended; 0 is that the volley is over
	refused  int
	accepted int
}

// begin begins with the first refusal: so many other exchanges are under way.
func (v *volley) begin(open int) { *v = volley{open: open, refused: 1} }

// count takes in the end of an exchange that started before that refusal came. It reports whether it was the last one,
// and the host has accepted some.
func (v *volley) count(refused bool) (mixed bool) {
	if v.open == 0 {
		return false
	}
	v.open--
	if refused {
		v.refused++
	} else {
		v.accepted++
	}
	return v.open == 0 && v.accepted > 0
}
