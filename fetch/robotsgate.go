package fetch

import (
	"slices"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/robots"
)

// A robotsGate has the Tasks that wait for the robots.txt of their host (Options.Robots), and what those say. A
// robots.txt is fetched by a Task of its own, which is routed as others are and makes no Record. The Tasks that wait
// for it are in no lane, and hold no worker. The scheduler's lock guards it.
type robotsGate struct {
	options   *Options
	setTarget func(*task) // sets that of the Task of a robots.txt

	hosts map[string]*robotsHost // by origin
	size  int                    // of the rules of all of them, in bytes
}

// A robotsHost is an origin, and the Tasks that wait for its robots.txt.
type robotsHost struct {
	robotsFile
	waiting  []*task
	fetching bool      // its Task is under way, and a worker writes to the robotsFile
	until    time.Time // when it has to be fetched again (RFC 9309 section 2.4)
	size     int       // of rules, as the robotsGate has counted it

	publicOnly bool // it is fetched for a redirect that may lead to public addresses only
}

// robotsFor is how long a robots.txt counts, and robotsSize how many bytes all of them may have in memory: beyond that
// some are forgotten, and fetched again where they are needed.
const (
	robotsFor  = 24 * time.Hour
	robotsSize = 32 << 20
)

// check holds the next exchange of t against the robots.txt of its host. It returns why that is forbidden, or keeps t
// until fetched returns it (waits). fetch is another Task to route, that of the robots.txt; nil is none.
func (g *robotsGate) check(t *task, now time.Time) (fetch *task, waits bool, forbidden *failure.Failure) {
	if t.robots != nil || t.lineError != nil || t.Lost != nil {
		return nil, false, nil
	}
	h := g.hosts[t.Origin]
	if h == nil {
		h = &robotsHost{robotsFile: robotsFile{origin: t.Origin}}
		if g.hosts == nil {
			g.hosts = make(map[string]*robotsHost)
		}
		g.hosts[t.Origin] = h
	}
	if !h.fetching && !now.Before(h.until) {
		h.fetching = true
		fetch = g.newTask(h, t)
	}
	switch {
	case h.fetching:
		h.waiting = append(h.waiting, t)
		return fetch, true, nil
	case h.failure != nil:
		return nil, false, h.failure
	case !h.rules.Allows(t.URL.RequestURI()):
		return nil, false, failure.New(failure.Robots, "%s%s does not allow it", h.origin, robots.Path)
	}
	return nil, false, nil
}

// newTask returns the Task that fetches the robots.txt of the host of t.
func (g *robotsGate) newTask(h *robotsHost, t *task) *task {
	request := Request{URL: h.origin + robots.Path, PublicOnly: t.PublicOnly}
	if settings := t.request.Settings; settings != nil && settings.Proxy != nil {
		request.Settings = &RequestSettings{Proxy: settings.Proxy}
	}
	own := newTask(request)
	own.robots, own.seq, h.publicOnly = &h.robotsFile, t.seq, t.PublicOnly
	g.setTarget(own)
	return own
}

// A robotsRelease is what follows from a robots.txt that has been fetched.
type robotsRelease struct {
	rate    float64          // the starts a second that it allows on its host; 0 is no limit
	waiting []*task          // those that have waited for it, to be routed again
	refused []*task          // those of them that can't be requested
	why     *failure.Failure // of refused
}

// fetched takes the Task of a robots.txt that has ended.
func (g *robotsGate) fetched(t *task, now time.Time) (r robotsRelease) {
	h := g.hosts[t.robots.origin]
	h.fetching, h.until = false, now.Add(robotsFor)
	g.size += h.rules.Size() - h.size
	h.size = h.rules.Size()
	r.rate = h.rate(g.options, h.origin)
	r.waiting, h.waiting = h.waiting, nil
	if h.failure != nil && h.failure.Kind == failure.BlockedAddress && h.publicOnly {
		h.until = time.Time{} // the input may name the host, too, which is fetched for itself then
		r.why = h.failure
		r.waiting = slices.DeleteFunc(r.waiting, func(w *task) bool {
			if w.PublicOnly {
				r.refused = append(r.refused, w)
			}
			return w.PublicOnly
		})
	}
	g.forget(h)
	return r
}

// forget forgets hosts while their rules take more than robotsSize, but for h.
func (g *robotsGate) forget(h *robotsHost) {
	for origin, other := range g.hosts {
		if g.size <= robotsSize {
			return
		}
		if other != h && !other.fetching {
			g.size -= other.size
			delete(g.hosts, origin)
		}
	}
}

// rate returns the starts a second that Crawl-delay allows on a host, with Options.RetryMaxDelay as the longest; 0 is
// no limit.
func (h *robotsHost) rate(o *Options, origin string) float64 {
	delay := h.rules.CrawlDelay()
	if most := o.hostLimits(origin).RetryMaxDelay; delay > most {
		delay = most
	}
	if delay <= 0 {
		return 0
	}
	return 1 / delay.Seconds()
}

// limitsOf is Options.hostLimits with the Crawl-delay of the host.
func (g *robotsGate) limitsOf(lane string) plan.HostLimits {
	limits := g.options.hostLimits(lane)
	origin, _ := splitLane(lane)
	if h := g.hosts[origin]; h != nil && !h.fetching { // a worker writes to one that is fetched
		if rate := h.rate(g.options, origin); rate > 0 && (limits.Rate == 0 || rate < limits.Rate) {
			limits.Rate = rate
		}
	}
	return limits
}

// takeAll returns the Tasks that wait for a robots.txt, which they then do no more.
func (g *robotsGate) takeAll() (waiting []*task) {
	for _, h := range g.hosts {
		waiting = append(waiting, h.waiting...)
		h.waiting = nil
	}
	return waiting
}
