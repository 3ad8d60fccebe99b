package report

import (
	"bufio"
	"errors"
	"io"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/output"
)

// Read counts the Records, and the summaries, of an output of an earlier run. Lines that are neither are passed over.
// The error is that of in, and what came before it is counted; or ErrNoRecords.
func (d *Data) Read(name string, in io.Reader) (err error) {
	unreadable := d.unreadable
	text := input.DecodeUTF16(bufio.NewReader(in))
	r := recordReader{in: newLines(text), data: d, source: source{name: shorten(name)}}
	for more := true; more; {
		isObject, isWhole := r.in.peek() == '{', false
		if isObject {
			isWhole = r.readLine()
		}
		var skipped bool
		more, skipped = r.in.next()
		switch {
		case isWhole && !skipped:
			r.count()
		case isObject || skipped:
			d.unreadable++
		}
	}
	if !errors.Is(r.in.err, io.EOF) {
		err = r.in.err
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
	in     lines
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
	return r.in.object(r.member) == nil
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

// member reads the value of a member of the line.
func (r *recordReader) member(name []byte) error {
	e := &r.entry
	switch string(name) {
	case "type":
		err := r.in.text()
		r.kind = string(r.in.scratch)
		return err
	case "url":
		err := r.in.text()
		e.url = string(r.in.scratch)
		return err
	case "input":
		err := r.in.text()
		if e.url == "" {
			e.url = string(r.in.scratch)
		}
		return err
	case "status":
		var status int64
		err := r.in.integer(&status)
		e.status = int(min(max(status, 0), 999))
		return err
	case "error":
		return r.objectOr(r.errorMember)
	case "timing":
		return r.objectOr(r.timingMember)
	case "started_at":
		err := r.in.text()
		t, bad := time.Parse(time.RFC3339, string(r.in.scratch))
		r.started, r.hasTime = t, bad == nil && t.Year() >= 1980 && t.Year() < 2200
		return err
	case "elapsed_ms":
		return r.in.float(&r.elapsed)
	case "bytes":
		e.hasBody = true
		return r.in.integer(&e.bytes)
	case "wire_bytes":
		return r.in.integer(&e.wireBytes)
	case "attempts":
		return r.in.integer(&e.attempts)
	case "redirects":
		return r.in.integer(&e.redirects)
	case "cache":
		err := r.in.text()
		e.cache = string(r.in.scratch)
		return err
	}
	return r.summaryMember(name)
}

// objectOr reads an object by member, or passes over a value of another type, such as null.
func (r *recordReader) objectOr(member func([]byte) error) error {
	if r.in.peek() != '{' {
		return r.in.skip()
	}
	return r.in.object(member)
}

func (r *recordReader) errorMember(name []byte) error {
	switch string(name) {
	case "kind":
		err := r.in.text()
		r.errorKind = append(r.errorKind[:0], r.in.scratch...)
		return err
	case "message":
		err := r.in.text()
		r.entry.message = string(r.in.scratch)
		return err
	}
	return r.in.skip()
}

func (r *recordReader) timingMember(name []byte) error {
	i := stepIndex(string(name))
	if i < 0 {
		return r.in.skip()
	}
	ms := -1.0
	err := r.in.float(&ms)
	r.entry.hasStep[i], r.entry.step[i] = ms >= 0, millis(ms)
	return err
}

// summaryMember reads the value of a member that only a summary has, or passes over it.
func (r *recordReader) summaryMember(name []byte) error {
	run := &r.run
	switch string(name) {
	case "complete":
		err := r.in.literal()
		run.Complete = string(r.in.scratch) == "true"
		return err
	case "total":
		return r.in.integer(&run.Total)
	case "succeeded":
		return r.in.integer(&run.Succeeded)
	case "failed":
		return r.in.integer(&run.Failed)
	case "skipped":
		return r.in.integer(&run.Skipped)
	case "not_started":
		return r.in.integer(&run.NotStarted)
	case "exchanges":
		return r.in.integer(&run.Exchanges)
	case "retries":
		return r.in.integer(&run.Retries)
	case "connections_made":
		return r.in.integer(&run.ConnectionsMade)
	case "connections_reused":
		return r.in.integer(&run.ConnectionsReused)
	case "exit_code":
		return r.in.integer(&run.ExitCode)
	case "latency_ms":
		return r.objectOr(r.latencyMember)
	case "limited_by":
		return r.word(&run.LimitedBy)
	case "limited_host":
		return r.word(&run.LimitedHost)
	case "stopped_by":
		return r.word(&run.StoppedBy)
	}
	return r.in.skip()
}

func (r *recordReader) latencyMember(name []byte) error {
	switch string(name) {
	case "p50":
		return r.in.float(&r.run.P50)
	case "p90":
		return r.in.float(&r.run.P90)
	case "p99":
		return r.in.float(&r.run.P99)
	case "max":
		return r.in.float(&r.run.Max)
	}
	return r.in.skip()
}

// word reads a string.
func (r *recordReader) word(to *string) error {
	err := r.in.text()
	*to = string(r.in.scratch)
	return err
}
