package fetch

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/robots"
)

// A robotsGate has the Tasks that wait for the robots.txt of their host (Options.Robots), and what those say. A
// robots.txt is fetched by a Task of its own, which is routed as others are and makes no Record. The Tasks that wait
// for it are in no lane, and hold no worker. The scheduler's lock guards it.
type robotsGate struct {
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

// holds takes a Task that may not be routed yet, or ever, by the robots.txt of the host of its next exchange, and
// reports whether it has.
func (g *robotsGate) holds(s *scheduler, t *task, now time.Time) bool {
	if t.robots != nil || t.lineError != nil || t.Lost != nil {
		return false
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
		s.openTasks++
		s.route(s.newRobotsTask(h, t), now)
	}
	switch {
	case h.fetching:
		h.waiting = append(h.waiting, t)
		return true
	case h.failure != nil:
		s.plan.Fail(&t.Task, h.failure)
		return true
	case !h.rules.Allows(t.URL.RequestURI()):
		s.plan.Fail(&t.Task, failure.New(failure.Robots, "%s%s does not allow it", h.origin, robots.Path))
		return true
	}
	return false
}

// newRobotsTask returns the Task that fetches the robots.txt of the host of t.
func (s *scheduler) newRobotsTask(h *robotsHost, t *task) *task {
	request := Request{URL: h.origin + robots.Path, PublicOnly: t.PublicOnly}
	if settings := t.request.Settings; settings != nil && settings.Proxy != nil {
		request.Settings = &RequestSettings{Proxy: settings.Proxy}
	}
	own := newTask(request)
	own.robots, own.seq, h.publicOnly = &h.robotsFile, t.seq, t.PublicOnly
	s.setTarget(own)
	return own
}

// got takes the Task of a robots.txt that has ended, and routes those that wait for it.
func (g *robotsGate) got(s *scheduler, t *task, now time.Time) {
	h := g.hosts[t.robots.origin]
	h.fetching, h.until = false, now.Add(robotsFor)
	g.size += h.rules.Size() - h.size
	h.size = h.rules.Size()
	if rate := h.rate(s.options, h.origin); rate > 0 {
		s.plan.LimitRate(h.origin, rate, now)
	}
	waiting := h.waiting
	h.waiting = nil
	isBlocked := h.failure != nil && h.failure.Kind == failure.BlockedAddress && h.publicOnly
	if isBlocked { // the input may name the host, too, which is fetched for itself then
		h.until = time.Time{}
	}
	for _, w := range waiting {
		if isBlocked && w.PublicOnly {
			s.plan.Fail(&w.Task, h.failure)
			continue
		}
		s.route(w, now)
	}
	g.forget(h)
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
func (g *robotsGate) limitsOf(o *Options, lane string) plan.HostLimits {
	limits := o.hostLimits(lane)
	origin, _ := splitLane(lane)
	if h := g.hosts[origin]; h != nil && !h.fetching { // a worker writes to one that is fetched
		if rate := h.rate(o, origin); rate > 0 && (limits.Rate == 0 || rate < limits.Rate) {
			limits.Rate = rate
		}
	}
	return limits
}

// drop ends the Tasks that wait for a robots.txt: the run has been stopped.
func (g *robotsGate) drop(s *scheduler) {
	for _, h := range g.hosts {
		for _, t := range h.waiting {
			s.endUnstarted(t)
		}
		h.waiting = nil
	}
}
