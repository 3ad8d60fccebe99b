package fetch

import (
	"sync/atomic"
	"time"
)

// flushAfter is how long a Record may stay in a buffer of the Sink while no other follows.
const flushAfter = 5 * time.Millisecond

// commitParts is the part of Options.Concurrency, one in so many, that is the most Records committed at once: few of
// the exchanges that may be under way then wait for a commit.
const commitParts = 4

// commitAfter is flushAfter for Records that count as exchanges under way until they are committed.
const commitAfter = time.Millisecond

// Records that come so quickly that inBatchesFrom are buffered within flushAfter are taken in batches, one each
// batchPause, until one has fewer than inBatchesTo: to wake the writer for each of them costs more than to write it.
const inBatchesFrom, inBatchesTo, batchPause = 16, 4, time.Millisecond

// A writer is the last stage: it calls Put and Flush of the Sink, for one Record at a time. One goroutine runs it.
type writer struct {
	sink    Sink
	failure *outputFailure // takes the first error of the Sink
	failed  bool           // the Sink has returned an error: further Records are discarded

	commits     bool                // Records count as exchanges under way until they are committed (Options.Committed)
	concurrency int                 // Options.Concurrency
	committed   *committedExchanges // nil where they are not counted

	records      <-chan *Record  // from workers and lookup workers; closed at the end
	largeRecords <-chan *Record  // the same for large ones, unbuffered: a worker holds its own until it is taken
	over         <-chan struct{} // closed when all Records have been sent: none is waited for
	wake         signal          // to the scheduler, which then checks again what may start

	idle     *time.Timer // fires flushDelay after the first Record that is buffered
	buffered int         // Records that may be in a buffer of the Sink

	taken          *atomic.Int64 // counts the Records that the Sink has taken
	waitingForSink *atomic.Bool  // the scheduler waits for a Record to be taken
}

// write takes Records until records is closed, and flushes the Sink.
func (w *writer) write() {
	w.idle = newStoppedTimer()
	defer w.idle.Stop()
	pause := newStoppedTimer() // the time until the next batch is taken
	defer pause.Stop()
	records, over := w.records, w.over // records is nil, from which none comes, while they are taken in batches
	for {
		select {
		case record, open := <-records:
			if !open {
				w.flush(true)
				return
			}
			w.take(record)
			if w.buffered >= inBatchesFrom && over != nil && !w.commits {
				records = nil
				pause.Reset(batchPause)
			}
		case record := <-w.largeRecords:
			w.take(record)
		case <-w.idle.C:
			w.buffered = 0
			w.flush(false)
		case <-pause.C:
			if w.takeBatch() < inBatchesTo {
				records = w.records
				continue
			}
			pause.Reset(batchPause)
		case <-over:
			records, over = w.records, nil
		}
	}
}

// newStoppedTimer returns a timer that does not fire before it is reset.
func newStoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// takeBatch takes the Records that have been sent by now, and returns how many they were.
func (w *writer) takeBatch() int {
	n := len(w.records)
	for range n {
		w.take(<-w.records)
	}
	return n
}

// take gives a Record to the Sink, and sees to it that it is flushed in time.
func (w *writer) take(record *Record) {
	w.put(record)
	w.buffered++
	switch {
	case w.commits && w.buffered >= w.concurrency/commitParts:
		w.buffered = 0
		w.idle.Stop()
		w.flush(false)
	case w.buffered == 1:
		w.idle.Reset(w.flushDelay())
	}
}

// flushDelay returns how long a Record may stay in a buffer of the Sink while no other follows.
func (w *writer) flushDelay() time.Duration {
	if w.commits {
		return commitAfter
	}
	return flushAfter
}

// flush flushes the Sink; last says that no Record follows.
func (w *writer) flush(last bool) {
	if !w.failed || last {
		w.check(w.sink.Flush(last))
	}
	if w.commits {
		w.committed.advance()
		w.wake.send()
	}
}

// put gives one Record to the Sink, and wakes the scheduler where that waits for it.
func (w *writer) put(record *Record) {
	if w.failed {
		record.Discard()
		return
	}
	w.committed.noteSuccess(record)
	w.check(w.sink.Put(record))
	record.recycle()
	w.taken.Add(1)
	if w.waitingForSink.Load() {
		w.wake.send()
	}
}

// check ends the run where the Sink has returned an error.
func (w *writer) check(err error) {
	if err != nil {
		w.failed = true
		w.failure.fail(err)
	}
}
