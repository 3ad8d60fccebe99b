package report

import (
	"cmp"
	"math/bits"
	"time"

	"batchfetch/fetch/histogram"
	"batchfetch/output"
)

// Data is what is counted for a page. Its memory does not grow with the number of Records. One goroutine at a time may
// use it.
type Data struct {
	series   series
	hosts    hosts
	causes   causes
	latency  histogram.Histogram // of exchanges, or of Records where those are not known
	sizes    [65]int64           // Records with a body by the number of bits of its size in bytes
	statuses [1000]int64         // of Records; 0 is no answer
	attempts [6]int64            // Records by their attempts, the last one of all that had as many or more
	cached   map[string]int64    // successes by Record.cache; of those that hold it
	steps    [len(stepNames)]histogram.Histogram
	runs     []Run

	succeeded, failed int64 // Records
	bytes, wireBytes  int64 // of successes
	retries           int64 // attempts after the first of each Record
	redirects         int64
	untimed           int64 // Records that say nothing of when they began
	begun, ended      int64 // of all, in microseconds since 1970; 0 is not known

	cuts [][2]int64 // time between runs, in microseconds since 1970; set once all is counted

	isLive    bool                     // exchanges, pauses and limits are known
	limitOf   func(origin string) cell // the limit of a host as it was given; nil is not known
	exchanges int64
	refused   int64
	heldFor   [limitCount]int64 // microseconds

	sources     []source
	moreSources int64 // past maxSources
	moreRuns    int64 // summaries past maxRuns
	unreadable  int64 // lines
}

// stepNames are the steps of an exchange, as timing has them in Records, and in words.
var stepNames = [...]struct{ member, words string }{
	{"dns_ms", "Name look-up"}, {"connect_ms", "Connection"}, {"tls_ms", "TLS handshake"},
	{"first_byte_ms", "First byte"}, {"body_ms", "Body"},
}

// stepIndex returns the place in stepNames of a member of timing; negative is none.
func stepIndex(member string) int {
	for i := range stepNames {
		if stepNames[i].member == member {
			return i
		}
	}
	return -1
}

// NewData returns empty Data.
func NewData() *Data {
	return &Data{series: newSeries(), hosts: newHosts(), causes: newCauses(), cached: make(map[string]int64)}
}

// IsEmpty reports whether there is no Record and no summary.
func (d *Data) IsEmpty() bool { return d.succeeded+d.failed == 0 && len(d.runs) == 0 }

// idleBetween returns how many microseconds of a span of time are between runs.
func (d *Data) idleBetween(begin, end int64) (idle int64) {
	for _, cut := range d.cuts {
		idle += max(min(end, cut[1])-max(begin, cut[0]), 0)
	}
	return idle
}

// activeTime returns how long all runs took together.
func (d *Data) activeTime() time.Duration {
	return time.Duration(d.ended-d.begun-d.idleBetween(d.begun, d.ended)) * time.Microsecond
}

// An entry is what is counted of one Record.
type entry struct {
	failed              bool
	cause               output.Cause // of a failure
	url                 string
	shown, message      string // of a failure: its URL as it may be shown, empty is url; and its message
	status              int
	refused             bool
	begun               int64 // in microseconds since 1970; 0 is not known
	elapsed             time.Duration
	hasBody             bool
	bytes, wireBytes    int64
	attempts, redirects int64
	cache               string
	hasStep             [len(stepNames)]bool
	step                [len(stepNames)]time.Duration
	spansAreRecords     bool // the Record stands for its exchanges, which are not known
}

// maxCached bounds the words for what a cache did.
const maxCached = 16

// add counts a Record.
func (d *Data) add(e *entry) {
	own := d.hosts.ofURL(e.url)
	host := own
	if own == nil {
		host = &d.hosts.others
	}
	host.requests++
	if e.status > 0 && e.status < len(d.statuses) {
		d.statuses[e.status]++
	} else {
		d.statuses[0]++
	}
	d.retries += max(e.attempts-1, 0)
	d.attempts[min(max(e.attempts, 0), int64(len(d.attempts)-1))]++
	d.redirects += e.redirects
	if e.refused {
		d.refused++
		host.refused++
	}
	if e.failed {
		d.failed++
		host.failed++
		d.causes.add(e.cause, own, cmp.Or(e.shown, e.url), e.message)
	} else {
		d.succeeded++
		d.bytes += e.bytes
		d.wireBytes += e.wireBytes
		if _, known := d.cached[e.cache]; e.cache != "" && (known || len(d.cached) < maxCached) {
			d.cached[e.cache]++
		}
	}
	if e.hasBody {
		d.sizes[bits.Len64(uint64(max(e.bytes, 0)))]++
	}
	for i, has := range e.hasStep {
		if has {
			d.steps[i].Add(e.step[i])
		}
	}
	d.addTimes(e, host)
}

// addTimes counts when a Record began and ended.
func (d *Data) addTimes(e *entry, host *hostCount) {
	if e.begun == 0 {
		d.untimed++
		return
	}
	end := e.begun + e.elapsed.Microseconds()
	d.extend(e.begun, end)
	b, _ := d.series.at(end)
	if e.failed {
		b.failed++
	} else {
		b.succeeded++
		b.bytes += e.bytes
	}
	if e.spansAreRecords {
		host.extend(e.begun, end)
		d.addFlight(e.begun, end)
		d.addLatency(end, e.elapsed)
	}
}

// extend notes that something took place between two times.
func (d *Data) extend(begin, end int64) {
	if d.begun == 0 || begin < d.begun {
		d.begun = begin
	}
	d.ended = max(d.ended, end)
}

// addFlight counts an exchange, or a Record in its place, as under way between two times.
func (d *Data) addFlight(begin, end int64) {
	d.series.addSpan(begin, end, func(b *bucket) *spans { return &b.flights })
}

// addLatency counts a time that was taken, up to end.
func (d *Data) addLatency(end int64, took time.Duration) {
	d.latency.Add(took)
	b, _ := d.series.at(end)
	if b.latency == nil {
		b.latency = new(histogram.Histogram)
	}
	b.latency.Add(took)
}

// mergeExchanges adds the Data of exchanges of the same run, which is not to be used any more.
func (d *Data) mergeExchanges(of *Data) {
	d.series.merge(&of.series)
	d.hosts.merge(&of.hosts)
	d.latency.Merge(&of.latency)
	if of.begun > 0 {
		d.extend(of.begun, of.ended)
	}
	d.isLive, d.exchanges, d.refused, d.heldFor = true, of.exchanges, of.refused, of.heldFor
}

// A source is a file of Records, as it is named on the page.
type source struct {
	name             string
	records, summary int64
	broken           string // why it could not be read to its end; empty is that it was
}

// maxRuns is how many summaries a page shows.
const maxRuns = 50

// addRun counts a summary.
func (d *Data) addRun(r Run) {
	if len(d.runs) >= maxRuns {
		d.moreRuns++
		return
	}
	r.LimitedBy, r.LimitedHost, r.StoppedBy = shorten(r.LimitedBy), shorten(r.LimitedHost), shorten(r.StoppedBy)
	d.runs = append(d.runs, r)
}
