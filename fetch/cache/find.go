package cache

import (
	"context"
	"errors"
	"net/http"
)

// A Place is where the response to a Request is stored, or would be.
type Place struct {
	primary Key     // of the Request
	choice  *choice // nil where the one response, if any, is at primary
	at      Key     // of what Find returned
}

// At returns the Key of what Find returned.
func (p *Place) At() Key { return p.at }

// Find looks up the response to r with at most two reads of the Store. Found is nil where nothing is stored.
func Find(ctx context.Context, s Store, r *Request) (*Found, Place, error) {
	p := Place{primary: r.Key()}
	p.at = p.primary
	found, err := s.Get(ctx, p.primary)
	if err != nil || found == nil {
		return nil, p, err
	}
	if found.kind != ofChoice {
		if r.Who != (Sum{}) || !r.codedLike(&found.Entry) { // to another request
			found.Close()
			return nil, p, nil
		}
		return found, p, nil
	}
	p.choice = found.asChoice()
	found.Close()
	p.at = p.choice.key(p.primary, r)
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

// KnowsMissing reports whether FindMissing may know of some Request, which most Stores never do.
func KnowsMissing(s Store) bool {
	k, ok := s.(keyKnower)
	return ok && k.knowsKeys()
}

// FindMissing is Find where the Store knows without a look that there is no response to r: then it returns what Find
// would, and true.
func FindMissing(s Store, r *Request) (Place, bool) {
	k, ok := s.(keyKnower)
	if !ok {
		return Place{}, false
	}
	key := r.Key()
	return Place{primary: key, at: key}, k.lacks(key)
}

// Forget removes the stored responses for a URL, to GET and HEAD and to any credentials (RFC 9111 section 4.4).
func Forget(ctx context.Context, s Store, r Request) error {
	var err error
	for _, r.Method = range [...]string{http.MethodGet, http.MethodHead} {
		err = errors.Join(err, s.Delete(ctx, r.Key()))
	}
	return err
}
