package merge

import (
	"bufio"
	"cmp"
	"container/heap"
	"errors"
	"io"
)

// bufferMemory is how many bytes the read buffers of all runs take together, as long as each has minBuffer.
const (
	bufferMemory = 32 << 20
	minBuffer    = 4 << 10
)

// A cursor reads a run line by line.
type cursor struct {
	order  int // of the run among all: equal keys come in the order of the input
	in     *bufio.Reader
	key    key   // of the present line
	length int64 // of its text, which in has next
	long   bool  // the run is one long line
	head   [headSize]byte
}

// next reads the head of the next line; io.EOF is the end of the run.
func (c *cursor) next() error {
	if c.long {
		return io.EOF
	}
	if _, err := io.ReadFull(c.in, c.head[:]); err != nil {
		return err
	}
	c.key, c.length = getHead(&c.head)
	return nil
}

// cursors is a heap (container/heap) with the smallest key on top.
type cursors []*cursor

func (h cursors) Len() int { return len(h) }
func (h cursors) Less(i, j int) bool {
	return cmp.Or(h[i].key.compare(h[j].key), cmp.Compare(h[i].order, h[j].order)) < 0
}
func (h cursors) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *cursors) Push(c any)   { *h = append(*h, c.(*cursor)) } //nolint:forcetypeassert // it holds nothing else
func (h *cursors) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// openRuns returns a cursor at the first line of each run.
func (s *sorter) openRuns() (cursors, error) {
	buffer := max(minBuffer, bufferMemory/max(len(s.runs), 1))
	var all cursors
	for i, r := range s.runs {
		in := s.file.Section(r.offset, r.size).Reader()
		c := &cursor{order: i, in: bufio.NewReaderSize(in, buffer), long: r.long != nil}
		if c.long {
			c.key, c.length = *r.long, r.size
		} else if err := c.next(); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(s.lines) > 0 { // the last chunk stays in memory
		s.sortLines()
		all = append(all, s.openLines(len(all)))
	}
	heap.Init(&all)
	return all, nil
}

// openLines returns a cursor at the first line of the present chunk.
func (s *sorter) openLines(order int) *cursor {
	c := &cursor{order: order, in: bufio.NewReaderSize(&chunkReader{lines: s.lines, text: s.text}, 64<<10)}
	_ = c.next() // from memory
	return c
}

// A chunkReader reads lines in memory as a run has them: each with a head.
type chunkReader struct {
	lines []line // that are left
	text  []byte
	head  [headSize]byte
	left  []byte // of the head, and then of the text of the line before lines
	body  []byte // the text of that line, while left is its head
}

// Read is io.Reader's.
func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		switch {
		case r.body != nil:
			r.left, r.body = r.body, nil
		case len(r.lines) == 0:
			return 0, io.EOF
		default:
			l := r.lines[0]
			r.lines = r.lines[1:]
			putHead(&r.head, l.key, int64(l.end-l.start))
			r.left, r.body = r.head[:], r.text[l.start:l.end]
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// writeTo writes the lines of all runs in order, each place once, and counts what is missing or there twice.
func (h cursors) writeTo(out io.Writer, report *Report) error {
	buffered := bufio.NewWriterSize(out, 256<<10)
	for len(h) > 0 {
		c := h[0]
		to := io.Writer(buffered)
		if !report.place(c.key) {
			to = io.Discard
		}
		if n, err := io.CopyN(to, c.in, c.length); err != nil {
			if n < c.length && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		switch err := c.next(); {
		case err == io.EOF:
			heap.Pop(&h)
		case err != nil:
			return err
		default:
			heap.Fix(&h, 0)
		}
	}
	return buffered.Flush()
}
