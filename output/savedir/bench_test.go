package savedir

import (
	"testing"

	"batchfetch/fetch"
)

// BenchmarkNoPart measures Partial where there is no part: an lstat(2) where the directory may hold some, and nothing
// where it may not.
func BenchmarkNoPart(b *testing.B) {
	bodies, err := Open(b.TempDir(), NameTemplate{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = bodies.Close() }() // only read
	for _, mayHoldParts := range []bool{false, true} {
		b.Run(map[bool]string{false: "in an empty directory", true: "among files"}[mayHoldParts], func(b *testing.B) {
			bodies.mayHoldParts.Store(mayHoldParts)
			r := &fetch.Request{URL: "https://api.example.com/item/1?page=2"}
			b.ReportAllocs()
			for b.Loop() {
				if bodies.Partial(r) != nil {
					b.Fatal("there is one")
				}
			}
		})
	}
}
