package plan

import "time"

// typicalWeight is how much of Plan.typicalExchange an exchange is: one of so many.
const typicalWeight = 64

// takeConnection accounts for the start of an exchange of a lane.
func (p *Plan) takeConnection(l *lane, now time.Time) {
	switch c := l.connections(); {
	case c.idle > 0:
		c.idle--
		p.idle--
	case !c.shared && p.isShort(now):
		p.coldAt = now.Add(coldPause)
	}
}

// observeConnection takes in the connection of an exchange of a lane that took so long in all.
func (p *Plan) observeConnection(l *lane, last Connection, took time.Duration) {
	c := l.connections()
	c.observe(last, took)
	if !last.Kept {
		return
	}
	each := min(c.latency, slowest*c.fastest)
	if p.typicalExchange == 0 {
		p.typicalExchange = each
	}
	if !last.Shared {
		c.idle++
		p.idle++
	}
	p.typicalExchange += (each - p.typicalExchange) / typicalWeight
}

// TakeSurplus returns how many idle connections to a host there are beyond one for each of its Tasks that waits. They
// are no longer accounted for: the caller closes them.
func (p *Plan) TakeSurplus(host string) int {
	var c *connections
	waiting := 0
	l := p.lanes[host]
	if l != nil && l.within != nil {
		host = l.within.name
	}
	switch h := p.hosts[host]; {
	case h != nil:
		c, waiting = &h.connections, h.wanted()-h.active
	case l != nil:
		c, waiting = &l.own, l.taskCount()
	default:
		return 0
	}
	n := max(c.idle-waiting, 0)
	c.idle -= n
	p.idle -= n
	return n
}

// forgetIdle accounts for the end of a lane whose connections no other lane uses.
func (p *Plan) forgetIdle(c *connections) {
	p.idle -= c.idle
	c.idle = 0
}

// connections are those of the lane's host, which its other lanes use too.
func (l *lane) connections() *connections {
	if l.within != nil {
		return &l.within.connections
	}
	return &l.own
}

// exchanges is how many are under way over the lane's connections.
func (l *lane) exchanges() int {
	if l.within != nil {
		return l.within.active
	}
	return l.active
}

// opensAnother reports whether a start needs one more connection beside those that the host has, although one of these
// will be free.
func (l *lane) opensAnother() bool {
	c := l.connections()
	return !c.isWarm() && !c.closes && l.exchanges() > 0
}

// serialTime is how long, in seconds, the Tasks of a lane take one after the other.
func (p *Plan) serialTime(l *lane) float64 {
	return l.connections().ofExchange(p.typicalExchange).Seconds() * float64(l.taskCount())
}

// timeOver is how long, in seconds, the Tasks of a lane take over so many connections after a delay of the last one.
func (p *Plan) timeOver(l *lane, connections int, delay time.Duration) float64 {
	took := (p.serialTime(l) + delay.Seconds()) / float64(connections)
	if rate := l.rate(); rate > 0 {
		took = max(took, float64(l.taskCount())/rate)
	}
	return took
}

// timeAlone is how long, in seconds, the Tasks of a lane take over the connections that its host has, or over one.
func (p *Plan) timeAlone(l *lane) float64 {
	c := l.connections()
	if n := l.exchanges() + c.idle; n > 0 {
		return p.timeOver(l, n, 0)
	}
	return p.timeOver(l, 1, c.dial)
}

// countTime counts the Tasks of a lane again in Plan.serial or, as long as it has had no exchange, in Plan.untimed.
func (p *Plan) countTime(l *lane) {
	p.serial -= l.serial
	p.untimed -= l.untimed
	if l.serial, l.untimed = 0, 0; l.connections().seen == 0 {
		l.untimed = l.taskCount()
	} else {
		l.serial = p.serialTime(l)
	}
	p.serial += l.serial
	p.untimed += l.untimed
	l.alone = p.timeAlone(l)
}

// leastSaved is the least time in seconds that another connection to a host must save to be worth its cost for both
// sides, while almost as many exchanges are under way as may be; it is less where fewer are, by their share.
const leastSaved = 0.25

// runLeft is the least time in seconds until all Tasks have ended, as far as Limits.Concurrency goes.
func (p *Plan) runLeft() float64 {
	all := p.serial + float64(p.untimed)*p.typicalExchange.Seconds()
	return all / float64(p.limits.Concurrency)
}

// hasSpare reports whether many more exchanges may be under way.
func (p *Plan) hasSpare() bool { return 4*p.active < 3*p.limits.Concurrency }

// isUrgent reports whether the Tasks of a lane take so long that the run ends later if none of them starts now.
func (p *Plan) isUrgent(l *lane) bool { return p.timeAlone(l) >= 0.75*p.runLeft() }

// longestIdleTime is how long a connection may be idle between two exchanges: some servers close one after five
// seconds.
const longestIdleTime = 2 * time.Second

// coldEvery is the number of starts of which one goes to the lane whose last start is longest ago however many
// connections are idle.
const coldEvery = longestIdleEvery * longestIdleEvery * longestIdleEvery

// hasManyIdle reports whether so many connections are idle that hosts would close them before they are used again;
// inTurn, where only every longestIdleEvery-th start is for them.
func (p *Plan) hasManyIdle(inTurn bool) bool {
	wait := p.typicalExchange * time.Duration(p.idle) / time.Duration(p.limits.Concurrency)
	if inTurn {
		wait *= longestIdleEvery
	}
	return wait > longestIdleTime || p.idle >= p.limits.Idle
}

// savedBy is by how much earlier, in seconds, the run ends if a lane of another has one more connection.
func (p *Plan) savedBy(l *lane) float64 {
	c := l.connections()
	delay := c.dial + c.ofExchange(p.typicalExchange)
	then := p.timeOver(l, l.exchanges()+c.idle+1, delay)
	return p.timeAlone(l) - max(then, p.runLeft())
}

// chooseLane returns the lane that starts a Task next; nil is none. Where the run does not end later by it, that is one
// for which there is a connection, and the host is one that has none sooner than one that would get another. The first
// of these that is so decides:
//
//	this machine lacks ports or files              warm; where that is empty another only each coldPause
//	another connection saves enough time           another
//	every coldEvery-th start                       longestIdle
//	too many idle connections, no urgent lane      warm
//	every longestIdleEvery-th start                longestIdle, or warm where too many connections are idle
//	else                                           ready: the lane with the most work
func (p *Plan) chooseLane(now time.Time) *lane {
	if p.isShort(now) {
		if p.warm.len() > 0 {
			return p.warm.first()
		}
		if p.coldAt.After(now) {
			return nil
		}
	}
	var first, another *lane
	if p.ready.len() > 0 {
		first = p.ready.first()
	}
	if p.another.len() > 0 && p.isWorthAnother(first) {
		another = p.another.first()
	}
	switch {
	case another != nil:
		return another
	case first == nil:
		return nil
	}
	inTurn := p.starts%longestIdleEvery == longestIdleEvery-1
	switch {
	case p.starts%coldEvery == coldEvery-1:
		return p.longestIdle.first()
	case p.warm.len() > 0 && p.hasManyIdle(inTurn) && (inTurn || !p.isUrgent(first)):
		return p.warm.first()
	case inTurn:
		return p.longestIdle.first()
	}
	return first
}

// isWorthAnother reports whether the first lane of another is to start a Task before first, the lane in ready with the
// most work; nil is none.
func (p *Plan) isWorthAnother(first *lane) bool {
	l := p.another.first()
	if p.typicalExchange == 0 { // no connection has been kept yet
		return (p.hasSpare() || l.exchanges() > 1) && (first == nil || hasMoreWork(l, first))
	}
	underWay := min(p.active+p.ready.len(), p.limits.Concurrency)
	return p.savedBy(l) >= leastSaved*float64(underWay)/float64(p.limits.Concurrency)
}
