package output

import (
	"io"

	"batchfetch/fetch"
)

// A Commit is a Sink of successes that commits to a Resumed what its JSONL has written.
type Commit struct {
	*JSONL
	to      *Resumed
	pending []entry // Records that were put and are not committed
	failed  error   // once set, nothing is committed: a torn line may stand in the output
}

// NewCommit returns a Commit whose lines go through out, which leads to the Resumed and holds nothing back.
func NewCommit(to *Resumed, out io.Writer, mode BodyMode) *Commit {
	return &Commit{JSONL: NewJSONL(out, mode), to: to}
}

// Put writes the line, or keeps it until there is more to write at once.
func (c *Commit) Put(r *fetch.Record) error {
	if c.failed != nil {
		r.Discard()
		return c.failed
	}
	c.pending = append(c.pending, c.to.entryOf(r))
	return c.commit(c.JSONL.Put(r))
}

// PutQuietly commits, with what is written next or at the next Flush, a Record without a line.
func (c *Commit) PutQuietly(r *fetch.Record) error {
	if c.failed == nil {
		c.pending = append(c.pending, c.to.entryOf(r))
	}
	return c.failed
}

// Flush writes and commits what is kept. At the end an output without a line becomes what its form says of no lines.
func (c *Commit) Flush(last bool) error {
	if c.failed != nil {
		return c.failed
	}
	if err := c.commit(c.JSONL.Flush(last)); err != nil || !last {
		return err
	}
	c.failed = c.to.complete(c.out)
	return c.failed
}

// commit commits what a write has brought into the output, unless it failed, or a part of the lines is still to be written.
func (c *Commit) commit(written error) error {
	c.failed = written
	if c.failed == nil && len(c.pending) > 0 && c.JSONL.Buffered() == 0 {
		c.failed = c.to.commit(c.pending)
		c.pending = c.pending[:0]
	}
	return c.failed
}
