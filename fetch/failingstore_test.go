package fetch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// A failingStore is a Keeper in memory, whose disk may break.
type failingStore struct {
	claimErr, createErr, writeErr, commitErr func(path string) error // nil is never

	mu        sync.Mutex
	claimed   []string
	bodies    map[string]string // bodies by path, once they are committed
	created   int
	abandoned int
}

func callIfSet(f func(string) error, path string) error {
	if f == nil {
		return nil
	}
	return f(path)
}

func (s *failingStore) Claim(r *Request) error {
	s.claimed = append(s.claimed, r.Path) // without the lock: it is called by one goroutine
	return callIfSet(s.claimErr, r.Path)
}

func (s *failingStore) Create(r *Request) (BodyWriter, error) {
	if err := callIfSet(s.createErr, r.Path); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created++
	return &failingWriter{failingStore: s, path: r.Path}, nil
}

type failingWriter struct {
	*failingStore
	path      string
	text      strings.Builder
	committed bool
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if err := callIfSet(w.writeErr, w.path); err != nil {
		return 0, err
	}
	return w.text.Write(b)
}

func (w *failingWriter) Commit(sum [sha256.Size]byte) (string, error) {
	if err := callIfSet(w.commitErr, w.path); err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if sum != sha256.Sum256([]byte(w.text.String())) {
		return "", errors.New("the hash is of another body")
	}
	if w.bodies == nil {
		w.bodies = map[string]string{}
	}
	w.bodies[w.path], w.committed = w.text.String(), true
	return "store/" + w.path, nil
}

func (w *failingWriter) Abandon() {
	if w.committed {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned++
}

// failOnly fails for one path.
func failOnly(path string, err error) func(string) error {
	return func(s string) error {
		if s == path {
			return err
		}
		return nil
	}
}

// urlsWithPaths is n Requests on hosts in turn, to be kept under 0, 1, 2 and so on.
func urlsWithPaths(n int, hosts ...string) Source {
	return func(yield func(Request, error) bool) {
		for r := range urls(n, hosts...) {
			r.Path = fmt.Sprint(r.Index)
			if !yield(r, nil) {
				return
			}
		}
	}
}
