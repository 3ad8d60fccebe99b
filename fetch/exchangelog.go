package fetch

import (
	"context"
	"log/slog"
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
)

// fateNames are the names of Fates in the log.
var fateNames = map[judge.Fate]string{
	judge.Final: "final", judge.Retry: "retry", judge.Hop: "redirect", judge.Restart: "anew",
}

// logExchange logs one exchange: at debug level, or as a warning where it took longer than Options.Slow.
func logExchange(ctx context.Context, o *Options, t *task, record *Record, timing *Timing) {
	level, text := slog.LevelDebug, "exchange"
	if o.Slow > 0 && t.counts.took > o.Slow {
		level, text = slog.LevelWarn, "slow exchange"
	}
	if !o.Log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("url", redact.URL(t.request.URL)),
		slog.Int("attempt", t.Attempts+t.uncounted),
		slog.Float64("elapsed_ms", milliseconds(t.counts.took)),
		slog.String("then", fateNames[t.Verdict.Fate]),
	}
	if record.Status > 0 {
		attrs = append(attrs, slog.Int("status", record.Status))
	}
	if t.hops > 0 {
		attrs = append(attrs, slog.String("at", withoutUserinfo(t.URL)))
	}
	attrs = appendConnection(attrs, record, timing)
	if f := t.Verdict.Failure; f != nil {
		attrs = append(attrs, slog.String("kind", string(f.Kind)), slog.String("error", f.Error()))
	}
	if t.Verdict.Believed != "" {
		attrs = append(attrs, slog.String("believed", t.Verdict.Believed))
	}
	if t.Verdict.Hold > 0 {
		attrs = append(attrs, slog.Float64("hold_ms", milliseconds(t.Verdict.Hold)))
	}
	if t.Verdict.Fate == judge.Retry {
		attrs = append(attrs, slog.Float64("delay_ms", milliseconds(t.Verdict.Delay)))
	}
	o.Log.LogAttrs(ctx, level, text, attrs...)
}

// appendConnection appends what is known of the connection of an exchange, and how long its steps took.
func appendConnection(attrs []slog.Attr, record *Record, timing *Timing) []slog.Attr {
	if record.Protocol != "" {
		attrs = append(attrs, slog.String("protocol", record.Protocol))
	}
	if record.RemoteAddr != "" {
		attrs = append(attrs, slog.String("remote_addr", record.RemoteAddr))
	}
	if timing == nil {
		return attrs
	}
	if timing.Connected {
		attrs = append(attrs, slog.Bool("reused", timing.Reused))
	}
	for _, step := range timing.Steps() {
		attrs = append(attrs, slog.Float64(step.Name, milliseconds(step.Took)))
	}
	return attrs
}

// A TimingStep is a step of an exchange that took place: its name in Records and logs, and how long it took.
type TimingStep struct {
	Name string
	Took time.Duration
}

// AllSteps returns all steps in their order; Took is negative where one did not take place.
func (t *Timing) AllSteps() [5]TimingStep {
	return [...]TimingStep{
		{"dns_ms", t.DNS}, {"connect_ms", t.Connect}, {"tls_ms", t.TLS}, {"first_byte_ms", t.FirstByte},
		{"body_ms", t.Body},
	}
}

// Steps returns the steps that took place, in their order.
func (t *Timing) Steps() []TimingStep {
	steps := make([]TimingStep, 0, 5)
	for _, step := range t.AllSteps() {
		if step.Took >= 0 {
			steps = append(steps, step)
		}
	}
	return steps
}

// milliseconds returns d in milliseconds, rounded to the microsecond.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
