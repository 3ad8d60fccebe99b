package journal

import (
	"io"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// A Sink is a Sink of successes that commits to a Resumed what its JSONL has written.
type Sink struct {
	*output.JSONL
	out     io.Writer // what the JSONL writes to
	output  *Output
	pending []entry // Records that were put and are not committed
	failed  error   // once set, nothing is committed: a torn line may stand in the output
}

// NewSink returns a Commit whose lines go through out, which leads to the Resumed and holds nothing back.
func NewSink(to *Output, out io.Writer, mode encode.BodyMode) *Sink {
	return &Sink{JSONL: output.NewJSONL(out, mode), out: out, output: to}
}

// Put writes the line, or keeps it until there is more to write at once.
func (c *Sink) Put(r *fetch.Record) error {
	if c.failed != nil {
		r.Discard()
		return c.failed
	}
	c.pending = append(c.pending, c.output.newEntry(r))
	return c.commitWritten(c.JSONL.Put(r))
}

// PutQuietly commits, with what is written next or at the next Flush, a Record without a line.
func (c *Sink) PutQuietly(r *fetch.Record) error {
	if c.failed == nil {
		c.pending = append(c.pending, c.output.newEntry(r))
	}
	return c.failed
}

// Flush writes and commits what is kept. At the end an output without a line becomes what its form says of no lines.
func (c *Sink) Flush(last bool) error {
	if c.failed != nil {
		return c.failed
	}
	if err := c.commitWritten(c.JSONL.Flush(last)); err != nil || !last {
		return err
	}
	c.failed = c.output.writeEmpty(c.out)
	return c.failed
}

// commitWritten commits what a write has brought into the output, unless it failed, or a part of the lines is still to be written.
func (c *Sink) commitWritten(written error) error {
	c.failed = written
	if c.failed == nil && len(c.pending) > 0 && c.JSONL.Buffered() == 0 {
		c.failed = c.output.commit(c.pending)
		c.pending = c.pending[:0]
	}
	return c.failed
}
