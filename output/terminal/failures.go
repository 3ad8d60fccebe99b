package terminal

import (
	"fmt"
	"io"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/encode"
)

// Failures is a Sink of failures for a person at a terminal: a line each, at most readablePerSecond of them.
type Failures struct {
	out         io.Writer
	whereAll    string // where all of them are
	windowStart time.Time
	shown       int
	skipped     int
}

// maxPerSecond is how many failures a person is shown in a second; the rest is counted.
const maxPerSecond = 20

// NewFailures returns a Readable that writes to out; kept says where a person finds the failures that are not shown.
func NewFailures(out io.Writer, kept string) *Failures { return &Failures{out: out, whereAll: kept} }

// Encode renders the Record as a line.
func (*Failures) Encode(r *fetch.Record) {
	r.Line = failureLine(r)
	r.ReleaseBody()
}

func failureLine(r *fetch.Record) []byte {
	tries := ""
	if r.Attempts > 1 {
		tries = fmt.Sprintf(" (%d attempts)", r.Attempts)
	}
	where := ""
	if r.Failure.Kind == fetch.InvalidRequest && r.Request.Line > 0 {
		where = fmt.Sprintf("%s:%d: ", encode.Printable(r.Request.File), r.Request.Line)
	}
	return fmt.Appendf(nil, "failed: %s%s: %s: %s%s\n", where, encode.Printable(encode.DisplayURL(r)), r.Failure.Kind, encode.Printable(r.Failure.Error()), tries)
}

// Put shows the line, or counts it where there are too many to read.
func (o *Failures) Put(r *fetch.Record) error { return o.putLine(r.Line) }

func (o *Failures) putLine(line []byte) error {
	if now := time.Now(); now.Sub(o.windowStart) >= time.Second {
		if err := o.reportSkipped(); err != nil {
			return err
		}
		o.windowStart, o.shown = now, 0
	}
	if o.shown >= maxPerSecond {
		o.skipped++
		return nil
	}
	o.shown++
	_, err := o.out.Write(line)
	return err
}

func (o *Failures) reportSkipped() error {
	if o.skipped == 0 {
		return nil
	}
	_, err := fmt.Fprintf(o.out, "failed: … and %d more (%s)\n", o.skipped, o.whereAll)
	o.skipped = 0
	return err
}

// Flush tells at the end how many were not shown.
func (o *Failures) Flush(last bool) error {
	if last {
		return o.reportSkipped()
	}
	return nil
}

// Tee is a Sink that also shows each Record to a person.
type Tee struct {
	fetch.Sink
	Also *Failures
}

// Put passes the Record on and shows it.
func (t Tee) Put(r *fetch.Record) error {
	line := failureLine(r)
	if err := t.Sink.Put(r); err != nil {
		return err
	}
	return t.Also.putLine(line)
}

// Flush flushes both.
func (t Tee) Flush(last bool) error {
	if err := t.Sink.Flush(last); err != nil {
		return err
	}
	return t.Also.Flush(last)
}
