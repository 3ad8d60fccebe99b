package fetch

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// idleTimeout is how long a link may lie idle, as net/http has it by default, and sweepEvery how often those are hung up that have,
// and those that the other side has closed.
const idleTimeout, sweepEvery = 90 * time.Second, 10 * time.Second

// Links are the road over HTTP/1.1: those that lie idle, and how others are made. No goroutine waits at one that lies idle:
// it is looked at when it is wanted and every now and then, and hung up when it has lain for idleTimeout. A new one is only made
// where none lies idle and no other is on its way, so that a host has no more of them than it has had flights.
type links struct {
	dial  func(ctx context.Context, to *target) (*link, error)
	proxy *proxy // that they lead to, and that is asked for whole URLs; nil is none
	login []byte // a header line that it has to be told; nil is none
	most  int    // idle at once

	mu     sync.Mutex
	top    map[string]*link // of each host the link that has lain the shortest
	oldest *link            // of all that lie idle
	newest *link
	count  int
	sweep  *time.Timer
	waits  map[string]*waiting // by key
	ended  bool                // nothing is laid by any more

	making sync.WaitGroup
	life   context.Context // of what is being made
	die    context.CancelFunc
}

// idle is a link's place among those that lie idle: by the time that they have, and among those of the same host.
type idle struct {
	key          string
	since        time.Time
	older, newer *link
	under, above *link
}

func newLinks(o *Options, dial func(context.Context, *target) (*link, error)) *links {
	ls := &links{dial: dial, most: mostIdle(o), top: make(map[string]*link), waits: make(map[string]*waiting)}
	ls.life, ls.die = context.WithCancel(context.Background())
	return ls
}

// ask does it over a link that lies idle, or over the first that comes.
func (ls *links) ask(ctx context.Context, x *exchange) (*http.Response, error) {
	for {
		l, err := ls.get(ctx, x.to)
		if err != nil {
			return nil, err
		}
		if resp, again, err := ls.over(ctx, l, x); !again {
			return resp, err
		}
	}
}

// over asks over l. It is to be asked again where the other side closed a link under it that lay idle, before an answer began,
// and where that can't do anything twice (RFC 9110 section 9.2.2).
func (ls *links) over(ctx context.Context, l *link, x *exchange) (resp *http.Response, again bool, err error) {
	again = l.isKept()
	resp, err = l.ask(ctx, x, ls)
	switch {
	case err == nil || !again || x.spoke.Load() || ctx.Err() != nil || !x.to.isReplayable():
		return resp, false, err
	case x.once:
		return nil, false, failf(Truncated, "the connection closed before an answer, and the request is not to be sent again")
	}
	x.lets()
	return nil, true, nil
}

// isReplayable reports whether asking twice is as good as once: by the method, or the user's word (draft-ietf-httpapi-idempotency-key-header).
func (t *target) isReplayable() bool {
	switch t.method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return len(t.header["Idempotency-Key"]) > 0 || len(t.header["X-Idempotency-Key"]) > 0
}

// key says which links lead to a target.
func (ls *links) key(to *target) string {
	if ls.proxy != nil {
		return ""
	}
	return to.host
}

// take returns the link that has lain idle for the shortest, of those with that key; nil is none.
func (ls *links) take(key string) *link {
	for {
		l := ls.pop(key)
		if l == nil || l.isQuiet() {
			return l
		}
		l.hangUp()
	}
}

func (ls *links) pop(key string) *link {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.lift(key)
}

// lift is pop with mu held.
func (ls *links) lift(key string) *link {
	l := ls.top[key]
	if l != nil {
		ls.remove(l)
	}
	return l
}

// put lays a link by, or gives it to whoever has waited longest. Where there are too many, the one that has lain the longest is hung up.
func (ls *links) put(key string, l *link) {
	ls.mu.Lock()
	surplus := ls.lay(key, l)
	ls.mu.Unlock()
	if surplus != nil {
		surplus.hangUp()
	}
}

// lay is put with mu held; what it returns is to be hung up, nil is nothing.
func (ls *links) lay(key string, l *link) (surplus *link) {
	if ls.ended {
		return l
	}
	if host := ls.waits[key]; host != nil && host.serve(nil, l) {
		return nil
	}
	l.idle = idle{key: key, since: time.Now(), older: ls.newest, under: ls.top[key]}
	if l.under != nil {
		l.under.above = l
	}
	ls.top[key] = l
	if ls.newest != nil {
		ls.newest.newer = l
	} else {
		ls.oldest = l
	}
	ls.newest = l
	if ls.count++; ls.count > ls.most {
		surplus = ls.oldest
		ls.remove(surplus)
	}
	if ls.sweep == nil {
		ls.sweep = time.AfterFunc(sweepEvery, ls.sweepUp)
	}
	return surplus
}

func (ls *links) remove(l *link) {
	ls.count--
	switch {
	case l.above != nil:
		l.above.under = l.under
	case l.under != nil:
		ls.top[l.key] = l.under
	default:
		delete(ls.top, l.key)
	}
	if l.under != nil {
		l.under.above = l.above
	}
	if l.older != nil {
		l.older.newer = l.newer
	} else {
		ls.oldest = l.newer
	}
	if l.newer != nil {
		l.newer.older = l.older
	} else {
		ls.newest = l.older
	}
	l.idle = idle{since: l.since}
}

// sweepUp hangs up what has lain too long, or is of no use.
func (ls *links) sweepUp() {
	since := time.Now().Add(-idleTimeout)
	for _, l := range ls.cut(func(l *link) bool { return !l.since.After(since) || l.conn.peek.readable() }) {
		l.hangUp()
	}
}

// close hangs up all that lies idle.
func (ls *links) close() {
	for _, l := range ls.cut(func(*link) bool { return true }) {
		l.hangUp()
	}
}

// end is the last close. What is being made is given up, and what comes later hung up.
func (ls *links) end() {
	ls.mu.Lock()
	ls.ended = true
	ls.mu.Unlock()
	ls.die()
	ls.making.Wait()
	ls.close()
}

// cut takes away those that are to go, and sees to the next sweep.
func (ls *links) cut(goes func(*link) bool) (gone []*link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for l := ls.oldest; l != nil; {
		next := l.newer
		if goes(l) {
			ls.remove(l)
			gone = append(gone, l)
		}
		l = next
	}
	if ls.sweep != nil {
		ls.sweep.Stop()
		ls.sweep = nil
	}
	if ls.oldest != nil {
		ls.sweep = time.AfterFunc(sweepEvery, ls.sweepUp)
	}
	return gone
}
