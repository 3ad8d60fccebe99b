package h2

import (
	"io"
	"sync"
)

// A chunk is a part of a body that has come. Whoever has taken it off its list owns it.
type chunk struct {
	next        *chunk
	read, wrote int // the data is bytes[read:wrote]
	bytes       [chunkBytes]byte
}

// chunkBytes is the size of a chunk: of a DATA frame as most servers send them.
const chunkBytes = 16 << 10

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// newChunk returns an empty chunk.
func newChunk() *chunk {
	c := chunks.Get().(*chunk)
	c.next, c.read, c.wrote = nil, 0, 0
	return c
}

// A chunkList is a list of chunks, the oldest first.
type chunkList struct{ first, last *chunk }

// add adds a chunk.
func (l *chunkList) add(c *chunk) {
	if l.last == nil {
		l.first = c
	} else {
		l.last.next = c
	}
	l.last = c
}

// append copies p, in the last chunk where it has room for all.
func (l *chunkList) append(p []byte) {
	for len(p) > 0 {
		if l.last == nil || min(len(p), chunkBytes) > chunkBytes-l.last.wrote {
			l.add(newChunk())
		}
		n := copy(l.last.bytes[l.last.wrote:], p)
		l.last.wrote += n
		p = p[n:]
	}
}

// join adds what another list has, which has none then. Small chunks are copied: a server that sends little at a time
// takes no more memory than its window allows by much.
func (l *chunkList) join(other *chunkList) {
	for c := other.take(); c != nil; {
		next := c.next
		if c.next = nil; c.wrote > chunkBytes/4 {
			l.add(c)
		} else {
			l.append(c.bytes[:c.wrote])
			release(c)
		}
		c = next
	}
}

// readFrom reads n bytes.
func (l *chunkList) readFrom(in io.Reader, n int) error {
	for n > 0 {
		c := newChunk()
		l.add(c)
		c.wrote = min(n, chunkBytes)
		if _, err := io.ReadFull(in, c.bytes[:c.wrote]); err != nil {
			return err
		}
		n -= c.wrote
	}
	return nil
}

// take takes the chunks out of the list.
func (l *chunkList) take() *chunk {
	c := l.first
	*l = chunkList{}
	return c
}

// release gives a chunk, and all behind it, back.
func release(c *chunk) {
	for c != nil {
		next := c.next
		c.next = nil
		chunks.Put(c)
		c = next
	}
}
