package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding"
	"batchfetch/fetch/dictionary"
)

// dictionaries are the responses in Options.Cache that a run offers as compression dictionaries (RFC 9842). That one
// may be used is in its own header; those for other URLs than their own are also in lists. All workers share it.
type dictionaries struct {
	lists dictionaryLists

	mu      sync.Mutex                     // guards all below
	loaded  map[[32]byte]*loadedDictionary // by hash of the content
	reading map[[32]byte]chan struct{}     // those that are being read, each closed when it has been
	held    int64                          // bytes of both
	limit   int64                          // of held
}

// maxDictionaries is the most bytes of all that are loaded.
const maxDictionaries = 128 << 20

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
	return &dictionaries{
		lists: dictionaryLists{store: o.Cache, rules: cache.Rules{TTL: o.CacheTTL, Heuristic: o.CacheHeuristic},
			origins: map[cache.Key]*originDictionaries{}},
		loaded:  map[[32]byte]*loadedDictionary{},
		reading: map[[32]byte]chan struct{}{},
		limit:   maxDictionaries,
	}
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

// offer returns the best dictionary for the request of r; nil is none. own is the stored response for its URL, where it
// is one.
func (d *dictionaries) offer(
	ctx context.Context, r cache.Request, own *dictionary.Stored, now time.Time,
) *offeredDictionary {
	var best *dictionary.Stored
	var loaded *loadedDictionary
	if own != nil {
		if loaded, _ = d.load(ctx, r, own, now); loaded != nil {
			best = own
		}
	}
	for _, s := range d.lists.matching(ctx, &r) {
		if best != nil && dictionary.Compare(*best, s) <= 0 {
			break
		}
		other, gone := d.load(ctx, r, &s, now)
		if gone {
			d.lists.drop(ctx, &r, &s)
		}
		if other == nil {
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

// load returns the content of a dictionary; nil where there is none to be had now, and gone where there will be none:
// it is not stored any more, or is too old. Of several exchanges one reads it, and the others wait for that.
func (d *dictionaries) load(
	ctx context.Context, r cache.Request, s *dictionary.Stored, now time.Time,
) (l *loadedDictionary, gone bool) {
	for {
		l, reading := d.use(s, now)
		if l != nil {
			return l, false
		}
		if reading == nil {
			break
		}
		select {
		case <-reading:
		case <-ctx.Done():
			return nil, false
		}
	}
	defer d.endReading(s)
	own := r.URL == s.URL
	r.URL = s.URL
	found, _, err := cache.Find(ctx, d.lists.store, &r)
	if err != nil || found == nil {
		return nil, err == nil
	}
	defer found.Close()
	until := d.lists.rules.ServableUntil(&found.Entry, now)
	if found.IsDigest() || found.SHA256 != s.SHA256 || !now.Before(until) {
		return nil, true
	}
	return d.read(found, until, own)
}

// use returns a dictionary that is loaded, and counts a user of it. Where it is not loaded, or may not be used now, it
// returns what is closed once another exchange has read it; where both are nil the caller reads it, and calls
// endReading.
func (d *dictionaries) use(s *dictionary.Stored, now time.Time) (l *loadedDictionary, reading <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.loaded[s.SHA256]; l != nil && now.Before(l.until) {
		l.users++
		return l, nil
	}
	if reading := d.reading[s.SHA256]; reading != nil {
		return nil, reading
	}
	d.reading[s.SHA256] = make(chan struct{})
	return nil, nil
}

// endReading lets the exchanges go on that wait for a dictionary.
func (d *dictionaries) endReading(s *dictionary.Stored) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.reading[s.SHA256])
	delete(d.reading, s.SHA256)
}

// read is load for a stored response that may be used until then, by the one exchange that reads it. own says that it
// is for the URL of the response.
func (d *dictionaries) read(found *cache.Found, until time.Time, own bool) (l *loadedDictionary, gone bool) {
	if l := d.renew(found.SHA256, until, own); l != nil {
		return l, false
	}
	if !d.reserve(found.Size) {
		return nil, false
	}
	content, err := found.AppendTo(make([]byte, 0, found.Size+bytes.MinRead)) // so that the end is found without growth
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.held -= found.Size
		return nil, errors.Is(err, cache.ErrCorrupt)
	}
	l = &loadedDictionary{Dictionary: coding.Dictionary{SHA256: found.SHA256, Content: content}, until: until, users: 1,
		shared: !own}
	d.loaded[found.SHA256] = l
	return l, false
}

// renew returns a dictionary that is loaded and may now be used until then, and counts a user of it; nil where it is
// not loaded.
func (d *dictionaries) renew(sum [32]byte, until time.Time, own bool) *loadedDictionary {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.loaded[sum]
	if l != nil {
		l.until, l.shared = until, l.shared || !own
		l.users++
	}
	return l
}

// reserve takes memory for a dictionary, from those that nobody uses where it must, and reports whether there is any.
func (d *dictionaries) reserve(size int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for sum, l := range d.loaded {
		if d.held+size <= d.limit {
			break
		}
		if l.users == 0 {
			delete(d.loaded, sum)
			d.held -= int64(len(l.Content))
		}
	}
	if d.held+size > d.limit {
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
