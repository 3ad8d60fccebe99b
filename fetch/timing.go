package fetch

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// steps collects how long each step of making a connection took. A connection may be finished after its exchange
// has ended or taken another, so it locks. A nil *steps collects nothing.
type steps struct {
	mu                sync.Mutex
	dns, connect, tls time.Duration
}

type stepsKey struct{}

func withSteps(ctx context.Context) (context.Context, *steps) {
	s := &steps{dns: -1, connect: -1, tls: -1}
	return context.WithValue(ctx, stepsKey{}, s), s
}

func stepsOf(ctx context.Context) *steps {
	s, _ := ctx.Value(stepsKey{}).(*steps)
	return s
}

// lookups returns a context in which the name look-ups of a dial are timed.
func (s *steps) lookups(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	var began time.Time
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { began = time.Now() },
		DNSDone: func(httptrace.DNSDoneInfo) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.dns = time.Since(began)
		},
	})
}

// connected notes a dial that took so long, its look-up included.
func (s *steps) connected(took time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connect = took - max(s.dns, 0)
}

func (s *steps) tlsDone(took time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tls = took
}

// timing returns the steps of an exchange; those of a reused connection did not happen.
func (s *steps) timing(reused bool, firstByte, body time.Duration) *Timing {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &Timing{DNS: -1, Connect: -1, TLS: -1, FirstByte: firstByte, Body: body}
	if !reused {
		t.DNS, t.Connect, t.TLS = s.dns, s.connect, s.tls
	}
	return t
}
