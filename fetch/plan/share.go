package plan

import "time"

// A share is what the lanes of hosts that count their requests together have in common (HostLimits.Share): the rate,
// the quotas and the pauses and closures after refusals. Each lane has its own number of exchanges at once, throttle
// and health.
type share struct {
	name    string
	active  int    // exchanges under way
	starts  uint64 // how many Tasks have started; Task.number is of these
	pace    pace
	until   time.Time // no Task starts before then
	closure *closure  // nil means that it was never closed
	buckets *buckets  // with the only bucket; nil means that no host has told a quota
}

// addBuckets makes the only bucket. It returns the buckets, which all lanes of the share are to have.
func (s *share) addBuckets() *buckets {
	s.buckets = newBuckets(s.active)
	s.buckets.single = true
	return s.buckets
}
