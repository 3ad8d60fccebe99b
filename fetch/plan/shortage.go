package plan

import "time"

// A shortage is a time in which this machine lacks what a connection takes, such as a local port. Then the exchanges
// over connections that are kept go first, and others start one each coldPause.
const (
	shortageTime = 2 * time.Second        // how long it lasts after an exchange that lacked something
	coldPause    = 100 * time.Millisecond // between two starts that need a connection
)

// observeShortage takes in whether the exchange of a Task lacked something of this machine, or has got a connection.
func (p *Plan) observeShortage(t *Task, now time.Time) {
	switch {
	case t.Verdict.Shortage:
		p.shortUntil = now.Add(shortageTime)
	case t.Connection.Dialed > 0:
		p.shortUntil = time.Time{}
	}
}

// isShort reports whether this machine lacks what a connection takes.
func (p *Plan) isShort(now time.Time) bool { return now.Before(p.shortUntil) }

// nextDue is how long until a Task may start where none may now: until a lane is due, or in a shortage one that needs a
// connection; Never is until one is done or added.
func (p *Plan) nextDue(now time.Time) time.Duration {
	wait := Never
	if p.timed.len() > 0 {
		wait = p.timed.first().due.Sub(now)
	}
	if cold := p.coldAt.Sub(now); p.isShort(now) && cold > 0 && (wait == Never || cold < wait) {
		return cold
	}
	return wait
}
