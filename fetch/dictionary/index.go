package dictionary

import (
	"encoding/json"
	"slices"
	"time"
)

// A Stored is a response that may be used as a dictionary: where it is and what it is.
type Stored struct {
	Terms
	// URL is that of the response, by which it is found in the cache.
	URL string `json:"url"`
	// SHA256 is the hash of its decoded body.
	SHA256 [32]byte `json:"sha256"`
	// Received is when it came, or was confirmed.
	Received time.Time `json:"received"`

	pattern Pattern
}

// An Index is the dictionaries of one origin and login, at most maxStored, one a pattern: of several the one received
// last, which takes precedence anyway (RFC 9842 section 2.2.3). The zero Index is empty. One goroutine uses it.
type Index struct{ stored []Stored }

// maxStored bounds an Index. A server needs one dictionary for each kind of its pages.
const maxStored = 64

// Add adds a dictionary, or replaces the one with its pattern. It reports whether the pattern is new: a full Index
// loses the dictionary that came first.
func (x *Index) Add(s Stored) (isNew bool, err error) {
	if s.pattern, err = s.Pattern(s.URL); err != nil {
		return false, err
	}
	i := slices.IndexFunc(x.stored, func(t Stored) bool { return t.Match == s.Match })
	if i >= 0 {
		x.stored[i] = s
		return false, nil
	}
	if len(x.stored) == maxStored {
		oldest := 0
		for i := range x.stored {
			if x.stored[i].Received.Before(x.stored[oldest].Received) {
				oldest = i
			}
		}
		x.stored = slices.Delete(x.stored, oldest, oldest+1)
	}
	x.stored = append(x.stored, s)
	return true, nil
}

// Drop removes a dictionary that is not stored any more, or is no longer usable.
func (x *Index) Drop(s *Stored) {
	x.stored = slices.DeleteFunc(x.stored, func(t Stored) bool { return t.Match == s.Match && t.SHA256 == s.SHA256 })
}

// IsEmpty reports whether x has no dictionary.
func (x *Index) IsEmpty() bool { return len(x.stored) == 0 }

// Matching returns the dictionaries that may be used for url, the best first. Where to look at all would take too long,
// those that came last are left out.
func (x *Index) Matching(url string) []Stored {
	var matching []Stored
	work := 0
	for i := range x.stored {
		if work += x.stored[i].pattern.work(url); work > maxWork {
			break
		}
		if x.stored[i].pattern.Matches(url) {
			matching = append(matching, x.stored[i])
		}
	}
	slices.SortStableFunc(matching, Compare)
	return matching
}

// Compare orders two dictionaries by precedence (RFC 9842 section 2.2.3): the longer match is first, then the one that
// was received later.
func Compare(a, b Stored) int {
	if n := len(b.Match) - len(a.Match); n != 0 {
		return n
	}
	return b.Received.Compare(a.Received)
}

// Marshal returns x as JSON, for a store.
func (x *Index) Marshal() ([]byte, error) { return json.Marshal(x.stored) }

// Unmarshal returns the Index that Marshal has returned as text. What is invalid in it is left out: another version may
// have written it.
func Unmarshal(text []byte) Index {
	var x Index
	var stored []Stored
	if json.Unmarshal(text, &stored) != nil {
		return x
	}
	for _, s := range stored {
		_, _ = x.Add(s)
	}
	return x
}
