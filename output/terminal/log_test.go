package terminal

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// A log line in JSON satisfies the schema.
func TestLogLines(t *testing.T) {
	schema := encodetest.CompileSchema(t, encode.Schema())
	var out strings.Builder
	log := slog.New(NewLogHandler(&out, slog.LevelDebug, false)).With("run", 7)
	log.Debug("exchange", "url", "http://a/", "attempt", 2, "elapsed_ms", 1.5, "ok", true, "took", time.Second)
	log.With("host", "a").Warn("slow exchange")
	log.Error("odd "+encodetest.Nasty, "also", encodetest.Nasty)
	var lines []map[string]any
	for line := range strings.Lines(out.String()) {
		lines = append(lines, encodetest.Members(t, schema, []byte(line)))
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	first := lines[0]
	for name, want := range map[string]any{
		"type": "log", "level": "DEBUG", "message": "exchange", "url": "http://a/", "attempt": json.Number("2"),
		"elapsed_ms": json.Number("1.5"), "ok": true, "run": json.Number("7"),
	} {
		if first[name] != want {
			t.Errorf("%s is %v, want %v", name, first[name], want)
		}
	}
	if at, err := time.Parse(time.RFC3339, first["time"].(string)); err != nil || time.Since(at).Abs() > time.Hour {
		t.Errorf("time is %v, %v", first["time"], err)
	}
	if lines[1]["host"] != "a" || lines[1]["run"] != json.Number("7") || lines[1]["level"] != "WARN" {
		t.Errorf("the second line is %v", lines[1])
	}
	if lines[2]["message"] != "odd "+encodetest.Nasty || lines[2]["also"] != encodetest.Nasty {
		t.Errorf("the third line is %v", lines[2])
	}
}

// An error is logged as its text.
func TestLogOfAnError(t *testing.T) {
	var out strings.Builder
	slog.New(NewLogHandler(&out, slog.LevelInfo, false)).Info("exchange", "error", errors.New("no address"))
	if object := encodetest.Members(t, encodetest.CompileSchema(t, encode.Schema()),
		[]byte(out.String())); object["error"] != "no address" {
		t.Errorf("error is %v", object["error"])
	}
}

// A log line for a terminal is printable text.
func TestLogWords(t *testing.T) {
	var out strings.Builder
	log := slog.New(NewLogHandler(&out, slog.LevelInfo, true)).With("run", "x\x1b[2J")
	log.Info("slow \x1b]0;exchange\u202e", "url", "http://a/\n\x9b", "took", time.Second)
	encodetest.CheckPrintable(t, out.String())
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "took=1s") ||
		!strings.Contains(got, "run=x\ufffd[2J") {
		t.Errorf("got %q", got)
	}
}

// Levels below the handler's are not written, and not enabled.
func TestLogLevels(t *testing.T) {
	for _, human := range []bool{true, false} {
		var out strings.Builder
		handler := NewLogHandler(&out, slog.LevelWarn, human)
		log := slog.New(handler.WithGroup("none"))
		log.Info("not")
		log.Warn("but this")
		if got := out.String(); strings.Contains(got, "not") || strings.Count(got, "\n") != 1 ||
			!strings.Contains(got, "but this") {
			t.Errorf("human %t: %q", human, got)
		}
		if handler.Enabled(t.Context(), slog.LevelInfo) || !handler.Enabled(t.Context(), slog.LevelError) {
			t.Errorf("human %t: enabled for the wrong levels", human)
		}
	}
}

// Two loggers made of one have their own attributes.
func TestLogAttrsAreTheirOwn(t *testing.T) {
	for _, human := range []bool{true, false} {
		var out strings.Builder
		base := slog.New(NewLogHandler(&out, slog.LevelInfo, human)).With("a", 1).With("b", 2).With("c", 3)
		left, right := base.With("side", "left"), base.With("side", "right")
		left.Info("one")
		if got := out.String(); !strings.Contains(got, "left") || strings.Contains(got, "right") {
			t.Errorf("human %t: %q", human, got)
		}
		right.Info("two")
	}
}

func TestLogReturnsTheWritersError(t *testing.T) {
	for _, human := range []bool{true, false} {
		if err := NewLogHandler(encodetest.BrokenWriter{}, slog.LevelInfo, human).Handle(t.Context(),
			slog.Record{Message: "x"}); !errors.Is(err, encodetest.ErrBroken) {
			t.Errorf("human %t: %v", human, err)
		}
	}
}
