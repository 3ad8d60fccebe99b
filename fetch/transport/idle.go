package transport

import "time"

// idleConns are the idle connections with HTTP/1.1 of a pool, in two orders: of each host, and of all hosts together,
// those in which they became idle. Guarded by pool.mu.
type idleConns struct {
	byHost map[string]*h1Conn // of each host the connection that became idle last
	oldest *h1Conn            // the idle connection that became idle first, or nil
	newest *h1Conn            // the one that became idle last
	count  int
}

// pop takes the connection of a host that became idle last out of the lists, or nil.
func (l *idleConns) pop(host string) *h1Conn {
	h := l.byHost[host]
	if h != nil {
		l.remove(h)
	}
	return h
}

// push adds a connection to a host, which has become idle.
func (l *idleConns) push(host string, h *h1Conn) {
	h.idle = idleEntry{host: host, since: h.idle.since, lruOlder: l.newest, hostOlder: l.byHost[host]}
	if h.idle.hostOlder != nil {
		h.idle.hostOlder.idle.hostNewer = h
	}
	l.byHost[host] = h
	if l.newest != nil {
		l.newest.idle.lruNewer = h
	} else {
		l.oldest = h
	}
	l.newest = h
	l.count++
}

// remove takes an idle connection out of both lists.
func (l *idleConns) remove(h *h1Conn) {
	l.count--
	at := &h.idle
	switch {
	case at.hostNewer != nil:
		at.hostNewer.idle.hostOlder = at.hostOlder
	case at.hostOlder != nil:
		l.byHost[at.host] = at.hostOlder
	default:
		delete(l.byHost, at.host)
	}
	if at.hostOlder != nil {
		at.hostOlder.idle.hostNewer = at.hostNewer
	}
	if at.lruOlder != nil {
		at.lruOlder.idle.lruNewer = at.lruNewer
	} else {
		l.oldest = at.lruNewer
	}
	if at.lruNewer != nil {
		at.lruNewer.idle.lruOlder = at.lruOlder
	} else {
		l.newest = at.lruOlder
	}
	h.idle = idleEntry{since: at.since}
}

// removeIf takes the connections for which remove is true out of the lists, and returns them.
func (l *idleConns) removeIf(remove func(*h1Conn) bool) (removed []*h1Conn) {
	for h := l.oldest; h != nil; {
		next := h.idle.lruNewer
		if remove(h) {
			l.remove(h)
			removed = append(removed, h)
		}
		h = next
	}
	return removed
}

// removeUnread takes the connections to a host out of the lists over which nothing has come since then, and returns
// them.
func (l *idleConns) removeUnread(host string, since time.Time) (unread []*h1Conn) {
	for h := l.byHost[host]; h != nil; {
		older := h.idle.hostOlder
		if h.conn.LastRead().Before(since) {
			l.remove(h)
			unread = append(unread, h)
		}
		h = older
	}
	return unread
}
