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

// A Question is the part of a request that selects a stored response (RFC 9111 section 4).
type Question struct {
	// Method is GET or HEAD.
	Method string
	// URL is the target without userinfo and fragment, normalized.
	URL string
	// Via is what else decides which server responds, such as a Host header given by the user; empty is nothing.
	Via string
	// Who is a hash of the credentials that are sent; zero means none. Responses to them are found with the same ones
	// alone.
	Who Sum
	// Header is the request's header: Vary names fields of it.
	Header http.Header
}

// Key returns the key under which the response is stored, or the choice of several.
func (q *Question) Key() Key {
	h := sha256.New()
	for _, part := range [...]string{"batchfetch cache 1", q.Method, q.URL, q.Via} {
		h.Write([]byte(part))
		h.Write([]byte{'\n'}) // which none of them contains
	}
	return Key(h.Sum(nil))
}

// A Place is where the response to a Question is stored, or would be.
type Place struct {
	primary Key     // of the Question
	choice  *choice // nil where the one response, if any, is at primary
	at      Key     // of what Find returned
}

// At returns the Key of what Find returned.
func (p *Place) At() Key { return p.at }

// A choice is stored under the primary key where there are several responses, selected by credentials, or by the
// request headers that Vary names (RFC 9111 section 4.1). Its origin is random, so that without it its responses can't
// be found.
type choice struct {
	origin Sum
	names  []string // of all Vary lines of these responses, sorted
}

// asChoice returns the choice that e describes.
func (e *Entry) asChoice() *choice { return &choice{e.SHA256, e.Header["Vary"]} }

// entry returns the Entry that describes c.
func (c *choice) entry(now time.Time) *Entry {
	return &Entry{kind: ofChoice, SHA256: c.origin, Header: http.Header{"Vary": c.names}, Requested: now, Received: now}
}

// key returns the key under which the response to q is stored, where c is the choice under primary.
func (c *choice) key(primary Key, q *Question) Key {
	h := sha256.New()
	h.Write(primary[:])
	h.Write(c.origin[:])
	h.Write(q.Who[:])
	for _, name := range c.names {
		h.Write([]byte(name))
		// Section 4.1: lines with one name may be joined, and white space around values is ignored.
		for _, value := range q.Header[name] {
			for word := range strings.SplitSeq(value, ",") {
				h.Write([]byte{','})
				h.Write([]byte(strings.TrimSpace(word)))
			}
		}
		h.Write([]byte{'\n'})
	}
	return Key(h.Sum(nil))
}

// Find looks up the response to q with at most two reads of the Store. Found is nil where nothing is stored.
func Find(ctx context.Context, s Store, q *Question) (*Found, Place, error) {
	p := Place{primary: q.Key()}
	p.at = p.primary
	found, err := s.Get(ctx, p.primary)
	if err != nil || found == nil {
		return nil, p, err
	}
	if found.kind != ofChoice {
		if q.Who != (Sum{}) || !q.codedLike(&found.Entry) { // to another request
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

// A keyKnower is a Store that may know, without a look at what it has, that it has nothing under a key: as a directory
// that this process has made.
type keyKnower interface {
	knowsKeys() bool    // of some key
	lacks(key Key) bool // certainly; false may be either
}

// KnowsMissing reports whether FindMissing may know of some Question, which most Stores never do.
func KnowsMissing(s Store) bool {
	k, ok := s.(keyKnower)
	return ok && k.knowsKeys()
}

// FindMissing is Find where the Store knows without a look that there is no response to q: then it returns what Find
// would, and true.
func FindMissing(s Store, q *Question) (Place, bool) {
	k, ok := s.(keyKnower)
	if !ok {
		return Place{}, false
	}
	key := q.Key()
	return Place{primary: key, at: key}, k.lacks(key)
}

// codingName is the header by which nearly every response varies, and which users hardly ever change. Where it is the
// only one, the response is stored without a choice, which would cost every hit and every response another file.
const codingName = "Accept-Encoding"

// coding returns the request's Accept-Encoding.
func (q *Question) coding() string { return strings.Join(q.Header[codingName], ",") }

// codedLike reports whether a response that varies by Accept-Encoding alone was selected by the value that q has.
func (q *Question) codedLike(e *Entry) bool {
	return e.kind != ofAnswer || !slices.Contains(varyNames(e.Header["Vary"]), codingName) || e.coding == q.coding()
}

// A Draft is a response that is being written to a Store.
type Draft struct {
	Writer
	// Key is where it will be stored.
	Key Key

	store    Store
	primary  Key
	question *Question
	choice   *choice // to be written with it, unless there is one by then; nil means none
	coding   string  // of its Entry
}

// errVaries means that a response varies by more than mostNames headers.
var errVaries = errors.New("the answer depends on too many headers")

// Draft begins to store a response with this header to q, for which Find returned p.
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

// widen returns a copy of c with more names, or a new choice where c is nil.
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

// choiceLocks serialize, one of them by primary key, the reading and writing of a choice, so that of several concurrent
// responses to one URL the first makes it. Another process may still do so at the same time: the last one wins, and the
// responses of the others are fetched again.
var choiceLocks [64]sync.Mutex

// Commit makes the response visible, and the choice that selects it.
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

// choiceAt returns the choice under primary; nil means none.
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

// errNotThere means that another process has removed a response that was just stored.
var errNotThere = errors.New("what has just been kept is not there")

// move stores under the key to what is stored under from, and deletes it there.
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

// Write stores an Entry without a body.
func Write(ctx context.Context, s Store, key Key, e *Entry) error {
	w, err := s.Put(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	return w.Commit(ctx, e)
}

// Forget removes the stored responses for a URL, to GET and HEAD and to any credentials (RFC 9111 section 4.4).
func Forget(ctx context.Context, s Store, q Question) error {
	var err error
	for _, q.Method = range [...]string{http.MethodGet, http.MethodHead} {
		err = errors.Join(err, s.Delete(ctx, q.Key()))
	}
	return err
}
