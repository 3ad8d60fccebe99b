package dictionary

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dunglas/go-urlpattern"
	"github.com/dunglas/httpsfv"
)

// Terms are what a server says of a response that may be used as a dictionary. match-dest is left out: a client that
// knows no request destinations treats every list of them as empty (RFC 9842 section 2.1.2).
type Terms struct {
	// Match is the URL pattern of the requests for which it may be used, relative to the URL of the response.
	Match string `json:"match"`
	// ID is what the server calls it, to be sent back as it came; empty is nothing.
	ID string `json:"id,omitempty"`
}

// maxMatch bounds a pattern, in bytes; maxID is the longest ID (RFC 9842 section 2.1.3).
const (
	maxMatch = 1024
	maxID    = 1024
)

// Bounds of the time that a server can make us take to match URLs: maxGroups of the wildcards, names and groups of a
// pattern, and maxWork of its length times that of a URL. One request takes no more than 0.1 s then, whatever the
// patterns of its origin.
const (
	maxGroups = 16
	maxWork   = 1 << 20
)

// TermsOf parses the Use-As-Dictionary of a response (RFC 9842 section 2.1). It is false where there is none, or one
// that must not be used: no structured field, without a match, or of a type other than raw.
func TermsOf(h http.Header) (Terms, bool) {
	lines := h["Use-As-Dictionary"]
	if len(lines) == 0 {
		return Terms{}, false
	}
	members, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return Terms{}, false
	}
	match, _ := value(members, "match").(string)
	id, _ := value(members, "id").(string)
	if kind, typed := members.Get("type"); typed {
		if item, ok := kind.(httpsfv.Item); !ok || item.Value != httpsfv.Token("raw") {
			return Terms{}, false
		}
	}
	if match == "" || len(match) > maxMatch || len(id) > maxID {
		return Terms{}, false
	}
	return Terms{match, id}, true
}

// value returns the bare item of a member; nil where there is none.
func value(members *httpsfv.Dictionary, name string) any {
	member, _ := members.Get(name)
	item, _ := member.(httpsfv.Item)
	return item.Value
}

// A Pattern says for which URLs a dictionary may be used. Any goroutine may use it.
type Pattern struct {
	pattern *urlpattern.URLPattern
	length  int // of its text
}

// Why patterns are refused that would be allowed elsewhere.
var (
	errExpression = errors.New("a regular expression in the match of a dictionary")
	errGroups     = errors.New("too many wildcards in the match of a dictionary")
)

// Pattern returns the pattern of t, of a response from the URL base. The error says what is wrong with it: it is no URL
// pattern, or has a regular expression (RFC 9842 section 2.1.1) or too many wildcards.
func (t Terms) Pattern(base string) (Pattern, error) {
	if strings.Count(t.Match, "*")+strings.Count(t.Match, ":")+strings.Count(t.Match, "{") > maxGroups {
		return Pattern{}, errGroups
	}
	p, err := urlpattern.New(t.Match, base, nil)
	if err != nil {
		return Pattern{}, fmt.Errorf("the match of a dictionary: %w", err)
	}
	if p.HasRegexpGroups() {
		return Pattern{}, errExpression
	}
	return Pattern{p, len(t.Match)}, nil
}

// Matches reports whether the pattern has url in it. Its caller sees to it that url has the origin of the dictionary
// (RFC 9842 section 2.2.2). A URL that would take too long is not in it.
func (p Pattern) Matches(url string) bool { return p.work(url) <= maxWork && p.pattern.Test(url, "") }

// work returns what it costs at most to match a URL, in about 50 ns.
func (p Pattern) work(url string) int { return p.length * len(url) }

// SetOffer sets the header fields that offer a dictionary with that SHA-256 (RFC 9842 sections 2.2 and 2.3).
func (t Terms) SetOffer(h http.Header, sum [32]byte) error {
	hash, err := httpsfv.Marshal(httpsfv.NewItem(sum[:]))
	if err != nil {
		return err
	}
	h["Available-Dictionary"] = []string{hash}
	if t.ID == "" {
		return nil
	}
	id, err := httpsfv.Marshal(httpsfv.NewItem(t.ID))
	h["Dictionary-Id"] = []string{id}
	return err
}
