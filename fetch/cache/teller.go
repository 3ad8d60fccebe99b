package cache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// A Teller is a run that tells only of bodies that its user has not been told of before. What it keeps says that this run tells of it;
// only once Confirm has said that the run has come to its end does that count as told. So what a run has in hand when it is
// killed is told again by the next one, and nothing is passed over.
type Teller struct {
	store       Store
	id          Sum
	unconfirmed atomic.Bool // there is something to confirm

	mu        sync.Mutex
	confirmed map[Sum]bool // other runs, as far as they were asked for
}

// NewTeller returns the Teller of a run that begins.
func NewTeller(store Store) *Teller {
	t := &Teller{store: store, confirmed: make(map[Sum]bool)}
	_, _ = rand.Read(t.id[:]) // never fails
	return t
}

// Told returns the hash of the body that the user has been told of last, given the Entry that is kept; zero is none.
func (t *Teller) Told(ctx context.Context, e *Entry) Sum {
	if e.Teller == (Sum{}) || !t.isConfirmed(ctx, e.Teller) {
		return e.Seen
	}
	return e.SHA256
}

// Sign notes in e, which is about to be kept, what the user had been told of before, and that this run tells of what is new.
func (t *Teller) Sign(e *Entry, told Sum) {
	e.Seen, e.Teller = told, Sum{}
	if told != e.SHA256 {
		e.Teller = t.id
		t.unconfirmed.Store(true)
	}
}

// mostRuns bounds how many runs a Teller remembers to have asked for.
const mostRuns = 1000

func (t *Teller) isConfirmed(ctx context.Context, run Sum) bool {
	if run == t.id { // what an equal request of this run tells of is news to this one too
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock() // while the Store is asked, so that not everybody asks: there are few runs
	known, asked := t.confirmed[run]
	if asked {
		return known
	}
	found, err := t.store.Get(ctx, runKey(run))
	if found != nil {
		found.Close()
	}
	if len(t.confirmed) >= mostRuns {
		clear(t.confirmed)
	}
	if err == nil {
		t.confirmed[run] = found != nil
	}
	return found != nil
}

// Confirm says that the user has been told of all that this run had to tell.
func (t *Teller) Confirm(ctx context.Context, now time.Time) error {
	if !t.unconfirmed.Load() {
		return nil
	}
	return Write(ctx, t.store, runKey(t.id), Digest(t.id, now))
}

func runKey(run Sum) Key {
	return sha256.Sum256(append([]byte("batchfetch run "), run[:]...))
}

// KeepDigest keeps the hash alone of an answer to q that was not kept itself, for which Find returned p.
func (p *Place) KeepDigest(ctx context.Context, s Store, q *Question, e *Entry) error {
	d, err := p.Draft(ctx, s, q, nil)
	if err != nil {
		return err
	}
	defer d.Abort()
	return d.Commit(ctx, e)
}
