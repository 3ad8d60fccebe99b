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
		return &textHandler{out: out, level: level}
	}
	return &jsonHandler{out: out, level: level}
}

// textHandler writes a log record as a line of text.
type textHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

func (h *textHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	line := fmt.Appendf(nil, "%s %s", r.Time.Format("15:04:05.000"), encode.Printable(r.Message))
	eachAttr(&r, h.attrs, func(a slog.Attr) {
		line = fmt.Appendf(line, " %s=%s", a.Key, encode.Printable(a.Value.String()))
	})
	_, err := h.out.Write(append(line, '\n'))
	return err
}

func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &textHandler{h.out, h.level, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *textHandler) WithGroup(string) slog.Handler { return h }

// jsonHandler writes a log record as a line of JSON.
type jsonHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

func (h *jsonHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *jsonHandler) Handle(_ context.Context, r slog.Record) error {
	_, err := h.out.Write(encode.AppendLog(nil, &r, h.attrs))
	return err
}

func (h *jsonHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &jsonHandler{h.out, h.level, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *jsonHandler) WithGroup(string) slog.Handler { return h }

func eachAttr(r *slog.Record, attrs []slog.Attr, do func(slog.Attr)) {
	for _, a := range attrs {
		do(a)
	}
	r.Attrs(func(a slog.Attr) bool {
		do(a)
		return true
	})
}
