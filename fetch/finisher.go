package fetch

import (
	"net/url"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
)

// A finisher completes the Records of Tasks that have ended, has the Sink render them and sends them to the writer. All
// workers share it; it has no state of its own.
type finisher struct {
	options        *Options
	pager          *pager
	sink           Sink           // renders Records
	records        chan<- *Record // to the writer
	largeRecords   chan<- *Record // to the writer, unbuffered: no large Record waits but in its worker
	blockedWorkers *atomic.Int64  // counts the goroutines that wait for the writer to take a large Record
	closeIdle      func()         // closes idle connections, so that files can be opened
}

// newRecord returns the Record of t before its next exchange.
func newRecord(t *task) *Record {
	r := recordPool.Get().(*Record)
	r.Seq, r.Request = t.seq, t.request
	return r
}

// finish completes the Record of t, has it rendered and sends it to the writer. It blocks while the writer is behind.
func (f *finisher) finish(t *task, record *Record) {
	f.render(t, record)
	f.send(t, record)
}

// render is the part of finish that does not block. Where the Record has a LineErr, its Task may still be restarted.
func (f *finisher) render(t *task, record *Record) {
	if t.robots != nil {
		t.robots.read(t.failure(), record, t.Header.Get("User-Agent"))
		record.Discard()
		return
	}
	record.Attempts, record.Redirects = t.Attempts+t.uncounted, t.hops
	if record.Failure = t.failure(); record.Failure == nil {
		if why := f.pager.turn(t, record); why != nil {
			record.Discard()
			record.HasBody, record.Path = false, ""
			t.Verdict.Failure, t.servedStale, record.Failure = why, false, why
		}
	}
	if record.Failure != nil {
		f.options.complete(&record.Request)
	}
	if !t.startedAt.IsZero() {
		record.StartedAt, record.Elapsed = t.startedAt, time.Since(t.startedAt)
	}
	if t.hops > 0 {
		record.FinalURL = withoutUserinfo(t.URL)
	}
	f.sink.Encode(record)
}

// send is the part of finish that blocks.
func (f *finisher) send(t *task, record *Record) {
	if t.robots != nil {
		return
	}
	if isShortage(record.LineErr) {
		f.encodeAgain(t, record)
	}
	if record.isLarge() || record.More { // the next page starts once the Sink has this one: they stay in order
		f.blockedWorkers.Add(1)
		f.largeRecords <- record
		f.blockedWorkers.Add(-1)
		return
	}
	f.records <- record
}

// encodeAgain renders a Record again whose line could get no temporary file, because too many files were open or the
// disk was full, after closing idle connections. Where that does not help it renders a Failure of Kind IO in its place.
func (f *finisher) encodeAgain(t *task, record *Record) {
	f.closeIdle()
	why := record.LineErr
	record.LineErr = nil
	if record.Spool != nil || record.Body != nil {
		f.sink.Encode(record)
		why = record.LineErr
	}
	if !isShortage(why) {
		return
	}
	record.Discard()
	record.HasBody, record.LineErr = false, nil
	record.Next, record.More, t.next, t.morePages = nil, false, nil, false
	t.Verdict.Failure = &failure.Failure{Kind: failure.IO, Err: why}
	record.Failure = t.Verdict.Failure
	f.options.complete(&record.Request)
	f.sink.Encode(record)
}

// withoutUserinfo returns the text of u without its userinfo, as it may stand in an output.
func withoutUserinfo(u *url.URL) string {
	if u.User == nil {
		return u.String()
	}
	bare := *u
	bare.User = nil
	return bare.String()
}
