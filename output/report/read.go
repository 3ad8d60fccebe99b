package report

import (
	"bufio"
	"errors"
	"io"
	"math"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/output"
)

// A source is a file of Records, as it is named on the page.
type source struct {
	name             string
	records, summary int64
	broken           string // why it could not be read to its end; empty is that it was
}

// Read counts the Records, and the summaries, of an output of an earlier run. Lines that are neither are passed over.
// The error is that of in, and what came before it is counted; or ErrNoRecords.
func (d *Data) Read(name string, in io.Reader) (err error) {
	unreadable := d.unreadable
	text := input.DecodeUTF16(bufio.NewReader(in))
	r := recordReader{lines: newLines(text), data: d, source: source{name: shorten(name)}}
	for more := true; more; {
		isObject, isWhole := r.peek() == '{', false
		if isObject {
			isWhole = r.readLine()
		}
		var skipped bool
		more, skipped = r.next()
		switch {
		case isWhole && !skipped:
			r.count()
		case isObject || skipped:
			d.unreadable++
		}
	}
	if !errors.Is(r.lines.err, io.EOF) {
		err = r.lines.err
		r.source.broken = shorten(err.Error())
	}
	if len(d.sources) < maxSources {
		d.sources = append(d.sources, r.source)
	} else {
		d.moreSources++
	}
	if err == nil && r.source.records+r.source.summary == 0 && d.unreadable > unreadable {
		err = ErrNoRecords
	}
	return err
}

// ErrNoRecords is that a file has lines, and none of them is a Record or a summary.
var ErrNoRecords = errors.New("there is no Record of batchfetch in it")

// maxSources is how many files a page names.
const maxSources = 20

// A recordReader makes entries of lines.
type recordReader struct {
	lines
	data   *Data
	source source

	kind  string // the type of the line
	entry entry
	run   Run

	errorKind []byte
	hasTime   bool
	started   time.Time
	elapsed   float64 // milliseconds
}

// readLine reads one object, and reports whether it is whole.
func (r *recordReader) readLine() bool {
	r.kind, r.hasTime, r.elapsed, r.errorKind = "", false, 0, r.errorKind[:0]
	r.entry = entry{spansAreRecords: true}
	r.run = Run{ExitCode: -1, P50: -1}
	return r.object(r.member) == nil
}

// count counts what the line is.
func (r *recordReader) count() {
	switch r.kind {
	case "success", "failure":
		r.source.records++
		r.addEntry()
	case "summary":
		r.source.summary++
		r.run.ElapsedMS = r.elapsed
		r.data.addRun(r.run)
	case "log", "plan", "merge":
	default:
		r.data.unreadable++
	}
}

// longest is the longest time that a request is believed to have taken.
const longest = 10 * 365 * 24 * time.Hour

// addEntry counts the Record of the line.
func (r *recordReader) addEntry() {
	e := &r.entry
	e.failed = r.kind == "failure"
	if e.failed {
		kind := failure.Kind(r.errorKind)
		e.cause = output.CauseOf(&fetch.Record{Status: e.status, Failure: &failure.Failure{Kind: kind}})
		e.refused = kind == failure.RateLimited
	}
	if r.hasTime && r.elapsed >= 0 && r.elapsed < float64(longest/time.Millisecond) {
		e.begun, e.elapsed = r.started.UnixMicro(), millis(r.elapsed)
	}
	r.data.add(e)
}

// millis returns a number of milliseconds as a time; a negative or impossible one is 0.
func millis(ms float64) time.Duration {
	if !(ms > 0) || ms > float64(longest/time.Millisecond) {
		return 0
	}
	return time.Duration(math.Round(ms*1000)) * time.Microsecond
}

// member reads the value of a member of the line.
func (r *recordReader) member(name []byte) error {
	e := &r.entry
	switch string(name) {
	case "type":
		err := r.text()
		r.kind = string(r.scratch)
		return err
	case "url":
		err := r.text()
		e.url = string(r.scratch)
		return err
	case "input":
		err := r.text()
		if e.url == "" {
			e.url = string(r.scratch)
		}
		return err
	case "status":
		var status int64
		err := r.integer(&status)
		e.status = int(min(max(status, 0), 999))
		return err
	case "error":
		return r.objectOr(r.errorMember)
	case "timing":
		return r.objectOr(r.timingMember)
	case "started_at":
		err := r.text()
		t, bad := time.Parse(time.RFC3339, string(r.scratch))
		r.started, r.hasTime = t, bad == nil && t.Year() >= 1980 && t.Year() < 2200
		return err
	case "elapsed_ms":
		return r.float(&r.elapsed)
	case "bytes":
		e.hasBody = true
		return r.integer(&e.bytes)
	case "wire_bytes":
		return r.integer(&e.wireBytes)
	case "attempts":
		return r.integer(&e.attempts)
	case "redirects":
		return r.integer(&e.redirects)
	case "cache":
		err := r.text()
		e.cache = string(r.scratch)
		return err
	}
	return r.summaryMember(name)
}

// objectOr reads an object by member, or passes over a value of another type, such as null.
func (r *recordReader) objectOr(member func([]byte) error) error {
	if r.peek() != '{' {
		return r.skip()
	}
	return r.object(member)
}

func (r *recordReader) errorMember(name []byte) error {
	switch string(name) {
	case "kind":
		err := r.text()
		r.errorKind = append(r.errorKind[:0], r.scratch...)
		return err
	case "message":
		err := r.text()
		r.entry.message = string(r.scratch)
		return err
	}
	return r.skip()
}

func (r *recordReader) timingMember(name []byte) error {
	i := stepIndex(string(name))
	if i < 0 {
		return r.skip()
	}
	ms := -1.0
	err := r.float(&ms)
	r.entry.hasStep[i], r.entry.step[i] = ms >= 0, millis(ms)
	return err
}
