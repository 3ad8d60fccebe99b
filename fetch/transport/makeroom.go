package transport

import (
	"slices"
	"time"
)

// This file is about servers with a thread or a process for each connection, such as uWSGI (--http11-socket) and many
// small ones: it serves nothing else until its client closes the connection, or leaves it idle for long. A connection
// beyond their number is accepted by the system, but what is sent over it waits as long as the others are kept in use.
// So a kept connection is closed where the first request over another one waits while it was answered.
//
// And about servers that accept few connections at once, as Tomcat (maxConnections), waitress (connection_limit) and
// those with one thread do, once the queue of their listener is full (listen(2)): a connection whose SYN came before
// seems made to its client, and what is sent over it is dropped, and sent again by the system after 0.2 s, 0.4 s and so
// on, while later ones find a place. So it is given up, and its request made over the next that is there.

// beginFirst notes that the first request over a connection to host is being sent. over is that connection where the
// request may be sent over another one, else nil.
func (p *pool) beginFirst(host string, began time.Time, over *h1Conn) *firstExchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := &firstExchange{began: began, patience: firstPatience, over: over}
	f.timer = time.AfterFunc(f.patience, func() { p.makeRoom(host, f) })
	p.unanswered[host] = append(p.unanswered[host], f)
	return f
}

// endFirst notes that it has been answered, or has failed. It reports whether its connection was given up.
func (p *pool) endFirst(host string, f *firstExchange, answered bool) (givenUp bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.timer.Stop()
	rest := slices.DeleteFunc(p.unanswered[host], func(other *firstExchange) bool { return other == f })
	if p.unanswered[host] = rest; len(rest) == 0 {
		delete(p.unanswered, host)
	}
	if answered {
		p.noteAnswer(host)
	}
	return f.isGivenUp
}

// noteAnswer notes for the firstExchanges with a host that it has answered another exchange. mu is held.
func (p *pool) noteAnswer(host string) {
	for _, f := range p.unanswered[host] {
		f.hostAnswered = true
		f.giveUpUnacked()
	}
}

// makeRoom gives up the connection of f, whose patience is over, or closes an idle one to its host. Where none is idle,
// putIdle closes the next one whose exchange is over (mustMakeRoom).
func (p *pool) makeRoom(host string, f *firstExchange) {
	p.mu.Lock()
	var h *h1Conn
	if slices.Contains(p.unanswered[host], f) { // else its response came as the timer fired
		f.isOverdue = true
		if !f.giveUpUnacked() {
			if h = p.idle.pop(host); h != nil {
				f.gotRoom()
			} else {
				f.timer.Reset(f.patience)
			}
		}
	}
	p.mu.Unlock()
	if h != nil {
		h.close()
	}
}

// mustMakeRoom reports whether a connection whose exchange is over is to be closed in place of being kept: for a
// firstExchange with the same host that is overdue, and has waited for twice as long as the exchange took. It notes
// that it makes room. mu is held.
func (p *pool) mustMakeRoom(host string, h *h1Conn) bool {
	now := h.idle.since
	for _, f := range p.unanswered[host] {
		if f.isOverdue && h.used && now.Sub(f.began) >= 2*now.Sub(h.began) {
			f.gotRoom()
			return true
		}
	}
	return false
}
