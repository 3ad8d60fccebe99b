package fetch

import (
	"strings"
	"testing"
)

// TestGrowingBuffers checks that a buffer keeps its bytes as it grows, and that each piece of memory is returned to its
// own pool.
func TestGrowingBuffers(t *testing.T) {
	for _, size := range []int{0, 1, 4 << 10, 256 << 10, 256<<10 + 1, 1 << 20, len(block{}), len(block{}) + 1, 5 << 20} {
		text := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		b := newBuffer()
		more, err := b.readFrom(strings.NewReader(text), int64(size))
		if more || err != nil || string(b.bytes) != text {
			t.Errorf("%d bytes of %d, more: %t, %v", len(b.bytes), size, more, err)
		}
		if inBlock := size >= 256<<10 && size < len(block{}); (b.block != nil) != inBlock {
			t.Errorf("%d bytes in a block: %t", size, b.block != nil)
		}
		b.release()
		if more, err := newBuffer().readFrom(strings.NewReader(text+"x"), int64(size)); !more || err != nil {
			t.Errorf("more than %d: %t, %v", size, more, err)
		}
	}
}
