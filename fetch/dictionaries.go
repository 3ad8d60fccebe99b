package fetch

import (
	"context"
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

	mu     sync.Mutex                     // guards all below
	loaded map[[32]byte]*loadedDictionary // by hash of the content
	held   int64                          // bytes of them
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
		loaded: map[[32]byte]*loadedDictionary{},
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

// offer returns the best dictionary for the request of q; nil is none. own is the stored response for its URL, where it
// is one.
func (d *dictionaries) offer(
	ctx context.Context, q cache.Question, own *dictionary.Stored, now time.Time,
) *offeredDictionary {
	var best *dictionary.Stored
	var loaded *loadedDictionary
	if own != nil {
		if loaded = d.load(ctx, q, own, now); loaded != nil {
			best = own
		}
	}
	for _, s := range d.lists.matching(ctx, &q) {
		if best != nil && dictionary.Compare(*best, s) <= 0 {
			break
		}
		other := d.load(ctx, q, &s, now)
		if other == nil {
			d.lists.drop(ctx, &q, &s)
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
	found, _, err := cache.Find(ctx, d.lists.store, &q)
	if err != nil || found == nil {
		return nil
	}
	defer found.Close()
	until := d.lists.rules.ServableUntil(&found.Entry, now)
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
