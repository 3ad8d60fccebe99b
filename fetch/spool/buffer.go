package spool

import (
	"bytes"
	"io"
	"sync"
)

// A Buffer holds bytes in memory up to a bound, and all of them in a File of a Space beyond it, which is never refused
// room. One goroutine uses it at a time. Its owner calls Close, after which it is empty.
type Buffer struct {
	space  *Space // nil is no bound
	most   int    // bytes in memory
	memory *[]byte
	file   *File // nil: all is in memory
}

// keptMemory is the most memory in bytes of a closed Buffer that is kept for others.
const keptMemory = 256 << 10

// memories are *[]byte of closed Buffers.
var memories = sync.Pool{New: func() any { return new([]byte) }}

// NewBuffer returns an empty Buffer that holds up to most bytes in memory.
func NewBuffer(space *Space, most int) *Buffer {
	memory := memories.Get().(*[]byte)
	*memory = (*memory)[:0]
	return &Buffer{space: space, most: most, memory: memory}
}

// Write appends p. The error is that of a File.
func (b *Buffer) Write(p []byte) (int, error) {
	if b.file == nil && len(*b.memory)+len(p) <= b.most {
		*b.memory = append(*b.memory, p...)
		return len(p), nil
	}
	if b.file == nil {
		file, err := b.space.NewLines()
		if err != nil {
			return 0, err
		}
		b.file = file
		if _, err := file.Write(*b.memory); err != nil {
			return 0, err
		}
		b.freeMemory()
	}
	return b.file.Write(p)
}

// Size returns the number of bytes.
func (b *Buffer) Size() int64 {
	switch {
	case b.file != nil:
		return b.file.Size()
	case b.memory != nil:
		return int64(len(*b.memory))
	}
	return 0
}

// Bytes returns all bytes, which are valid until the next Write or Close; nil where they are not in memory.
func (b *Buffer) Bytes() []byte {
	if b.memory == nil {
		return nil
	}
	return *b.memory
}

// Reader returns a reader of all bytes, which can be used until the next Write or Close.
func (b *Buffer) Reader() io.Reader {
	switch {
	case b.file != nil:
		return b.file.Reader()
	case b.memory != nil:
		return bytes.NewReader(*b.memory)
	}
	return bytes.NewReader(nil)
}

// WriteTo writes all bytes to w: in one Write, where they are in memory.
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	switch {
	case b.file != nil:
		return b.file.WriteTo(w)
	case b.memory != nil:
		n, err := w.Write(*b.memory)
		return int64(n), err
	}
	return 0, nil
}

// Close frees the memory, or the File.
func (b *Buffer) Close() error {
	b.freeMemory()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file = nil
	return err
}

func (b *Buffer) freeMemory() {
	if b.memory != nil && cap(*b.memory) <= keptMemory {
		memories.Put(b.memory)
	}
	b.memory = nil
}
