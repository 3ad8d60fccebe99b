package cache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// A Reporter records which bodies a run has reported to the user, so that a later run reports only those that have
// changed. Each Entry that the run stores names the run; it counts as reported only once Confirm has recorded that the
// run has ended. So what a killed run had not written out is reported again by the next one, and nothing is left out.
type Reporter struct {
	store       Store
	id          Sum         // of this run, random
	unconfirmed atomic.Bool // an Entry names this run, so Confirm has something to record

	mu        sync.Mutex   // guards confirmed
	confirmed map[Sum]bool // by other runs that were looked up: whether they are confirmed
}

// NewReporter returns the Reporter of a new run.
func NewReporter(store Store) *Reporter {
	t := &Reporter{store: store, confirmed: make(map[Sum]bool)}
	_, _ = rand.Read(t.id[:]) // never fails
	return t
}

// LastReported returns the hash of the body that was reported to the user last, given the stored Entry; zero means
// none.
func (t *Reporter) LastReported(ctx context.Context, e *Entry) Sum {
	if e.Reporter == (Sum{}) || !t.isConfirmed(ctx, e.Reporter) {
		return e.ReportedBefore
	}
	return e.SHA256
}

// MarkReported sets in e, before it is stored, the hash that was reported last, and this run where the body of e is
// another and so is reported by it.
func (t *Reporter) MarkReported(e *Entry, reported Sum) {
	e.ReportedBefore, e.Reporter = reported, Sum{}
	if reported != e.SHA256 {
		e.Reporter = t.id
		t.unconfirmed.Store(true)
	}
}

// mostRuns bounds how many other runs a Reporter caches.
const mostRuns = 1000

// isConfirmed reports whether a run has ended with Confirm. It reads the Store once for each run.
func (t *Reporter) isConfirmed(ctx context.Context, run Sum) bool {
	if run == t.id { // what an equal request of this run reports is new to this request too
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock() // held while the Store is read, so that a run is looked up once: there are few
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

// Confirm records that all that this run had to report was reported to the user.
func (t *Reporter) Confirm(ctx context.Context, now time.Time) error {
	if !t.unconfirmed.Load() {
		return nil
	}
	return Write(ctx, t.store, runKey(t.id), Digest(t.id, now))
}

// runKey returns the key under which the confirmation of a run is stored.
func runKey(run Sum) Key {
	return sha256.Sum256(append([]byte("batchfetch run "), run[:]...))
}

// KeepDigest stores e, a Digest of a response to r that was not stored itself, for which Find returned p.
func (p *Place) KeepDigest(ctx context.Context, s Store, r *Request, e *Entry) error {
	d, err := p.Draft(ctx, s, r, nil)
	if err != nil {
		return err
	}
	defer d.Abort()
	return d.Commit(ctx, e)
}
