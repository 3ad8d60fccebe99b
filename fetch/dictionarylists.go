package fetch

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/dictionary"
)

// dictionaryLists are the lists of responses in a Store that may be used as compression dictionaries for other URLs
// than their own, one for each origin and login. They are in the Store, too. Any goroutine may use them.
type dictionaryLists struct {
	store cache.Store // Options.Cache; nil is none
	rules cache.Rules

	mu      sync.Mutex // guards all below
	origins map[cache.Key]*originDictionaries
}

// The most lists in memory, and the largest dictionary in bytes.
const (
	maxDictionaryOrigins = 4096
	maxDictionary        = 64 << 20
)

// An originDictionaries is the list of one origin and login.
type originDictionaries struct {
	mu      sync.Mutex // guards all below; held while the Store is read or written
	read    bool       // from the Store
	index   dictionary.Index
	changed bool // since it was read or written
}

// storedDictionary returns what e, the stored response to r, is as a dictionary; nil is that it is none.
func storedDictionary(r *cache.Request, e *cache.Entry) *dictionary.Stored {
	terms, ok := dictionary.TermsOf(e.Header)
	if !ok || !strings.HasPrefix(r.URL, "https:") || r.Method != http.MethodGet || e.Status != http.StatusOK ||
		!e.HasBody || e.Coded || e.Size == 0 || e.Size > maxDictionary {
		return nil
	}
	return &dictionary.Stored{Terms: terms, URL: r.URL, SHA256: e.SHA256, Received: e.Received}
}

// ownDictionary returns what e, the stored response to r, is as a dictionary for r itself; nil is that it is none.
func ownDictionary(r *cache.Request, e *cache.Entry) *dictionary.Stored {
	s := storedDictionary(r, e)
	if s == nil {
		return nil
	}
	if p, err := s.Pattern(s.URL); err != nil || !p.Matches(s.URL) {
		return nil
	}
	return s
}

// matching returns the listed dictionaries for a request, the best first.
func (d *dictionaryLists) matching(ctx context.Context, r *cache.Request) []dictionary.Stored {
	o := d.origin(r)
	o.mu.Lock()
	defer o.mu.Unlock()
	d.readList(ctx, o, listKey(r))
	if o.index.IsEmpty() {
		return nil
	}
	return o.index.Matching(r.URL)
}

// drop removes a dictionary from its list.
func (d *dictionaryLists) drop(ctx context.Context, r *cache.Request, s *dictionary.Stored) {
	o := d.origin(r)
	o.mu.Lock()
	defer o.mu.Unlock()
	d.readList(ctx, o, listKey(r))
	o.index.Drop(s)
	o.changed = true
}

// keep lists a response that has been stored, where it may be used as a dictionary for other URLs.
func (d *dictionaryLists) keep(ctx context.Context, r *cache.Request, e *cache.Entry) {
	s := storedDictionary(r, e)
	if s == nil || !time.Now().Before(d.rules.ServableUntil(e, e.Received)) {
		return
	}
	if !strings.ContainsAny(s.Match, `*:{}()?+\`) { // the pattern of one path
		if p, err := s.Pattern(s.URL); err != nil || p.Matches(s.URL) {
			return // the lookup of that URL finds it
		}
	}
	o := d.origin(r)
	o.mu.Lock()
	defer o.mu.Unlock()
	d.readList(ctx, o, listKey(r))
	isNew, err := o.index.Add(*s)
	if err != nil {
		return
	}
	o.changed = true
	if isNew { // of those of a known pattern the last is written at the end
		d.writeList(ctx, o, listKey(r), e.Received)
	}
}

// origin returns the list for the origin and the login of r. Where there are too many of them all are forgotten, which
// costs another read of the Store.
func (d *dictionaryLists) origin(r *cache.Request) *originDictionaries {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := listKey(r)
	o := d.origins[key]
	if o == nil {
		if len(d.origins) >= maxDictionaryOrigins {
			clear(d.origins)
		}
		o = &originDictionaries{}
		d.origins[key] = o
	}
	return o
}

// listKey returns where the list for the origin and the login of r is stored.
func listKey(r *cache.Request) cache.Key {
	h := sha256.New()
	for _, part := range [...]string{"batchfetch dictionaries 1", originOf(r.URL), r.Via, string(r.Who[:])} {
		h.Write([]byte(part))
		h.Write([]byte{'\n'})
	}
	return cache.Key(h.Sum(nil))
}

// originOf returns the origin of a URL in normal form: cacheURL.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// readList reads the list at key, unless it has been read. o.mu is held.
func (d *dictionaryLists) readList(ctx context.Context, o *originDictionaries, key cache.Key) {
	if o.read {
		return
	}
	o.read = true
	found, err := d.store.Get(ctx, key)
	if err != nil || found == nil {
		return
	}
	defer found.Close()
	if text, err := found.AppendTo(nil); err == nil {
		o.index = dictionary.Unmarshal(text)
	}
}

// writeList stores a list at key; where that fails, bodies come whole the next time. o.mu is held.
func (d *dictionaryLists) writeList(ctx context.Context, o *originDictionaries, key cache.Key, now time.Time) {
	o.changed = false
	text, err := o.index.Marshal()
	if err != nil {
		return
	}
	w, err := d.store.Put(ctx, key)
	if err != nil {
		return
	}
	defer w.Abort()
	e := &cache.Entry{Status: http.StatusOK, HasBody: true, Size: int64(len(text)), SHA256: sha256.Sum256(text),
		Requested: now, Received: now}
	if _, err := w.Write(text); err == nil {
		_ = w.Commit(ctx, e)
	}
}

// close stores the lists that have changed, at the end of the run.
func (d *dictionaryLists) close(ctx context.Context, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, o := range d.origins {
		o.mu.Lock()
		if o.changed {
			d.writeList(ctx, o, key, now)
		}
		o.mu.Unlock()
	}
}
