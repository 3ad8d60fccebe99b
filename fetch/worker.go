package fetch

import (
	"context"
	"math/rand/v2"
	"runtime"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spool"
)

// A worker is the stage that makes exchanges, one at a time. It waits for nothing but the network, the disk and the
// writer. One goroutine runs it; there are at most Options.Concurrency.
type worker struct {
	exchanger exchanger
	finisher  *finisher
	rng       *rand.Rand

	scheduler *scheduler
	start     <-chan *task // from the scheduler, for an idle worker; closed at the end
}

// work makes exchanges until start is closed. Before the next it lets the workers run that wait for a processor: those
// that have a response end their exchanges, and all write their next requests one after the other. A server on the same
// machine is then woken once for many requests, not for each, which takes the processor from a worker each time.
func (w *worker) work(ctx context.Context) {
	defer w.exchanger.close()
	for t := range w.start {
		for t != nil {
			w.process(ctx, t)
			if t = w.scheduler.next(t); t != nil {
				runtime.Gosched()
			}
		}
	}
}

// process makes the next exchange of a Task, or ends it without one, and sends the Record of one that has ended to the
// writer.
func (w *worker) process(ctx context.Context, t *task) {
	record := newRecord(t)
	switch {
	case t.lineError != nil:
		endWithoutExchange(t, record, t.lineError.failure())
		record.Input = redact.Line(t.lineError.Input) // again: not every Source is an input.Reader, which does it
	case t.Lost != nil:
		endWithoutExchange(t, record, t.Lost)
	default:
		w.exchanger.attempt(ctx, t, record)
	}
	if t.Verdict.Fate == judge.Final {
		w.exchanger.serveStale(ctx, t, record)
		w.finisher.render(t, record)
		if !w.restartForRoom(t, record) {
			w.finisher.send(t, record)
		}
	}
}

// endWithoutExchange ends a Task as failed, without another exchange: the response to the last one is the final one.
func endWithoutExchange(t *task, record *Record, why *failure.Failure) {
	t.counts = exchangeCounts{}
	if last := t.Verdict.Failure; last != nil && (last.Kind == failure.BadStatus || last.Kind == failure.RateLimited) {
		t.counts.status = t.lastStatus
	}
	t.Verdict = judge.Verdict{Failure: why}
	record.Status = t.lastStatus
}

// restartForRoom restarts a Task whose line found no room for its temporary file, and reports whether it does. Its
// Record is discarded then.
func (w *worker) restartForRoom(t *task, record *Record) bool {
	if !spool.IsFull(record.LineErr) {
		return false
	}
	why := &failure.Failure{Kind: failure.IO, Err: record.LineErr}
	trial := judge.Trial{Method: t.Method, Retry: t.request.Retry, Attempts: t.Attempts, FileShortages: t.fileShortages}
	v := judge.Judge(t.policy, trial, judge.Answer{Failure: why, NoRoom: true}, time.Now(), w.rng.Float64())
	if v.Fate != judge.Restart {
		return false
	}
	t.fileShortages++
	t.room = max(record.Bytes, 1)
	t.next, t.morePages = nil, false
	t.Verdict = v
	record.LineErr = nil
	record.Discard()
	return true
}
