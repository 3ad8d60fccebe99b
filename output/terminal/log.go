package terminal

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"batchfetch/output/encode"
)

// NewLogHandler returns a slog.Handler that writes lines of text for a human, or lines of JSON, {"type":"log",…}.
func NewLogHandler(out io.Writer, level slog.Level, human bool) slog.Handler {
	if human {
		return &lineHandler{out: out, level: level, render: textLine}
	}
	return &lineHandler{out: out, level: level, render: jsonLine}
}

// lineHandler writes each log record as a line.
type lineHandler struct {
	out    io.Writer
	level  slog.Level
	attrs  []slog.Attr
	render func(*slog.Record, []slog.Attr) []byte // returns the line of a record, with these attributes beside its own
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	_, err := h.out.Write(h.render(&r, h.attrs))
	return err
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	own := *h
	own.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return &own
}

func (h *lineHandler) WithGroup(string) slog.Handler { return h }

// textLine renders a record as text.
func textLine(r *slog.Record, attrs []slog.Attr) []byte {
	line := fmt.Appendf(nil, "%s %s", r.Time.Format("15:04:05.000"), encode.Printable(r.Message))
	eachAttr(r, attrs, func(a slog.Attr) {
		line = fmt.Appendf(line, " %s=%s", a.Key, encode.Printable(a.Value.String()))
	})
	return append(line, '\n')
}

// jsonLine renders a record as JSON.
func jsonLine(r *slog.Record, attrs []slog.Attr) []byte { return encode.AppendLog(nil, r, attrs) }

func eachAttr(r *slog.Record, attrs []slog.Attr, do func(slog.Attr)) {
	for _, a := range attrs {
		do(a)
	}
	r.Attrs(func(a slog.Attr) bool {
		do(a)
		return true
	})
}
