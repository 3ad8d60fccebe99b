package cache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"
)

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

// key returns the key under which the response to r is stored, where c is the choice under primary.
func (c *choice) key(primary Key, r *Request) Key {
	h := sha256.New()
	h.Write(primary[:])
	h.Write(c.origin[:])
	h.Write(r.Who[:])
	for _, name := range c.names {
		h.Write([]byte(name))
		// Section 4.1: lines with one name may be joined, and white space around values is ignored.
		for _, value := range r.Header[name] {
			for word := range strings.SplitSeq(value, ",") {
				h.Write([]byte{','})
				h.Write([]byte(strings.TrimSpace(word)))
			}
		}
		h.Write([]byte{'\n'})
	}
	return Key(h.Sum(nil))
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
