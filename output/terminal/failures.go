package terminal

import (
	"fmt"
	"io"
	"strings"
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
	incomplete  bool // some were skipped
}

// maxPerSecond bounds the lines shown in a second; the others are counted.
const maxPerSecond = 20

// NewFailures returns a Failures that writes to out. whereAll says how to get the failures that are not shown.
func NewFailures(out io.Writer, whereAll string) *Failures {
	return &Failures{out: out, whereAll: whereAll}
}

// Encode sets the Record's line, which is empty where it was only canceled, and releases what it has no need of
// any more.
func (*Failures) Encode(r *fetch.Record) {
	r.Line = failureLine(r)
	r.ReleaseRendered()
}

func failureLine(r *fetch.Record) []byte {
	if r.Failure.Kind == failure.Canceled {
		return nil
	}
	tries := ""
	if r.Attempts > 1 {
		tries = fmt.Sprintf(" (%d attempts)", r.Attempts)
	}
	where := encode.DisplayLine(r)
	if where != "" {
		where += ": "
	}
	kind := string(r.Failure.Kind) + ": "
	message, _ := strings.CutPrefix(r.Failure.Error(), kind) // tls: has it by itself
	return fmt.Appendf(nil, "failed: %s%s: %s%s%s\n", encode.Printable(where), encode.Printable(encode.DisplayURL(r)),
		kind, encode.Printable(message), tries)
}

// Put writes the line, or counts it where the second has had maxPerSecond.
func (f *Failures) Put(r *fetch.Record) error { return f.putLine(r.Line) }

func (f *Failures) putLine(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	if now := time.Now(); now.Sub(f.windowStart) >= time.Second {
		if err := f.reportSkipped(); err != nil {
			return err
		}
		f.windowStart, f.shown = now, 0
	}
	if f.shown >= maxPerSecond {
		f.skipped++
		f.incomplete = true
		return nil
	}
	f.shown++
	_, err := f.out.Write(line)
	return err
}

// ShownAll reports whether every failure has had its line. It may be called once the run has ended.
func (f *Failures) ShownAll() bool { return !f.incomplete }

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
