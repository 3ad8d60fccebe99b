package cache

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// A Draft is a response that is being written to a Store.
type Draft struct {
	Writer
	// Key is where it will be stored.
	Key Key

	store   Store
	primary Key
	request *Request
	choice  *choice // to be written with it, unless there is one by then; nil means none
	coding  string  // of its Entry
}

// errVaries means that a response varies by more than mostNames headers.
var errVaries = errors.New("the answer depends on too many headers")

// Draft begins to store a response with this header to r, for which Find returned p.
func (p *Place) Draft(ctx context.Context, s Store, r *Request, header http.Header) (*Draft, error) {
	names := varyNames(header["Vary"])
	d := &Draft{Key: p.primary, store: s, primary: p.primary, request: r}
	if p.choice == nil && r.Who == (Sum{}) && len(names) == 1 && names[0] == codingName {
		d.coding = r.coding()
	} else if p.choice != nil || len(names) > 0 || r.Who != (Sum{}) {
		c := p.choice
		if c == nil || !containsAll(c.names, names) {
			c = p.choice.widen(names)
			d.choice = c
		}
		if len(c.names) > mostNames {
			return nil, errVaries
		}
		d.Key = c.key(p.primary, r)
	}
	w, err := s.Put(ctx, d.Key)
	d.Writer = w
	return d, err
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
	if err := move(ctx, d.store, d.Key, c.key(d.primary, d.request)); err != nil || c == there {
		return err
	}
	return Write(ctx, d.store, d.primary, c.entry(e.Received))
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
