package fetch

import (
	"context"
	"slices"
)

// Who finds no link idle has one made, and takes whichever comes first: a link that is made, its own or another's, or one that
// somebody has done with. A server that takes few connections at once leaves others unanswered; those it has taken serve all.

// A waiting is who waits for a link of one host.
type waiting struct {
	line  []*waiter // the longest first
	dials int       // under way: never fewer than wait
}

// A waiter is an exchange that waits for a link.
type waiter struct {
	ctx    context.Context
	to     target       // a copy: what is made for it may outlast the exchange, and the Task goes on
	came   chan arrival // takes one
	giveUp context.CancelCauseFunc
	dials  bool // a link is being made in its name
}

// An arrival is what a wait comes to: a link, why none could be made, or neither: then it is to be looked again.
type arrival struct {
	link *link
	err  error
}

// get returns a link to where a target leads: one that lies idle, or the first that comes. nil without an error says that things
// have changed: there is an HTTP/2 connection now.
func (ls *links) get(ctx context.Context, to *target) (*link, error) {
	key := ls.key(to)
	for {
		l, w := ls.takeOrWait(ctx, key, to)
		if l == nil {
			a := ls.await(ctx, key, w)
			if a.link == nil {
				return nil, a.err
			}
			l = a.link
		}
		if l.isQuiet() {
			return l, nil
		}
		l.hangUp()
	}
}

func (ls *links) takeOrWait(ctx context.Context, key string, to *target) (*link, *waiter) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.lift(key); l != nil {
		return l, nil
	}
	w := &waiter{ctx: ctx, to: *to, came: make(chan arrival, 1)}
	host := ls.waits[key]
	if host == nil {
		host = new(waiting)
		ls.waits[key] = host
	}
	host.line = append(host.line, w)
	ls.balance(key, host)
	return nil, w
}

// await waits for a link until ctx ends. The making of its own then ends too, and says what was not done.
func (ls *links) await(ctx context.Context, key string, w *waiter) arrival {
	select {
	case a := <-w.came:
		return a
	case <-ctx.Done():
		ls.abandon(key, w)
		return <-w.came
	}
}

// abandon ends a wait, unless something has come already.
func (ls *links) abandon(key string, w *waiter) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	host := ls.waits[key]
	switch {
	case host == nil || !slices.Contains(host.line, w):
	case w.dials:
		w.giveUp(context.Cause(w.ctx))
	default:
		host.dismiss(w)
		ls.balance(key, host)
	}
}

// dismiss ends the wait of w with the end of its context.
func (h *waiting) dismiss(w *waiter) {
	if h.strike(w) {
		w.came <- arrival{err: context.Cause(w.ctx)}
	}
}

// balance has links made while fewer are than are waited for, and forgets a host that nobody waits for.
func (ls *links) balance(key string, host *waiting) {
	for host.dials < len(host.line) && !ls.ended {
		i := slices.IndexFunc(host.line, func(w *waiter) bool { return !w.dials })
		w := host.line[i] // there is one: each that has a link made counts
		var ctx context.Context
		ctx, w.giveUp = context.WithCancelCause(context.WithoutCancel(w.ctx)) // whoever comes to want the link
		w.dials = true
		host.dials++
		ls.making.Go(func() { ls.make(ctx, key, w) })
	}
	if len(host.line) == 0 && host.dials == 0 {
		delete(ls.waits, key)
	}
}

// make makes a link in the name of w.
func (ls *links) make(ctx context.Context, key string, w *waiter) {
	stop := context.AfterFunc(ls.life, func() { w.giveUp(context.Cause(ls.life)) })
	l, err := ls.dial(ctx, &w.to)
	stop()
	if surplus := ls.made(key, w, l, err); surplus != nil {
		surplus.hangUp()
	}
}

// made hands on what came of making a link, all at once: nobody is to miss a link that is neither on its way any more nor idle yet.
// What it returns is to be hung up; nil is nothing.
func (ls *links) made(key string, w *waiter, l *link, err error) (surplus *link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	host := ls.waits[key]
	host.dials--
	w.dials = false
	switch {
	case err != nil && host.strike(w):
		w.came <- arrival{err: err}
	case err != nil || host.serve(w, l):
	case l.shared:
		surplus = l
	default:
		surplus = ls.lay(key, l)
	}
	if w.ctx.Err() != nil { // it waited for nothing else any more
		host.dismiss(w)
	}
	ls.balance(key, host)
	return surplus
}

// serve gives a link to whoever has waited longest, one that others will share to w where that still waits.
func (h *waiting) serve(w *waiter, l *link) bool {
	if len(h.line) == 0 {
		return false
	}
	if !l.shared || !slices.Contains(h.line, w) {
		w = h.line[0]
	}
	h.strike(w)
	w.came <- arrival{link: l}
	return true
}

// strike takes w off the line, and reports whether it was there.
func (h *waiting) strike(w *waiter) bool {
	i := slices.Index(h.line, w)
	if i >= 0 {
		h.line = slices.Delete(h.line, i, i+1)
	}
	return i >= 0
}

// look wakes all that wait for a link of a host.
func (ls *links) look(key string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	host := ls.waits[key]
	if host == nil {
		return
	}
	for _, w := range host.line {
		w.came <- arrival{}
	}
	host.line = nil
	ls.balance(key, host)
}
