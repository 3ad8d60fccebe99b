package journal

import (
	"math/rand/v2"
	"testing"
)

// TestLedger holds the ledger against a plain map: what is asked once, a few times, and more often than a slot can tell.
func TestLedger(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var l ledger
	defer l.close()
	names := make([]asked, 3000)
	for i := range names {
		names[i] = asked{rng.Uint64(), uint16(rng.Uint32())}
	}
	names[1].high = names[0].high // only the rest differs
	type asking struct {
		asked
		nth uint32
	}
	done := make(map[asking]bool)
	for range 5000 {
		a := asking{names[rng.IntN(len(names))], rng.Uint32N(40)}
		done[a] = true
		l.add(a.asked, a.nth)
	}
	seen := make(map[asked]uint32)
	for range 100_000 {
		name := names[rng.IntN(len(names))]
		nth, isDone := l.see(name)
		if want := seen[name]; nth != want || isDone != done[asking{name, want}] {
			t.Fatalf("asking %d of %x: told %d, done %v", want, name, nth, isDone)
		}
		seen[name]++
	}
}

// TestLedgerOften: one line a hundred thousand times is numbered without a gap.
func TestLedgerOften(t *testing.T) {
	var l ledger
	defer l.close()
	a := asked{7 << 40, 9}
	l.add(a, 70_000)
	l.add(a, 3)
	for want := range uint32(100_000) {
		nth, done := l.see(a)
		if nth != want || done != (want == 3 || want == 70_000) {
			t.Fatalf("asking %d: told %d, done %v", want, nth, done)
		}
	}
}

// TestLedgerSize: at most 24 bytes for each request, however it came in.
func TestLedgerSize(t *testing.T) {
	const n = 1_000_000
	for name, fill := range map[string]func(*ledger, asked){
		"finished":        func(l *ledger, a asked) { l.add(a, 0) },
		"read":            func(l *ledger, a asked) { l.see(a) },
		"loaded and read": func(l *ledger, a asked) { l.add(a, 0); l.see(a) },
	} {
		for _, reserved := range []int64{0, n} {
			rng := rand.New(rand.NewPCG(3, 4))
			var l ledger
			l.reserve(reserved)
			for range n {
				fill(&l, asked{rng.Uint64(), uint16(rng.Uint32())})
			}
			size := 0
			for _, s := range l.shelves {
				size += len(s.memory)
			}
			if each := float64(size) / n; each > 24 {
				t.Errorf("%s, %d reserved: %.1f bytes each", name, reserved, each)
			} else {
				t.Logf("%s, %d reserved: %.1f bytes each", name, reserved, each)
			}
			l.close()
		}
	}
}

func BenchmarkLedger(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	var l ledger
	defer l.close()
	for b.Loop() {
		l.add(asked{rng.Uint64(), uint16(rng.Uint32())}, 0)
	}
}
