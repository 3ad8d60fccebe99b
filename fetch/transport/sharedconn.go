package transport

import (
	"container/list"
	"crypto/tls"
	"slices"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// This file is how exchanges share connections with HTTP/2 and HTTP/3. A new one with HTTP/2 carries one exchange until
// the server's SETTINGS have come (RFC 9113 section 6.5): how many it allows is not known before, and servers may
// refuse those that are too many, or stop reading (lighttpd 1.4.69). While one has not settled no other is dialed to
// its host, and then one at a time, where all have as many exchanges as the server allows.

// A sharedConn is a connection with HTTP/2 or HTTP/3 in a pool.
type sharedConn struct {
	host string
	over multiplexed
	h2   *h2.Conn   // is over; nil: it speaks HTTP/3
	h3   *h3.Conn   // is over; nil: it speaks HTTP/2
	conn *conn.Conn // nil with HTTP/3, where each exchange has one of its own
	tls  *tls.Conn  // over conn; nil is no TLS, or HTTP/3
	to   Target     // of the request that it was dialed for, without its body; with HTTP/3 alone

	active  int           // exchanges that have it, or are about to; these and all below are guarded by pool.mu
	allowed int           // exchanges at once; 1 until it has settled
	pooled  bool          // it has come into the pool
	settled bool          // the server's SETTINGS have come
	leaving bool          // no further exchange may begin
	silent  bool          // none may begin by now: the server may have forgotten it
	used    bool          // it has carried an exchange
	since   time.Time     // when it became idle
	idle    *list.Element // in sharedConns.idle; nil where it is not idle
}

// A multiplexed is an h2.Conn or an h3.Conn.
type multiplexed interface {
	Close()
	Done() <-chan struct{}
}

// sharedConns are the connections with HTTP/2 and HTTP/3 of a pool, and what it knows of its hosts. Guarded by pool.mu.
type sharedConns struct {
	byHost      map[string][]*sharedConn // those that further exchanges may begin on
	speaksHTTP2 map[string]bool          // by host; false is that it wants HTTP/1.1, none that it is not known
	choseHTTP1  map[string]bool          // hosts that could have chosen HTTP/2 and did not; at most maxKnownHosts
	idle        list.List                // of *sharedConn: the one that became idle first is the first
}

// maxKnownHosts is the number of hosts in speaksHTTP2, and in choseHTTP1, of sharedConns; about 100 bytes each.
const maxKnownHosts = 4096

// close closes the connection.
func (s *sharedConn) close() { s.over.Close() }

// hasRoom reports whether another exchange may have the connection. Where the server allows none at all it waits on
// it, with its limits of time. pool.mu is held.
func (s *sharedConn) hasRoom() bool {
	return !s.leaving && !s.silent && (s.active < s.allowed || s.settled && s.allowed == 0)
}

// give gives a connection to one more exchange.
func (l *sharedConns) give(s *sharedConn) {
	s.active++
	l.removeIdle(s)
}

// removeIdle takes a connection out of those that are idle, where it is one.
func (l *sharedConns) removeIdle(s *sharedConn) {
	if s.idle != nil {
		l.idle.Remove(s.idle)
		s.idle = nil
	}
}

// take returns a connection to host that has room, for an exchange, or nil.
func (l *sharedConns) take(host string) *sharedConn {
	for _, s := range l.byHost[host] {
		if s.hasRoom() {
			l.give(s)
			return s
		}
	}
	return nil
}

// isSettling reports whether a connection to host has yet to settle.
func (l *sharedConns) isSettling(host string) bool {
	return slices.ContainsFunc(l.byHost[host], func(s *sharedConn) bool { return !s.settled })
}

// setHTTP2 takes note of whether a host speaks HTTP/2.
func (l *sharedConns) setHTTP2(host string, speaks bool) {
	if len(l.speaksHTTP2) >= maxKnownHosts {
		clear(l.speaksHTTP2)
	}
	l.speaksHTTP2[host] = speaks
}

// noteHTTP1 takes note that a host has chosen HTTP/1.1.
func (l *sharedConns) noteHTTP1(host string) {
	if len(l.choseHTTP1) >= maxKnownHosts {
		clear(l.choseHTTP1)
	}
	l.choseHTTP1[host] = true
}

// mayChooseHTTP2 reports whether a host may speak HTTP/2 and has chosen nothing yet.
func (l *sharedConns) mayChooseHTTP2(host string) bool {
	_, isKnown := l.speaksHTTP2[host]
	return !isKnown && !l.choseHTTP1[host]
}

// add makes a connection one that further exchanges may begin on.
func (l *sharedConns) add(s *sharedConn) {
	s.pooled = true
	l.byHost[s.host] = append(l.byHost[s.host], s)
}

// forget takes a connection out: no further exchange begins on it.
func (l *sharedConns) forget(s *sharedConn) {
	s.leaving = true
	l.removeIdle(s)
	rest := slices.DeleteFunc(l.byHost[s.host], func(other *sharedConn) bool { return other == s })
	if l.byHost[s.host] = rest; len(rest) == 0 {
		delete(l.byHost, s.host)
	}
}

// addIdle keeps a connection without exchanges as idle. Past most of them it takes out the one that has been idle
// longest, and returns it for the caller to close, else nil.
func (l *sharedConns) addIdle(s *sharedConn, most int) (excess *sharedConn) {
	s.since = time.Now()
	s.idle = l.idle.PushBack(s)
	if l.idle.Len() > most {
		excess = l.idle.Front().Value.(*sharedConn)
		l.forget(excess)
	}
	return excess
}

// removeIf takes the idle connections for which remove is true out, and returns them for the caller to close.
func (l *sharedConns) removeIf(remove func(*sharedConn) bool) (removed []*sharedConn) {
	for e := l.idle.Front(); e != nil; {
		s := e.Value.(*sharedConn)
		e = e.Next()
		if remove(s) {
			l.forget(s)
			removed = append(removed, s)
		}
	}
	return removed
}
