package resolver

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// quickLookup is the time under which an answer without a TTL, of a hosts file or of the C library, is kept for
// quickTTL alone: it is had again at once, and follows the file.
const quickLookup, quickTTL = 5 * time.Millisecond, time.Second

// A transcript is what servers were asked in one look-up, and what they replied. Any goroutine may use it.
type transcript struct {
	host string

	mu      sync.Mutex // guards all below, and pending.awaited
	began   time.Time
	entered bool          // the gate has let it in
	queries int           // sent
	server  string        // asked last; "" is none
	least   time.Duration // of the TTLs of addresses; 0 is none
	refused bool          // a server refused
	pairs   map[dnsmessage.Name]*pair
	memo    map[dnsmessage.Question]*asked
}

// A pair is the questions for either family of one name.
type pair struct {
	usable chan struct{} // closed once one family has addresses, or the name does not exist
	took   time.Duration // until then
	gone   bool          // the name does not exist
}

// An asked is how often net.Resolver has asked a question, and the last reply.
type asked struct {
	times int
	reply reply
}

// A pending is a question whose reply has not come.
type pending struct {
	question dnsmessage.Question
	pair     *pair
	began    time.Time
	awaited  bool // its reply is waited for, and has not come
}

// begin forgets all but the number of queries, as the look-up is made, or made again.
func (t *transcript) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.began, t.entered, t.server, t.least, t.refused = time.Now(), true, "", 0, false
	t.pairs, t.memo = make(map[dnsmessage.Name]*pair), make(map[dnsmessage.Question]*asked)
}

// countQuery counts a query that is sent to a server.
func (t *transcript) countQuery(server string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queries++
	t.server = server
}

// repeated returns the reply to a question that net.Resolver asks of the next server: an exchange has asked all of
// them. It is nil for the first, and where it begins again with the first server.
func (t *transcript) repeated(q dnsmessage.Question, servers int) *reply {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.memo[q]
	if known == nil {
		known = new(asked)
		t.memo[q] = known
	}
	known.times++
	if (known.times-1)%servers == 0 {
		return nil
	}
	return &known.reply
}

// ask records that a question is asked, whose reply is waited for.
func (t *transcript) ask(q dnsmessage.Question) *pending {
	t.mu.Lock()
	defer t.mu.Unlock()
	both := t.pairs[q.Name]
	if both == nil {
		both = &pair{usable: make(chan struct{})}
		t.pairs[q.Name] = both
	}
	return &pending{question: q, pair: both, began: time.Now(), awaited: true}
}

// settle records the reply to a question, and reports true; or reports false where it was abandoned and the reply has
// addresses.
func (t *transcript) settle(p *pending, got *reply) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !p.awaited {
		return len(got.addrs) == 0
	}
	p.awaited = false
	t.memo[p.question].reply = *got
	switch {
	case !got.isConclusive():
		t.refused = t.refused || got.err == nil && got.rcode == dnsmessage.RCodeRefused
	case len(got.addrs) > 0:
		if t.least == 0 || got.ttl < t.least {
			t.least = got.ttl
		}
	case got.rcode == dnsmessage.RCodeNameError && p.question.Type == dnsmessage.TypeA:
		p.pair.gone = true // of AAAA it may be wrong (RFC 4074)
	}
	if p.pair.gone || len(got.addrs) > 0 {
		select {
		case <-p.pair.usable:
		default:
			p.pair.took = time.Since(p.began)
			close(p.pair.usable)
		}
	}
	return true
}

// abandon ends the wait for a reply, and reports whether it had not come.
func (t *transcript) abandon(p *pending) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := p.awaited
	p.awaited = false
	return was
}

// isAwaited reports whether a reply is waited for.
func (t *transcript) isAwaited(p *pending) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return p.awaited
}

// usableAfter returns how long after the question one of its pair was usable.
func (t *transcript) usableAfter(p *pending) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return p.pair.took
}

// wasRefused reports whether a server refused.
func (t *transcript) wasRefused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// ttl returns how long the answer may be kept by what it says itself.
func (t *transcript) ttl(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.least > 0:
		return min(max(t.least, minTTL), maxTTL)
	case now.Sub(t.began) < quickLookup:
		return quickTTL
	}
	return minTTL
}

// explain returns the Error that an error of net.Resolver comes to. That has no codes: it takes a server's failure for
// the name's where the other family has no addresses.
func (t *transcript) explain(err error) *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if got := t.troubleLocked(); got != nil {
		if errors.Is(got.err, errSilent) {
			return &Error{Host: t.host, Text: t.silenceLocked()}
		}
		text := shown(got.server) + " " + got.says()
		if got.err != nil && isAssumed(got.server) {
			text += "; /etc/resolv.conf names no resolver"
		}
		return &Error{Host: t.host, Text: text, Err: got.err}
	}
	var name *net.DNSError
	var family *net.AddrError
	switch {
	case errors.As(err, &name) && name.IsNotFound, errors.As(err, &family):
		return &Error{Host: t.host, NotFound: true}
	case errors.As(err, &name):
		return &Error{Host: t.host, Text: name.Err, Err: err}
	}
	return &Error{Host: t.host, Text: err.Error(), Err: err}
}

// progress returns the Error for a call of Lookup that ends before the look-up.
func (t *transcript) progress() *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &Error{Host: t.host, Waiting: true}
	got := t.troubleLocked()
	switch {
	case !t.entered:
		e.Text = "other look-ups are to end first"
	case got != nil && !errors.Is(got.err, errSilent):
		e.Text, e.Err = shown(got.server)+" "+got.says(), got.err
	case t.server == "":
		e.Text = "the system's resolver has not answered"
	default:
		e.Text = t.silenceLocked()
	}
	return e
}

// silenceLocked says which server has not answered, and how many queries were sent where it is more than one. mu is
// held.
func (t *transcript) silenceLocked() string {
	text := "no answer from " + shown(t.server)
	if t.queries < 2 {
		return text
	}
	return fmt.Sprintf("%s (%d queries)", text, t.queries)
}

// troubleLocked returns the most telling of the last replies that were not conclusive; nil is none. A name that does
// not exist has none. mu is held.
func (t *transcript) troubleLocked() *reply {
	var worst *reply
	for q, known := range t.memo {
		got := &known.reply
		if !got.isConclusive() && !t.pairs[q.Name].gone && (worst == nil || weight(*got) > weight(*worst)) {
			worst = got
		}
	}
	return worst
}
