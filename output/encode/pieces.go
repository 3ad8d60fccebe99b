package encode

import (
	"sync"
	"unicode/utf8"
)

// pieceBuffers are the buffers for a piece of a body, as read and as written.
type pieceBuffers struct {
	in   [32 << 10]byte
	line []byte
}

var pieceBufferPool = sync.Pool{New: func() any { return new(pieceBuffers) }}

// lenWholeCharacters returns the length of p without the start of a character that continues after p.
func lenWholeCharacters(p []byte) int {
	for i := len(p) - 1; i >= 0 && i > len(p)-utf8.UTFMax; i-- {
		if utf8.RuneStart(p[i]) {
			if utf8.FullRune(p[i:]) {
				break
			}
			return i
		}
	}
	return len(p)
}
