package login

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Spaces are the protection spaces of the servers of a run, and the nonce that each has given: one challenge serves all
// requests to a space. Any goroutine may use them.
type Spaces struct {
	newCnonce func() string

	mu       sync.Mutex
	byOrigin map[string][]*space // at most maxOrigins
}

// maxOrigins is the number of origins whose spaces are kept, maxSpaces that of an origin, maxPrefixes that of the paths
// of a space.
const maxOrigins, maxSpaces, maxPrefixes = 4096, 16, 32

// A space is a protection space (RFC 9110 section 11.5): a realm of an origin, for one user. Spaces.mu guards it.
type space struct {
	realm, user string
	prefixes    []string // of paths: its domain (RFC 7616 section 3.3), or where challenges to it came
	hasDomain   bool     // no other paths are in it
	nonce       *Nonce   // with which a request has succeeded last; nil is none
	refused     int      // requests in a row that were refused with a nonce that others have used
	single      bool     // each nonce is good for one request
}

// maxRefused is how many requests in a row are refused with the nonce of others until a space is one of single nonces.
const maxRefused = 3

// A Nonce is a challenge that was answered, or can be. Requests share it once one has succeeded with it.
type Nonce struct {
	challenge *digestChallenge
	cnonce    string
	count     atomic.Uint32 // requests with it
	shared    atomic.Bool   // others may use it
}

// NewSpaces returns Spaces without any. newCnonce returns random text of letters and digits.
func NewSpaces(newCnonce func() string) *Spaces {
	return &Spaces{newCnonce: newCnonce, byOrigin: make(map[string][]*space)}
}

// Known returns the Nonce for a request of a user to a path of an origin before any challenge to it: the one of the
// space with the longest prefix of the path; nil is none.
func (s *Spaces) Known(origin, path, user string) *Nonce {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *Nonce
	longest := -1
	for _, each := range s.byOrigin[origin] {
		if length := each.covers(path); each.user == user && each.nonce != nil && length >= longest && length >= 0 {
			best, longest = each.nonce, length
		}
	}
	return best
}

// covers returns the length of the longest prefix of a path that the space has; 0 is that it may be in the space, and
// negative that it is not.
func (p *space) covers(path string) int {
	longest := 0
	if p.hasDomain {
		longest = -1
	}
	for _, prefix := range p.prefixes {
		if strings.HasPrefix(path, prefix) {
			longest = max(longest, len(prefix))
		}
	}
	return longest
}

// Authorization returns the header for the next request with a Nonce.
func (n *Nonce) Authorization(who Credentials, r Request) string {
	return n.challenge.authorization(who, r, n.cnonce, n.count.Add(1))
}

// Challenged returns the Nonce with which a request that was answered 401 is to be made again; nil is that its
// credentials are refused, or that no challenge can be answered. used is that of the request, nil for none.
func (s *Spaces) Challenged(origin, path, user string, used *Nonce, header http.Header) *Nonce {
	c := strongest(header)
	if c == nil {
		return nil
	}
	wasShared := used != nil && used.shared.Load()
	if used != nil && !wasShared && !c.stale && used.challenge.realm == c.realm {
		return nil // the user or the password is wrong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.space(origin, c.realm, user)
	p.learn(origin, path, c)
	if wasShared && p.nonce == used {
		p.nonce = nil
	}
	if wasShared && !c.stale && used.challenge.realm == c.realm {
		if p.refused++; p.refused >= maxRefused {
			p.single = true
		}
	}
	return &Nonce{challenge: c, cnonce: s.newCnonce()}
}

// Accepted notes that a request with a Nonce was let in: others may use that now, or the next one that the server names
// (Authentication-Info, RFC 7616 section 3.5).
func (s *Spaces) Accepted(origin, user string, used *Nonce, header http.Header) {
	next := nextNonce(header)
	if next == "" && used.shared.Load() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.space(origin, used.challenge.realm, user).refused = 0
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.space(origin, used.challenge.realm, user)
	if p.single {
		return
	}
	if used.shared.Load() {
		p.refused = 0
	}
	if next != "" && next != used.challenge.nonce {
		c := *used.challenge
		c.nonce, c.stale = next, false
		used = &Nonce{challenge: &c, cnonce: s.newCnonce()}
	}
	used.shared.Store(true)
	p.nonce = used
}

// nextNonce returns the nonce that an Authentication-Info names; "" is none.
func nextNonce(header http.Header) string {
	for _, line := range header["Authentication-Info"] {
		for _, c := range appendChallenges(nil, "info "+line) {
			if nonce := c.params["nextnonce"]; nonce != "" && len(nonce) <= maxText {
				return nonce
			}
		}
	}
	return ""
}

// space returns the space of a realm, a new one where there is none. mu is held.
func (s *Spaces) space(origin, realm, user string) *space {
	list := s.byOrigin[origin]
	for _, each := range list {
		if each.realm == realm && each.user == user {
			return each
		}
	}
	if list == nil && len(s.byOrigin) >= maxOrigins {
		clear(s.byOrigin)
	}
	if len(list) >= maxSpaces {
		list = list[1:]
	}
	p := &space{realm: realm, user: user}
	s.byOrigin[origin] = append(slices.Clip(list), p)
	return p
}

// learn notes where a space is, by a challenge to a path of it. Of a domain, those at other origins are left out.
func (p *space) learn(origin, path string, c *digestChallenge) {
	var domain []string
	for _, text := range c.domain[:min(len(c.domain), maxPrefixes)] {
		u, err := url.Parse(text)
		if err == nil && (u.Host == "" && strings.HasPrefix(u.Path, "/") || u.Scheme+"://"+u.Host == origin) {
			domain = append(domain, cmp.Or(u.EscapedPath(), "/"))
		}
	}
	if p.hasDomain = len(domain) > 0; p.hasDomain {
		p.prefixes = domain
		return
	}
	folder := path[:strings.LastIndexByte(path, '/')+1]
	if !slices.Contains(p.prefixes, folder) {
		if len(p.prefixes) >= maxPrefixes {
			p.prefixes = p.prefixes[1:]
		}
		p.prefixes = append(slices.Clip(p.prefixes), folder)
	}
}
