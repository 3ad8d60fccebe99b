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
}

// NewCommit returns a Commit whose lines go through out, which leads to the Resumed and holds nothing back.
func NewCommit(to *Resumed, out io.Writer, mode BodyMode) *Commit {
	return &Commit{JSONL: NewJSONL(out, mode), to: to}
}

// Put writes the line, or keeps it until there is more to write at once.
func (c *Commit) Put(r *fetch.Record) error {
	c.pending = append(c.pending, c.to.entryOf(r))
	if err := c.JSONL.Put(r); err != nil {
		return err
	}
	return c.commit()
}

// Flush writes and commits what is kept.
func (c *Commit) Flush(last bool) error {
	if err := c.JSONL.Flush(last); err != nil {
		return err
	}
	return c.commit()
}

// commit commits unless a part of the lines is still to be written.
func (c *Commit) commit() error {
	if len(c.pending) == 0 || c.JSONL.Buffered() > 0 {
		return nil
	}
	written := c.pending
	c.pending = c.pending[:0]
	return c.to.commit(written)
}
