package fetch

import (
	"io"
	"sync"
)

// copyBuffers are the buffers for copying a body from the network to a file, or a partial body to its hash.
var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copyAtMost copies at most most bytes, through one of copyBuffers.
func copyAtMost(into io.Writer, r io.Reader, most int64) error {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	_, err := io.CopyBuffer(onlyWriter{into}, io.LimitReader(r, most), buffer[:])
	return err
}

// onlyWriter hides every method but Write: with ReadFrom, io.CopyBuffer would not use the buffer.
type onlyWriter struct{ io.Writer }
