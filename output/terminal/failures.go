package terminal

import (
	"fmt"
	"io"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode"
)

// Failures is a fetch.Sink of failures for a terminal: a line each, at most maxPerSecond lines a second.
type Failures struct {
	out         io.Writer
	whereAll    string // how to get all of them, for the count of those not shown
	windowStart time.Time
	shown       int
	skipped     int
}

// maxPerSecond bounds the lines shown in a second; the others are counted.
const maxPerSecond = 20

// NewFailures returns a Failures that writes to out. whereAll says how to get the failures that are not shown.
func NewFailures(out io.Writer, whereAll string) *Failures {
	return &Failures{out: out, whereAll: whereAll}
}

// Encode sets the Record's line and releases its body.
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
	if r.Failure.Kind == failure.InvalidRequest && r.Request.Line > 0 {
		where = fmt.Sprintf("%s:%d: ", encode.Printable(r.Request.File), r.Request.Line)
	}
	return fmt.Appendf(nil, "failed: %s%s: %s: %s%s\n", where, encode.Printable(encode.DisplayURL(r)), r.Failure.Kind,
		encode.Printable(r.Failure.Error()), tries)
}

// Put writes the line, or counts it where the second has had maxPerSecond.
func (f *Failures) Put(r *fetch.Record) error { return f.putLine(r.Line) }

func (f *Failures) putLine(line []byte) error {
	if now := time.Now(); now.Sub(f.windowStart) >= time.Second {
		if err := f.reportSkipped(); err != nil {
			return err
		}
		f.windowStart, f.shown = now, 0
	}
	if f.shown >= maxPerSecond {
		f.skipped++
		return nil
	}
	f.shown++
	_, err := f.out.Write(line)
	return err
}

func (f *Failures) reportSkipped() error {
	if f.skipped == 0 {
		return nil
	}
	_, err := fmt.Fprintf(f.out, "failed: … and %d more (%s)\n", f.skipped, f.whereAll)
	f.skipped = 0
	return err
}

// Flush writes, at the end, how many were not shown.
func (f *Failures) Flush(last bool) error {
	if last {
		return f.reportSkipped()
	}
	return nil
}

// Tee is a fetch.Sink that also shows each Record on a terminal.
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
