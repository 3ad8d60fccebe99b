package fetch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// failingStore is a BodyStore in memory whose methods can be made to fail.
type failingStore struct {
	claimErr, createErr, writeErr, commitErr func(path string) error // by path; nil never fails

	mu        sync.Mutex
	claimed   []string
	bodies    map[string]string // committed bodies by path
	created   int
	abandoned int
}

// callIfSet returns f(path), or nil if f is nil.
func callIfSet(f func(string) error, path string) error {
	if f == nil {
		return nil
	}
	return f(path)
}

func (s *failingStore) Claim(r *Request) error {
	s.claimed = append(s.claimed, r.Path) // without the lock: Claim is called by one goroutine
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

// failingWriter is the BodyWriter of a failingStore.
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

// failOnly returns a function that returns err for one path only.
func failOnly(path string, err error) func(string) error {
	return func(s string) error {
		if s == path {
			return err
		}
		return nil
	}
}

// urlsWithPaths yields n Requests on hosts in turn, with the paths 0, 1, 2 and so on.
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
