package fetch

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding"
	"batchfetch/fetch/dictionary"
)

// dictionaries are the responses in Options.Cache that a run offers as compression dictionaries (RFC 9842). That one
// may be used is in its own header; those for other URLs than their own are also listed in the Store, by origin and
// login. All workers share it.
type dictionaries struct {
	store cache.Store // Options.Cache; nil is none
	rules cache.Rules

	mu      sync.Mutex // guards all below
	origins map[cache.Key]*originDictionaries
	loaded  map[[32]byte]*loadedDictionary // by hash of the content
	held    int64                          // bytes of them
}

// Bounds of memory: of origins whose lists are held, of one dictionary in bytes, and of all that are loaded.
const (
	maxDictionaryOrigins = 4096
	maxDictionary        = 64 << 20
	maxDictionaries      = 128 << 20
)

// An originDictionaries is the list of one origin and login.
type originDictionaries struct {
	mu      sync.Mutex // guards all below; held while the Store is read or written
	read    bool       // from the Store
	index   dictionary.Index
	changed bool // since it was read or written
}

// A loadedDictionary is a dictionary in memory.
type loadedDictionary struct {
	coding.Dictionary
	until  time.Time // it may be used, which is as long as its response may be served
	users  int       // exchanges that use it
	shared bool      // it is for other URLs than its own: it stays while there is room
}

// An offeredDictionary is what one exchange offers. Its user calls release.
type offeredDictionary struct {
	loaded *loadedDictionary
	terms  dictionary.Terms
	all    *dictionaries
}

func newDictionaries(o *Options) *dictionaries {
	return &dictionaries{store: o.Cache, rules: cache.Rules{TTL: o.CacheTTL, Heuristic: o.CacheHeuristic},
		origins: map[cache.Key]*originDictionaries{}, loaded: map[[32]byte]*loadedDictionary{}}
}

// coding returns the dictionary for decoders; nil where none was offered.
func (o *offeredDictionary) coding() *coding.Dictionary {
	if o == nil {
		return nil
	}
	return &o.loaded.Dictionary
}

// usedFor returns the dictionary where a response is coded with it; nil is that it is not, or that none was offered.
func (o *offeredDictionary) usedFor(h http.Header) *coding.Dictionary {
	if o == nil || h["Content-Encoding"] == nil {
		return nil
	}
	if known, _ := coding.Of(h, &o.loaded.Dictionary); !slices.Contains(known, coding.DCZ) {
		return nil
	}
	return &o.loaded.Dictionary
}

// header returns the header fields of the offer.
func (o *offeredDictionary) header() http.Header {
	h := http.Header{"Accept-Encoding": {acceptedCodings + ", " + coding.DCZ}}
	if o.terms.SetOffer(h, o.loaded.SHA256) != nil { // impossible: the ID was parsed from such a header
		return nil
	}
	return h
}

// storedDictionary returns what e, the stored response to q, is as a dictionary; nil is that it is none.
func storedDictionary(q *cache.Question, e *cache.Entry) *dictionary.Stored {
	terms, ok := dictionary.TermsOf(e.Header)
	if !ok || !strings.HasPrefix(q.URL, "https:") || q.Method != http.MethodGet || e.Status != http.StatusOK ||
		!e.HasBody || e.Coded || e.Size == 0 || e.Size > maxDictionary {
		return nil
	}
	return &dictionary.Stored{Terms: terms, URL: q.URL, SHA256: e.SHA256, Received: e.Received}
}

// ownDictionary returns what e, the stored response to q, is as a dictionary for q itself; nil is that it is none.
func ownDictionary(q *cache.Question, e *cache.Entry) *dictionary.Stored {
	s := storedDictionary(q, e)
	if s == nil {
		return nil
	}
	if p, err := s.Pattern(s.URL); err != nil || !p.Matches(s.URL) {
		return nil
	}
	return s
}

// offer returns the best dictionary for the request that lookup is about; nil is none.
func (d *dictionaries) offer(ctx context.Context, lookup *lookupResult, now time.Time) *offeredDictionary {
	q := lookup.question
	var best *dictionary.Stored
	var loaded *loadedDictionary
	if own := lookup.dictionary; own != nil {
		if loaded = d.load(ctx, q, own, now); loaded != nil {
			best = own
		}
	}
	for _, s := range d.matching(ctx, &q) {
		if best != nil && dictionary.Compare(*best, s) <= 0 {
			break
		}
		other := d.load(ctx, q, &s, now)
		if other == nil {
			d.drop(ctx, &q, &s)
			continue
		}
		if best != nil {
			d.release(loaded)
		}
		best, loaded = &s, other
		break
	}
	if best == nil {
		return nil
	}
	return &offeredDictionary{loaded, best.Terms, d}
}

// matching returns the listed dictionaries for a request, the best first.
func (d *dictionaries) matching(ctx context.Context, q *cache.Question) []dictionary.Stored {
	o := d.origin(q)
	o.mu.Lock()
	defer o.mu.Unlock()
	d.readList(ctx, o, listKey(q))
	if o.index.IsEmpty() {
		return nil
	}
	return o.index.Matching(q.URL)
}

// drop removes a dictionary from its list.
func (d *dictionaries) drop(ctx context.Context, q *cache.Question, s *dictionary.Stored) {
	o := d.origin(q)
	o.mu.Lock()
	defer o.mu.Unlock()
	d.readList(ctx, o, listKey(q))
	o.index.Drop(s)
	o.changed = true
}

// keep lists a response that has been stored, where it may be used as a dictionary for other URLs.
func (d *dictionaries) keep(ctx context.Context, q *cache.Question, e *cache.Entry) {
	s := storedDictionary(q, e)
	if s == nil || !time.Now().Before(d.rules.ServableUntil(e, e.Received)) {
		return
	}
	if !strings.ContainsAny(s.Match, `*:{}()?+\`) { // the pattern of one path
		if p, err := s.Pattern(s.URL); err != nil || p.Matches(s.URL) {
			return // the lookup of that URL finds it
		}
	}
	o := d.origin(q)
	o.mu.Lock()
	defer o.mu.Unlock()
	d.readList(ctx, o, listKey(q))
	isNew, err := o.index.Add(*s)
	if err != nil {
		return
	}
	o.changed = true
	if isNew { // of those of a known pattern the last is written at the end
		d.writeList(ctx, o, listKey(q), e.Received)
	}
}

// origin returns the list for the origin and the login of q. Where there are too many of them all are forgotten, which
// costs another read of the Store.
func (d *dictionaries) origin(q *cache.Question) *originDictionaries {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := listKey(q)
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

// listKey returns where the list for the origin and the login of q is stored.
func listKey(q *cache.Question) cache.Key {
	h := sha256.New()
	for _, part := range [...]string{"batchfetch dictionaries 1", originOf(q.URL), q.Via, string(q.Who[:])} {
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
func (d *dictionaries) readList(ctx context.Context, o *originDictionaries, key cache.Key) {
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
func (d *dictionaries) writeList(ctx context.Context, o *originDictionaries, key cache.Key, now time.Time) {
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
func (d *dictionaries) close(ctx context.Context, now time.Time) {
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

// load returns the content of a dictionary; nil where it is not stored any more, may not be used now, or does not fit
// into memory.
func (d *dictionaries) load(
	ctx context.Context, q cache.Question, s *dictionary.Stored, now time.Time,
) *loadedDictionary {
	if l := d.use(s, now); l != nil {
		return l
	}
	own := q.URL == s.URL
	q.URL = s.URL
	found, _, err := cache.Find(ctx, d.store, &q)
	if err != nil || found == nil {
		return nil
	}
	defer found.Close()
	until := d.rules.ServableUntil(&found.Entry, now)
	if found.IsDigest() || found.SHA256 != s.SHA256 || !now.Before(until) || !d.reserve(found.Size) {
		return nil
	}
	content, err := found.AppendTo(make([]byte, 0, found.Size))
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.held -= found.Size
		return nil
	}
	l := d.loaded[s.SHA256]
	if l == nil {
		l = &loadedDictionary{Dictionary: coding.Dictionary{SHA256: s.SHA256, Content: content}}
		d.loaded[s.SHA256] = l
	} else {
		d.held -= found.Size // another exchange has loaded it meanwhile
	}
	l.until, l.shared = until, l.shared || !own
	l.users++
	return l
}

// use returns a dictionary that is loaded, and counts a user of it; nil where it is not, or may not be used now.
func (d *dictionaries) use(s *dictionary.Stored, now time.Time) *loadedDictionary {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.loaded[s.SHA256]
	if l == nil || !now.Before(l.until) {
		return nil
	}
	l.users++
	return l
}

// reserve takes memory for a dictionary, from those that nobody uses where it must, and reports whether there is any.
func (d *dictionaries) reserve(size int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for sum, l := range d.loaded {
		if d.held+size <= maxDictionaries {
			break
		}
		if l.users == 0 {
			delete(d.loaded, sum)
			d.held -= int64(len(l.Content))
		}
	}
	if d.held+size > maxDictionaries {
		return false
	}
	d.held += size
	return true
}

// release ends one use of a dictionary.
func (d *dictionaries) release(l *loadedDictionary) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.users--; l.users == 0 && !l.shared {
		delete(d.loaded, l.SHA256)
		d.held -= int64(len(l.Content))
	}
}

// release ends the use of the dictionary by an exchange that is over. o may be nil.
func (o *offeredDictionary) release() {
	if o != nil {
		o.all.release(o.loaded)
	}
}
