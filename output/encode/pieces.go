package encode

import (
	"sync"
	"unicode/utf8"
)

// pieceBuffers hold the pieces of one body, before and after.
type pieceBuffers struct {
	in   [32 << 10]byte
	line []byte
}

var pieceBufferPool = sync.Pool{New: func() any { return new(pieceBuffers) }}

// wholeCharacters returns how much of p is not the start of a character that goes on behind it.
func wholeCharacters(p []byte) int {
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
