package report

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// Live counts a run while it goes on: the Records that it passes on as a Sink, and what it is told of as an Observer.
type Live struct {
	fetch.Sink
	records   *Data // of the goroutine that calls Put
	exchanges *Data // of the one that calls the methods of an Observer
	limitOf   func(origin string) cell
}

// NewLive returns a Live around sink, for a run with those Options.
func NewLive(sink fetch.Sink, o *fetch.Options) *Live {
	return &Live{Sink: sink, records: NewData(), exchanges: NewData(), limitOf: func(origin string) cell {
		return limitCell(o.HostLimits(origin))
	}}
}

// limitCell returns the cell of a limit in exchanges per second, 0 being none, and at once.
func limitCell(rate float64, concurrency int) cell {
	if rate > 0 {
		return cell{fmt.Sprintf("%s, %d at once", formatRate(rate), concurrency), fmt.Sprint(rate)}
	}
	return cell{fmt.Sprintf("%d at once", concurrency), fmt.Sprint(1e9 + float64(concurrency))} // no rate is the largest
}

// Unwrap returns the inner Sink, which may be a fetch.Holder.
func (l *Live) Unwrap() fetch.Sink { return l.Sink }

// Put counts the Record and passes it on.
func (l *Live) Put(r *fetch.Record) error {
	e := entryOf(r)
	l.records.add(&e)
	return l.Sink.Put(r)
}

// entryOf returns what is counted of a Record.
func entryOf(r *fetch.Record) entry {
	e := entry{failed: r.Failure != nil, url: r.Request.URL, status: r.Status, elapsed: r.Elapsed,
		attempts: int64(r.Attempts), redirects: int64(r.Redirects), bytes: r.Bytes, wireBytes: r.WireBytes,
		hasBody: r.Failure == nil, cache: string(r.Cache), begun: time.Now().UnixMicro()}
	if !r.StartedAt.IsZero() {
		e.begun = r.StartedAt.UnixMicro()
	}
	if r.Timing != nil {
		for _, step := range r.Timing.Steps() {
			if i := stepIndex(step.Name); i >= 0 {
				e.hasStep[i], e.step[i] = true, step.Took
			}
		}
	}
	if e.failed {
		e.cause, e.message = output.CauseOf(r), r.Failure.Error()
		e.shown = encode.DisplayURL(r)
	}
	return e
}

// leastPause is the shortest pause of a host that is drawn: rates make many shorter ones.
const leastPause = 200 * time.Millisecond

// ObserveExchange counts an exchange.
func (l *Live) ObserveExchange(e *fetch.ObservedExchange) {
	d := l.exchanges
	begin := e.StartedAt.UnixMicro()
	end := begin + e.Took.Microseconds()
	host := d.hosts.of(e.Host)
	d.exchanges++
	host.exchanges++
	if e.Refused {
		d.refused++
		host.refused++
	}
	host.extend(begin, end)
	d.extend(begin, end)
	d.addFlight(begin, end)
	d.addLatency(end, e.Took)
	from, until := max(end, host.pausedUntil), e.PausedUntil.UnixMicro()
	if until-from < leastPause.Microseconds() {
		return
	}
	host.pausedUntil = until
	d.series.addSpan(from, until, func(b *bucket) *spans { return &b.pauses })
	if b, _ := d.series.at(from); b.pausedHost == "" {
		b.pausedHost = e.Host
	}
}

// ObserveLimit counts a span of time by what held the run back in it.
func (l *Live) ObserveLimit(limit fetch.Limit, host string, from, to time.Time) {
	i, known := limitIndex(limit)
	if !known {
		return
	}
	d := l.exchanges
	begin, end := from.UnixMicro(), to.UnixMicro()
	d.extend(begin, end)
	d.heldFor[i] += end - begin
	d.series.addSpan(begin, end, func(b *bucket) *spans { return &b.held[i] })
	if host != "" {
		d.hosts.of(originOf(host)).held[i] += end - begin
	}
}

// originOf returns the origin in the name of a host or of a part of it, which has a path.
func originOf(host string) string {
	scheme := strings.Index(host, "://") + len("://")
	if slash := strings.IndexByte(host[max(scheme, 0):], '/'); slash >= 0 {
		return host[:scheme+slash]
	}
	return host
}

// Data returns what was counted of a run that has ended with a Summary and an exit code. Live is not to be used
// afterwards.
func (l *Live) Data(s *fetch.Summary, exitCode int) *Data {
	d := l.records
	d.mergeExchanges(l.exchanges)
	d.limitOf = l.limitOf
	d.addRun(runOf(s, exitCode))
	maps.DeleteFunc(d.series.buckets, func(key int64, _ *bucket) bool { return key*d.series.width > d.ended })
	return d
}
