package fetch

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"
)

// A worker does one exchange at a time. It never waits for anything but the network and the writer.
type worker struct {
	*run
	rng *rand.Rand
}

// work ends when the scheduler closes start.
func (w *worker) work(ctx context.Context) {
	for t := range w.start {
		record := newRecord(t)
		switch {
		case t.bad != nil:
			w.settle(t, record, &Failure{Kind: InvalidRequest, Err: t.bad.Err})
			record.Input = maskLine(t.bad.Input) // once more: a Source need not be a Reader
		case t.Lost != nil:
			w.settle(t, record, t.Lost)
		default:
			w.attempt(ctx, t, record)
		}
		if t.Verdict.Fate == Final {
			w.rescue(ctx, t, record)
			w.finish(t, record)
		}
		w.done <- t // never blocks: its capacity is the concurrency
	}
}

func newRecord(t *task) *Record {
	return &Record{Seq: t.seq, Request: t.request}
}

// settle ends a Task without an exchange.
func (w *worker) settle(t *task, record *Record, why *Failure) {
	t.outcome = outcome{}
	t.Verdict = Verdict{Failure: why}
	record.Status = t.answered
}

// attempt does one exchange and judges it.
func (w *worker) attempt(ctx context.Context, t *task, record *Record) {
	again := t.Verdict.Fate == Retry
	switch t.Verdict.Fate {
	case Final, Retry:
		t.Attempts++
		t.whole = false
	case Restart:
		t.whole = true // whatever still lies there
	}
	header := w.sentHeader(&t.target)
	if !w.stillAsked(t, header) {
		t.recall = nil
	}
	x := exchange{options: t.options, road: w.roads.to(&t.target), whole: t.whole,
		once: t.request.Retry != nil && !*t.request.Retry, memory: remembering{t.recall, w.run}, cookies: header["Cookie"]}
	if t.recall != nil {
		record.Cache = CacheMiss
	}
	a := x.do(ctx, &t.target, record)
	now := time.Now()
	if x.ended.IsZero() { // it did not come to an answer
		x.ended = now
	}
	if t.began.IsZero() {
		t.began = x.began
	}
	t.answered = a.Status
	t.outcome = outcome{exchanged: true, again: again, took: x.ended.Sub(x.began), bytes: record.Bytes, wireBytes: record.WireBytes}
	if a.Failure == nil {
		t.outcome.status = a.Status
	}
	facts := Trial{Method: t.method, Retry: t.request.Retry, Attempts: t.Attempts, Hops: t.hops,
		FileShortages: t.shortages, Elapsed: now.Sub(t.began)}
	if t.shortages++; !a.isOutOfFiles() {
		t.shortages = 0
	} else {
		w.roads.close() // what lies idle there makes room
	}
	t.Verdict = judge(t.policy, facts, a, now, w.rng.Float64())
	t.outcome.cache, t.outcome.unchanged = record.Cache, record.Unchanged
	x.settle(t.Verdict, a.Status)
	w.invalidate(ctx, t, a)
	if t.Verdict.Fate == Hop {
		w.hop(t, a, record.RemoteAddr)
	}
	if disk := brokenDisk(t.Verdict.Failure); disk != nil {
		w.breakOff(disk)
	}
	if w.options.Log != nil {
		w.log(ctx, t, record, now)
	}
	if t.Verdict.Failure != nil {
		record.ReleaseBody()
	}
}

// hop points the Task at where the redirect leads that came from the address remote.
func (w *worker) hop(t *task, a Answer, remote string) {
	location, failure := theLocation(a.Status, a.Header)
	if failure != nil {
		t.Verdict = Verdict{Failure: failure}
		return
	}
	to, failure := t.follow(a.Status, location)
	if failure != nil {
		t.Verdict = Verdict{Failure: failure}
		return
	}
	host := w.targets.at(to.host)
	to.options, to.policy = host.options, &host.policy
	to.wary = w.roads.distrusts(&t.target, remote)
	t.target = to
	t.hops++
}

// finish completes the Record and hands it to the writer, rendered.
func (w *worker) finish(t *task, record *Record) {
	record.Attempts, record.Redirects = t.Attempts, t.hops
	if record.Failure = t.failure(); record.Failure != nil {
		w.options.complete(&record.Request)
	}
	if !t.began.IsZero() {
		record.StartedAt, record.Elapsed = t.began, time.Since(t.began)
	}
	if t.hops > 0 {
		record.FinalURL = shown(t.url)
	}
	w.sink.Encode(record)
	if isShort(record.LineErr) {
		w.encodeAgain(t, record)
	}
	if record.isLarge() {
		w.stuck.Add(1)
		w.large <- record
		w.stuck.Add(-1)
		return
	}
	w.records <- record
}

// encodeAgain renders a Record whose line had no temporary file to go to, because too many files are open, or the failure
// that becomes of it where that does not help.
func (w *worker) encodeAgain(t *task, record *Record) {
	w.roads.close() // what lies idle there makes room
	why := record.LineErr
	record.LineErr = nil
	if record.Spool != nil || record.Body != nil {
		w.sink.Encode(record)
		why = record.LineErr
	}
	if !isShort(why) {
		return
	}
	record.Discard()
	record.HasBody, record.LineErr = false, nil
	t.Verdict.Failure = &Failure{Kind: IO, Err: why}
	record.Failure = t.Verdict.Failure
	w.options.complete(&record.Request)
	w.sink.Encode(record)
}

// shown is a URL as it may stand in an output: without userinfo.
func shown(u *url.URL) string {
	if u.User == nil {
		return u.String()
	}
	bare := *u
	bare.User = nil
	return bare.String()
}

var fates = map[Fate]string{Final: "final", Retry: "retry", Hop: "redirect", Restart: "anew"}

// log tells of one exchange: every one at debug level, a slow one as a warning.
func (w *worker) log(ctx context.Context, t *task, record *Record, now time.Time) {
	level, text := slog.LevelDebug, "exchange"
	if w.options.Slow > 0 && t.outcome.took > w.options.Slow {
		level, text = slog.LevelWarn, "slow exchange"
	}
	if !w.options.Log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("url", MaskURL(t.request.URL)),
		slog.Int("attempt", t.Attempts),
		slog.Float64("elapsed_ms", milliseconds(t.outcome.took)),
		slog.String("then", fates[t.Verdict.Fate]),
	}
	if record.Status > 0 {
		attrs = append(attrs, slog.Int("status", record.Status))
	}
	if t.hops > 0 {
		attrs = append(attrs, slog.String("at", shown(t.url)))
	}
	if f := t.Verdict.Failure; f != nil {
		attrs = append(attrs, slog.String("kind", string(f.Kind)), slog.String("error", f.Error()))
	}
	if t.Verdict.Fate == Retry {
		attrs = append(attrs, slog.Float64("delay_ms", milliseconds(t.Verdict.Delay)))
	}
	w.options.Log.LogAttrs(ctx, level, text, attrs...)
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
