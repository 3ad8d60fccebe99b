package journal

import (
	"math/rand/v2"
	"testing"
)

// TestLedger compares the ledger with a plain map, for requests that occur once, a few times, and too often for a slot.
func TestLedger(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var l ledger
	defer l.free()
	names := make([]requestHash, 3000)
	for i := range names {
		names[i] = requestHash{rng.Uint64(), uint16(rng.Uint32())}
	}
	names[1].high = names[0].high // only the rest differs
	type occurrence struct {
		requestHash
		nth uint32
	}
	done := make(map[occurrence]bool)
	for range 5000 {
		a := occurrence{names[rng.IntN(len(names))], rng.Uint32N(40)}
		done[a] = true
		l.markDone(a.requestHash, a.nth)
	}
	seen := make(map[requestHash]uint32)
	for range 100_000 {
		name := names[rng.IntN(len(names))]
		nth, isDone := l.countRequest(name)
		if want := seen[name]; nth != want || isDone != done[occurrence{name, want}] {
			t.Fatalf("occurrence %d of %x: got %d, done %v", want, name, nth, isDone)
		}
		seen[name]++
	}
}

// TestLedgerOften: a hundred thousand equal requests are numbered without a gap.
func TestLedgerOften(t *testing.T) {
	var l ledger
	defer l.free()
	a := requestHash{7 << 40, 9}
	l.markDone(a, 70_000)
	l.markDone(a, 3)
	for want := range uint32(100_000) {
		nth, done := l.countRequest(a)
		if nth != want || done != (want == 3 || want == 70_000) {
			t.Fatalf("occurrence %d: got %d, done %v", want, nth, done)
		}
	}
}

// TestLedgerSize: at most 24 bytes for each request, however it came in.
func TestLedgerSize(t *testing.T) {
	const n = 1_000_000
	for name, fill := range map[string]func(*ledger, requestHash){
		"finished":        func(l *ledger, a requestHash) { l.markDone(a, 0) },
		"read":            func(l *ledger, a requestHash) { l.countRequest(a) },
		"loaded and read": func(l *ledger, a requestHash) { l.markDone(a, 0); l.countRequest(a) },
	} {
		for _, reserved := range []int64{0, n} {
			rng := rand.New(rand.NewPCG(3, 4))
			var l ledger
			l.reserve(reserved)
			for range n {
				fill(&l, requestHash{rng.Uint64(), uint16(rng.Uint32())})
			}
			size := 0
			for _, s := range l.tables {
				size += len(s.memory)
			}
			if each := float64(size) / n; each > 24 {
				t.Errorf("%s, %d reserved: %.1f bytes each", name, reserved, each)
			} else {
				t.Logf("%s, %d reserved: %.1f bytes each", name, reserved, each)
			}
			l.free()
		}
	}
}

func BenchmarkLedger(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	var l ledger
	defer l.free()
	for b.Loop() {
		l.markDone(requestHash{rng.Uint64(), uint16(rng.Uint32())}, 0)
	}
}
