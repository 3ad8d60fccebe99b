package h3

import (
	"time"

	"github.com/quic-go/quic-go"
)

// A pace is how fast bodies come over a connection. Where packets are lost on the path, and not for queues that are
// full, a server's congestion control holds a connection far below what the path can carry (RFC 9002 section 7). Then
// it has one exchange, so that the next ones get connections of their own, as over HTTP/1.1. Guarded by Conn.mu.
type pace struct {
	from  time.Time // since when exchanges are under way, none being alone; zero: they are not
	bytes uint64    // that had come by then, with what packets add
	slow  bool      // it has been found to be slow
}

// These say when a connection is slow: over sampleTime it brought at least leastBytes, and less than slowWindow for
// each round trip, one of at least slowRoundTrip that is no more than a quarter longer than the shortest one: no queue
// holds them up.
const (
	sampleTime    = time.Second
	leastBytes    = 32 << 10
	slowWindow    = 48 << 10
	slowRoundTrip = 20 * time.Millisecond
)

// isSlow takes a sample, and reports whether the connection is found to be slow by it.
func (p *pace) isSlow(now time.Time, stats func() quic.ConnectionStats) bool {
	took := now.Sub(p.from)
	if p.slow || !p.from.IsZero() && took < sampleTime {
		return false
	}
	s := stats()
	came := s.BytesReceived - p.bytes
	began := p.from
	p.from, p.bytes = now, s.BytesReceived
	if began.IsZero() || came < leastBytes {
		return false
	}
	window := float64(came) * s.SmoothedRTT.Seconds() / took.Seconds()
	isQueued := s.SmoothedRTT > s.MinRTT+s.MinRTT/4
	p.slow = s.SmoothedRTT >= slowRoundTrip && !isQueued && window < slowWindow
	return p.slow
}
