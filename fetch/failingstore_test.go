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

func (p *failingStore) Claim(r *Request) error {
	p.claimed = append(p.claimed, r.Path) // without the lock: it is called by one goroutine
	return callIfSet(p.claimErr, r.Path)
}

func (p *failingStore) Create(r *Request) (BodyWriter, error) {
	if err := callIfSet(p.createErr, r.Path); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.created++
	return &failingWriter{failingStore: p, path: r.Path}, nil
}

type failingWriter struct {
	*failingStore
	path      string
	text      strings.Builder
	committed bool
}

func (j *failingWriter) Write(b []byte) (int, error) {
	if err := callIfSet(j.writeErr, j.path); err != nil {
		return 0, err
	}
	return j.text.Write(b)
}

func (j *failingWriter) Commit(sum [sha256.Size]byte) (string, error) {
	if err := callIfSet(j.commitErr, j.path); err != nil {
		return "", err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if sum != sha256.Sum256([]byte(j.text.String())) {
		return "", errors.New("the hash is of another body")
	}
	if j.bodies == nil {
		j.bodies = map[string]string{}
	}
	j.bodies[j.path], j.committed = j.text.String(), true
	return "shelf/" + j.path, nil
}

func (j *failingWriter) Abandon() {
	if j.committed {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.abandoned++
}

// failOnly fails for one path.
func failOnly(path string, err error) func(string) error {
	return func(p string) error {
		if p == path {
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
