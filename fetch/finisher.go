package fetch

import (
	"net/url"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
)

// A finisher completes the Records of Tasks that have ended and hands them to the writer. All workers share it; it has
// no state of its own.
type finisher struct {
	options        *Options
	sink           Sink           // renders Records
	records        chan<- *Record // to the writer
	largeRecords   chan<- *Record // to the writer, without a buffer: large Records do not pile up
	blockedWorkers *atomic.Int64  // counts the goroutines that wait for the writer to take a large Record
	closeIdle      func()         // closes idle connections, so that files can be opened
}

func newRecord(t *task) *Record {
	return &Record{Seq: t.seq, Request: t.request}
}

// finish completes the Record of t, renders it and hands it to the writer. It waits for the writer while that is
// behind.
func (f *finisher) finish(t *task, record *Record) {
	record.Attempts, record.Redirects = t.Attempts, t.hops
	if record.Failure = t.failure(); record.Failure != nil {
		f.options.complete(&record.Request)
	}
	if !t.startedAt.IsZero() {
		record.StartedAt, record.Elapsed = t.startedAt, time.Since(t.startedAt)
	}
	if t.hops > 0 {
		record.FinalURL = withoutUserinfo(t.URL)
	}
	f.sink.Encode(record)
	if fdlimit.IsExhausted(record.LineErr) {
		f.encodeAgain(t, record)
	}
	if record.isLarge() {
		f.blockedWorkers.Add(1)
		f.largeRecords <- record
		f.blockedWorkers.Add(-1)
		return
	}
	f.records <- record
}

// encodeAgain renders a Record whose line had no temporary file to go to, because too many files are open, or the
// failure that becomes of it where that does not help.
func (f *finisher) encodeAgain(t *task, record *Record) {
	f.closeIdle()
	why := record.LineErr
	record.LineErr = nil
	if record.Spool != nil || record.Body != nil {
		f.sink.Encode(record)
		why = record.LineErr
	}
	if !fdlimit.IsExhausted(why) {
		return
	}
	record.Discard()
	record.HasBody, record.LineErr = false, nil
	t.Verdict.Failure = &failure.Failure{Kind: failure.IO, Err: why}
	record.Failure = t.Verdict.Failure
	f.options.complete(&record.Request)
	f.sink.Encode(record)
}

// withoutUserinfo is a URL as it may stand in an output: without userinfo.
func withoutUserinfo(u *url.URL) string {
	if u.User == nil {
		return u.String()
	}
	bare := *u
	bare.User = nil
	return bare.String()
}
