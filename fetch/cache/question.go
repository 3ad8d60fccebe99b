package cache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Question is what a kept answer has to be the answer to (RFC 9111 section 4).
type Question struct {
	// Method is GET or HEAD.
	Method string
	// URL is the target without userinfo and fragment, in one spelling.
	URL string
	// Via is what else decides which server answers, such as a Host header given by hand; empty is nothing.
	Via string
	// Who is a hash of the credentials that go with it; zero is none. What they fetched is found by them alone.
	Who Sum
	// Header is what is sent: Vary names fields of it.
	Header http.Header
}

// Key is where the answer is kept, or the choice of several.
func (q *Question) Key() Key {
	h := sha256.New()
	for _, part := range [...]string{"batchfetch cache 1", q.Method, q.URL, q.Via} {
		h.Write([]byte(part))
		h.Write([]byte{'\n'}) // stands in none of them
	}
	return Key(h.Sum(nil))
}

// A Place is where the answer to a Question is, or would be.
type Place struct {
	primary Key
	choice  *choice // nil where the one answer, if any, is at primary
	at      Key
}

// At is the Key of what Find returned.
func (p *Place) At() Key { return p.at }

// A choice stands in the place of an answer where there are several: told apart by who asks, or by request headers that Vary
// names (RFC 9111 section 4.1). Its origin is drawn when it is made, so that with it all its answers are forgotten.
type choice struct {
	origin Sum
	names  []string // of all Vary lines seen there, sorted
}

// mostNames is how many request headers may tell answers apart; one that depends on more is not kept.
const mostNames = 16

func (e *Entry) asChoice() *choice { return &choice{e.SHA256, e.Header["Vary"]} }

func (c *choice) entry(now time.Time) *Entry {
	return &Entry{kind: ofChoice, SHA256: c.origin, Header: http.Header{"Vary": c.names}, Requested: now, Received: now}
}

// key is where the answer to q is kept, given its choice.
func (c *choice) key(primary Key, q *Question) Key {
	h := sha256.New()
	h.Write(primary[:])
	h.Write(c.origin[:])
	h.Write(q.Who[:])
	for _, name := range c.names {
		h.Write([]byte(name))
		for _, value := range q.Header[name] { // section 4.1: lines of one name may be joined, and space around them does not count
			for word := range strings.SplitSeq(value, ",") {
				h.Write([]byte{','})
				h.Write([]byte(strings.TrimSpace(word)))
			}
		}
		h.Write([]byte{'\n'})
	}
	return Key(h.Sum(nil))
}

// Find looks for the answer to q. Found is nil where there is none.
func Find(ctx context.Context, s Store, q *Question) (*Found, Place, error) {
	p := Place{primary: q.Key()}
	p.at = p.primary
	found, err := s.Get(ctx, p.primary)
	if err != nil || found == nil {
		return nil, p, err
	}
	if found.kind != ofChoice {
		if q.Who != (Sum{}) || !q.codedLike(&found.Entry) { // somebody else's
			found.Close()
			return nil, p, nil
		}
		return found, p, nil
	}
	p.choice = found.asChoice()
	found.Close()
	p.at = p.choice.key(p.primary, q)
	found, err = s.Get(ctx, p.at)
	if found != nil && found.kind == ofChoice {
		found.Close()
		return nil, p, err
	}
	return found, p, err
}

// codingName is the header that nearly every answer varies by, and that a user hardly ever changes: where it is the only one, the one
// answer is kept without a choice, which would cost every hit and every answer another file.
const codingName = "Accept-Encoding"

func (q *Question) coding() string { return strings.Join(q.Header[codingName], ",") }

// codedLike reports whether an answer that varies by Accept-Encoding alone is the one to this question.
func (q *Question) codedLike(e *Entry) bool {
	return e.kind != ofAnswer || !slices.Contains(varyNames(e.Header["Vary"]), codingName) || e.coding == q.coding()
}

// A Draft is an answer on its way into a Store.
type Draft struct {
	Writer
	// Key is where it will be.
	Key Key

	store    Store
	primary  Key
	question *Question
	choice   *choice // to be written with it, unless there is one by then; nil is none
	coding   string
}

var errVaries = errors.New("the answer depends on too many headers")

// Draft begins to keep an answer with this header to q, for which Find returned p.
func (p *Place) Draft(ctx context.Context, s Store, q *Question, header http.Header) (*Draft, error) {
	names := varyNames(header["Vary"])
	d := &Draft{Key: p.primary, store: s, primary: p.primary, question: q}
	if p.choice == nil && q.Who == (Sum{}) && len(names) == 1 && names[0] == codingName {
		d.coding = q.coding()
	} else if p.choice != nil || len(names) > 0 || q.Who != (Sum{}) {
		c := p.choice
		if c == nil || !containsAll(c.names, names) {
			c = p.choice.widen(names)
			d.choice = c
		}
		if len(c.names) > mostNames {
			return nil, errVaries
		}
		d.Key = c.key(p.primary, q)
	}
	w, err := s.Put(ctx, d.Key)
	d.Writer = w
	return d, err
}

// widen returns a choice by more names, or a new one where c is nil.
func (c *choice) widen(names []string) *choice {
	w := new(choice)
	if c != nil {
		w.origin, names = c.origin, slices.Concat(c.names, names)
	} else {
		_, _ = rand.Read(w.origin[:]) // never fails
	}
	slices.Sort(names)
	w.names = slices.Compact(names)
	return w
}

// choiceLocks are held, one of them, while a choice is looked for and written, so that of several answers to one URL that come at once
// the first makes it. Another process may still come between: the last one wins, and the others' answers are fetched once more.
var choiceLocks [64]sync.Mutex

// Commit makes the answer visible, and the choice that leads to it.
func (d *Draft) Commit(ctx context.Context, e *Entry) error {
	e.coding = d.coding
	if d.choice == nil {
		return d.Writer.Commit(ctx, e)
	}
	lock := &choiceLocks[int(d.primary[0])%len(choiceLocks)]
	lock.Lock()
	defer lock.Unlock()
	there, err := choiceAt(ctx, d.store, d.primary)
	if err != nil {
		return err
	}
	c := d.choice
	if there != nil {
		if c = there; !containsAll(c.names, d.choice.names) {
			c = there.widen(d.choice.names)
		}
		if len(c.names) > mostNames {
			return errVaries
		}
	}
	if err := d.Writer.Commit(ctx, e); err != nil {
		return err
	}
	if err := move(ctx, d.store, d.Key, c.key(d.primary, d.question)); err != nil || c == there {
		return err
	}
	return Write(ctx, d.store, d.primary, c.entry(e.Received))
}

// choiceAt returns the choice under primary, nil where there is none.
func choiceAt(ctx context.Context, s Store, primary Key) (*choice, error) {
	found, err := s.Get(ctx, primary)
	if err != nil || found == nil {
		return nil, err
	}
	defer found.Close()
	if found.kind != ofChoice {
		return nil, nil
	}
	return found.asChoice(), nil
}

var errNotThere = errors.New("what has just been kept is not there")

// move keeps under another key what was kept under from.
func move(ctx context.Context, s Store, from, to Key) error {
	if from == to {
		return nil
	}
	found, err := s.Get(ctx, from)
	if err != nil {
		return err
	}
	if found == nil {
		return errNotThere
	}
	defer found.Close()
	w, err := s.Put(ctx, to)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err = io.Copy(w, found); err == nil {
		err = w.Commit(ctx, &found.Entry)
	}
	return errors.Join(err, s.Delete(ctx, from))
}

// Write keeps an Entry without a body.
func Write(ctx context.Context, s Store, key Key, e *Entry) error {
	w, err := s.Put(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	return w.Commit(ctx, e)
}

// Forget removes what is kept for a URL by any method that is kept, whoever asked (RFC 9111 section 4.4).
func Forget(ctx context.Context, s Store, q Question) error {
	var err error
	for _, q.Method = range [...]string{http.MethodGet, http.MethodHead} {
		err = errors.Join(err, s.Delete(ctx, q.Key()))
	}
	return err
}

// variesByAll reports whether an answer depends on more than headers (RFC 9110 section 12.5.5).
func variesByAll(vary []string) bool {
	for _, line := range vary {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == "*" {
				return true
			}
		}
	}
	return false
}

// varyNames lists the request headers that chose an answer, the star aside.
func varyNames(vary []string) []string {
	var names []string
	for _, line := range vary {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && name != "*" && len(names) <= mostNames {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func containsAll(all, some []string) bool {
	for _, name := range some {
		if !slices.Contains(all, name) {
			return false
		}
	}
	return true
}
