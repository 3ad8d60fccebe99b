package terminal

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"batchfetch/output/encode"
)

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
	line := fmt.Appendf(nil, "%s %s", r.Time.Format("15:04:05.000"), encode.Printable(r.Message))
	eachAttr(&r, h.attrs, func(a slog.Attr) {
		line = fmt.Appendf(line, " %s=%s", a.Key, encode.Printable(a.Value.String()))
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
	_, err := h.out.Write(encode.AppendLog(nil, &r, h.attrs))
	return err
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{h.out, h.level, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *lineHandler) WithGroup(string) slog.Handler { return h }

func eachAttr(r *slog.Record, attrs []slog.Attr, do func(slog.Attr)) {
	for _, a := range attrs {
		do(a)
	}
	r.Attrs(func(a slog.Attr) bool {
		do(a)
		return true
	})
}
