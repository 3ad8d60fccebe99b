package encode

import (
	"log/slog"
	"strconv"
)

// AppendLog appends a log record as one line of JSON: time, level and message, then attrs, then the record's own
// attributes.
func AppendLog(dst []byte, r *slog.Record, attrs []slog.Attr) []byte {
	start := len(dst)
	dst = appendTime(append(dst, `{"type":"log","time":`...), r.Time)
	dst = appendOptional(dst, "level", r.Level.String())
	dst = appendOptional(dst, "message", r.Message)
	for _, a := range attrs {
		dst = appendAttr(dst, a)
	}
	r.Attrs(func(a slog.Attr) bool {
		dst = appendAttr(dst, a)
		return true
	})
	return escapeCommands(append(dst, '}', '\n'), start)
}

// appendAttr appends an attribute as a member: integers, floats and booleans as such, anything else as a string.
func appendAttr(dst []byte, a slog.Attr) []byte {
	dst = appendName(dst, a.Key)
	switch value := a.Value.Resolve(); value.Kind() {
	case slog.KindInt64:
		return strconv.AppendInt(dst, value.Int64(), 10)
	case slog.KindFloat64:
		return strconv.AppendFloat(dst, value.Float64(), 'f', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(dst, value.Bool())
	default:
		return appendString(dst, value.String())
	}
}
