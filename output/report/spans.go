package report

// spans are spans of time, such as exchanges under way, by the bucket of a series in which they begin and end: how many
// there are at once can be told of any width of buckets, and a span over a thousand of them costs no more than one.
type spans struct {
	begun, ended     int64
	beginSum, endSum float64 // of the microseconds since the start of the bucket
}

// add adds those of another bucket that starts shift microseconds after this one.
func (s *spans) add(of *spans, shift float64) {
	s.begun += of.begun
	s.ended += of.ended
	s.beginSum += of.beginSum + shift*float64(of.begun)
	s.endSum += of.endSum + shift*float64(of.ended)
}

// mean returns how many spans there are at once in a bucket, on average over its width, where open are under way at its
// start.
func (s *spans) mean(open int64, width float64) float64 {
	inside := float64(s.begun)*width - s.beginSum - (float64(s.ended)*width - s.endSum)
	return max(float64(open)+inside/width, 0)
}
