package journal

import (
	"errors"
	"io"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// Sink is a fetch.Sink of successes that writes lines of JSON to an Output and commits them.
type Sink struct {
	lines   *output.JSONL
	out     io.Writer // lines writes to it, and it to output
	output  *Output
	pending []entry // of Records that were put and are not committed
	bodies  int     // bytes of the bodies for the next pages of those
	failed  error   // the first error; nothing is committed after it, since the output may end within a line
}

// NewSink returns a Sink whose lines go to w, which is to or a compressor around it that buffers nothing between
// Writes.
func NewSink(to *Output, w io.Writer, layout encode.Layout) *Sink {
	return &Sink{lines: output.NewJSONL(w, layout), out: w, output: to}
}

// Encode renders the line of a Record.
func (s *Sink) Encode(r *fetch.Record) { s.lines.Encode(r) }

// Put writes the line and commits it, at once or with those that follow.
func (s *Sink) Put(r *fetch.Record) error {
	if s.failed != nil {
		r.Discard()
		return s.failed
	}
	s.pending = append(s.pending, s.output.newEntry(r))
	if r.Next != nil {
		s.bodies += len(r.Next.Body)
	}
	err := s.lines.Put(r)
	if err == nil && s.bodies > maxBodies {
		err = s.lines.Flush(false)
	}
	return s.commitWritten(err)
}

// maxBodies is from how many bytes of bodies for next pages on they are committed at once, as a frame has a bound.
const maxBodies = 1 << 20

// PutWithoutLine commits, with what is written next or at the next Flush, a Record without a line.
func (s *Sink) PutWithoutLine(r *fetch.Record) error {
	if s.failed == nil {
		s.pending = append(s.pending, s.output.newEntry(r))
	}
	return s.failed
}

// Flush writes and commits what is buffered. With last it makes an output without lines a valid file of its form.
func (s *Sink) Flush(last bool) error {
	if s.failed != nil {
		return s.failed
	}
	if err := s.commitWritten(s.lines.Flush(last)); err != nil || !last {
		return err
	}
	s.failed = errors.Join(s.output.writeEmpty(s.out), s.output.commitRest())
	return s.failed
}

// commitWritten commits the pending entries after a write that returned err, unless it failed or lines are still
// buffered.
func (s *Sink) commitWritten(err error) error {
	s.failed = err
	if s.failed == nil && len(s.pending) > 0 && s.lines.Buffered() == 0 {
		s.failed = s.output.commit(s.pending)
		s.pending, s.bodies = s.pending[:0], 0
	}
	return s.failed
}
