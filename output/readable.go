package output

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"batchfetch/fetch"
)

// Readable is a Sink of failures for a person at a terminal: a line each, at most readablePerSecond of them.
type Readable struct {
	out     io.Writer
	kept    string // where all of them are
	since   time.Time
	shown   int
	skipped int
}

// readablePerSecond is how many failures a person is shown in a second; the rest is counted.
const readablePerSecond = 20

// NewReadable returns a Readable that writes to out; kept says where a person finds the failures that are not shown.
func NewReadable(out io.Writer, kept string) *Readable { return &Readable{out: out, kept: kept} }

// Encode renders the Record as a line.
func (*Readable) Encode(r *fetch.Record) {
	r.Line = readableLine(r)
	r.ReleaseBody()
}

func readableLine(r *fetch.Record) []byte {
	tries := ""
	if r.Attempts > 1 {
		tries = fmt.Sprintf(" (%d attempts)", r.Attempts)
	}
	where := ""
	if r.Failure.Kind == fetch.InvalidRequest && r.Request.Line > 0 {
		where = fmt.Sprintf("%s:%d: ", Printable(r.Request.File), r.Request.Line)
	}
	return fmt.Appendf(nil, "failed: %s%s: %s: %s%s\n", where, Printable(shownURL(r)), r.Failure.Kind, Printable(r.Failure.Error()), tries)
}

// Put shows the line, or counts it where there are too many to read.
func (o *Readable) Put(r *fetch.Record) error { return o.put(r.Line) }

func (o *Readable) put(line []byte) error {
	if now := time.Now(); now.Sub(o.since) >= time.Second {
		if err := o.more(); err != nil {
			return err
		}
		o.since, o.shown = now, 0
	}
	if o.shown >= readablePerSecond {
		o.skipped++
		return nil
	}
	o.shown++
	_, err := o.out.Write(line)
	return err
}

func (o *Readable) more() error {
	if o.skipped == 0 {
		return nil
	}
	_, err := fmt.Fprintf(o.out, "failed: … and %d more (%s)\n", o.skipped, o.kept)
	o.skipped = 0
	return err
}

// Flush tells at the end how many were not shown.
func (o *Readable) Flush(last bool) error {
	if last {
		return o.more()
	}
	return nil
}

// Tee is a Sink that also shows each Record to a person.
type Tee struct {
	fetch.Sink
	Also *Readable
}

// Put passes the Record on and shows it.
func (t Tee) Put(r *fetch.Record) error {
	line := readableLine(r)
	if err := t.Sink.Put(r); err != nil {
		return err
	}
	return t.Also.put(line)
}

// Flush flushes both.
func (t Tee) Flush(last bool) error {
	if err := t.Sink.Flush(last); err != nil {
		return err
	}
	return t.Also.Flush(last)
}

// NewLogHandler returns where log lines go: words for a person, {"type":"log",…} lines for a program.
func NewLogHandler(out io.Writer, level slog.Level, human bool) slog.Handler {
	if human {
		return &wordHandler{out: out, level: level}
	}
	return &lineHandler{out: out, level: level}
}

// A wordHandler writes a log record as a line of words.
type wordHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

func (h *wordHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *wordHandler) Handle(_ context.Context, r slog.Record) error {
	line := fmt.Appendf(nil, "%s %s", r.Time.Format("15:04:05.000"), Printable(r.Message))
	each(h.attrs, r, func(a slog.Attr) {
		line = fmt.Appendf(line, " %s=%s", a.Key, Printable(a.Value.String()))
	})
	_, err := h.out.Write(append(line, '\n'))
	return err
}

func (h *wordHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &wordHandler{h.out, h.level, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *wordHandler) WithGroup(string) slog.Handler { return h }

// A lineHandler writes a log record as a JSON line that starts as every line of ours does: with its type.
type lineHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	line := appendTime([]byte(`{"type":"log","time":`), r.Time)
	line = appendOptional(line, "level", r.Level.String())
	line = appendOptional(line, "message", r.Message)
	each(h.attrs, r, func(a slog.Attr) {
		line = appendName(line, a.Key)
		switch value := a.Value.Resolve(); value.Kind() {
		case slog.KindInt64:
			line = strconv.AppendInt(line, value.Int64(), 10)
		case slog.KindFloat64:
			line = strconv.AppendFloat(line, value.Float64(), 'f', -1, 64)
		case slog.KindBool:
			line = strconv.AppendBool(line, value.Bool())
		default:
			line = appendString(line, value.String())
		}
	})
	_, err := h.out.Write(append(line, '}', '\n'))
	return err
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{h.out, h.level, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *lineHandler) WithGroup(string) slog.Handler { return h }

func each(attrs []slog.Attr, r slog.Record, do func(slog.Attr)) {
	for _, a := range attrs {
		do(a)
	}
	r.Attrs(func(a slog.Attr) bool {
		do(a)
		return true
	})
}
