package cookiejar

import (
	"cmp"
	"container/list"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of a Jar, which servers can't make it exceed. Cookies from a file do not count, but for maxHeaderBytes.
const (
	maxSetCookies  = 50       // used of one response, as curl does
	maxSiteCookies = 180      // set by the servers of one registered domain
	maxJarBytes    = 16 << 20 // bytes of all that servers have set
	cookieOverhead = 256      // bytes that a cookie takes besides its text
	maxHeaderBytes = 8 << 10  // bytes that the Jar adds to one Cookie header
)

// A Jar stores cookies and selects those for a request by RFC 6265: for their host or domain, below their path, Secure
// ones over https alone, until they expire. No response sets one for a public suffix or for another site.
//
// In addition to RFC 6265, a cookie that a response sets is bound to its origin: it is sent to the scheme it came over,
// and one without a Domain to the port it came from; one set over http goes on to https of its host as well, at any
// port, unless a response has set it there. One from a file is bound to neither, since the user gave it to its domain.
// Where a response has set a newer one with the same name, domain and path, that one is sent instead to its own origin;
// the file's is still sent to others.
//
// It is bounded, whatever servers send: 50 cookies of one response, 4 KiB each, 180 of one registrable domain and 16
// MiB in all; beyond that the least recently used are evicted. Cookies from a file do not count. At most 8 KiB of
// cookies are sent with one request. A Jar may be shared by Runs and is safe for concurrent use.
type Jar struct {
	mu    sync.Mutex          // guards all below
	sites map[string][]*entry // by siteOf, so that one site's cookies are never considered for another
	lru   *list.List          // of *entry: those that servers set, the least recently used first
	bytes int                 // that the entries of lru take, by entry.size
	clock uint64              // logical time: counts insertions and uses
}

// An entry is a cookie in a Jar.
type entry struct {
	cookie
	created, lastUsed uint64        // by Jar.clock
	lastSet           uint64        // the same; created is that of the first of those with its key
	element           *list.Element // in Jar.lru; nil for one from a file
}

// New returns an empty Jar.
func New() *Jar {
	return &Jar{sites: make(map[string][]*entry), lru: list.New()}
}

// Load adds the cookies of a file to the Jar, but for those that have expired by now.
// The error names a line and never repeats its text, which may be secret; then nothing is added.
//
// A file holds lines of seven fields separated by tabs, in the Netscape format: domain, TRUE where its sub-domains are
// meant too, path, TRUE for https alone, expiry in seconds since 1970 (0: never in this run), name, value. A prefix of
// #HttpOnly_ is allowed; other lines that start with # are comments. Set-Cookie headers are accepted as well, if they
// have a Domain: without one their host is not known. Other header lines, as from curl -D, are skipped.
func (j *Jar) Load(file []byte, now time.Time) error {
	cookies, err := parseCookieFile(file, now)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range cookies {
		j.insert(&entry{cookie: cookies[i]}, now)
	}
	return nil
}

// SetCookies adds the cookies that a response from u sets; lines are the values of its Set-Cookie headers. Those that
// are invalid, or that u may not set, are ignored.
func (j *Jar) SetCookies(u *url.URL, lines []string, now time.Time) {
	if len(lines) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range lines[:min(len(lines), maxSetCookies)] {
		c, ok := parseSetCookie(strings.Clone(line), now) // it may be a part of a whole header, which is not to stay
		if !ok || !c.bindTo(u) {
			continue
		}
		k := &entry{cookie: c}
		if u.Scheme == "https" || !j.shadowsSecure(k) {
			k.element = j.lru.PushBack(k)
			j.bytes += k.size()
			j.insert(k, now)
		}
	}
}

// shadowsSecure reports whether k would replace or shadow a Secure cookie, which plain http may not do (RFC 6265bis,
// "leave Secure cookies alone"). The lock is held.
func (j *Jar) shadowsSecure(k *entry) bool {
	for _, other := range j.sites[siteOf(k.domain)] {
		if other.secure && other.name == k.name && pathMatches(k.path, other.path) &&
			(domainMatches(k.domain, other.domain) || domainMatches(other.domain, k.domain)) {
			return true
		}
	}
	return false
}

// insert adds k and removes what it replaces, then evicts until the Jar is within its bounds. A k that has expired is
// not added but still removes, and removes what it supersedes too: a server that ends a session ends all of it. The
// lock is held.
func (j *Jar) insert(k *entry, now time.Time) {
	site := siteOf(k.domain)
	j.clock++
	k.created, k.lastUsed, k.lastSet = j.clock, j.clock, j.clock
	for _, old := range slices.Clone(j.sites[site]) {
		same := old.hasSameKeyAndOrigin(&k.cookie)
		if same || k.supersedes(&old.cookie) {
			k.created = min(k.created, old.created)
		}
		if same || k.supersedes(&old.cookie) && k.expired(now) {
			j.remove(site, old)
		}
	}
	j.sites[site] = append(j.sites[site], k)
	if k.expired(now) {
		j.remove(site, k)
	}
	if k.element == nil {
		return
	}
	j.evictFrom(site, now)
	for j.bytes > maxJarBytes {
		oldest := j.lru.Front().Value.(*entry)
		j.remove(siteOf(oldest.domain), oldest)
	}
}

// evictFrom removes the expired cookies of a site and, where it is over maxSiteCookies then, the least recently used
// one. The lock is held.
func (j *Jar) evictFrom(site string, now time.Time) {
	count := 0
	var oldest *entry
	for _, k := range slices.Clone(j.sites[site]) {
		switch {
		case k.expired(now):
			j.remove(site, k)
		case k.element != nil:
			count++
			if oldest == nil || k.lastUsed < oldest.lastUsed {
				oldest = k
			}
		}
	}
	if count > maxSiteCookies {
		j.remove(site, oldest)
	}
}

// remove removes k, which is an entry of the site. The lock is held.
func (j *Jar) remove(site string, k *entry) {
	left := slices.DeleteFunc(j.sites[site], func(other *entry) bool { return other == k })
	if j.sites[site] = left; len(left) == 0 {
		delete(j.sites, site)
	}
	if k.element != nil {
		j.lru.Remove(k.element)
		j.bytes -= k.size()
	}
}

// size returns how many bytes of memory k counts for.
func (k *entry) size() int {
	return len(k.name) + len(k.value) + len(k.domain) + len(k.path) + cookieOverhead
}

// A pair is a cookie-pair of a Cookie header (RFC 6265 section 4.2.1). An empty name means a value without =.
type pair struct{ name, value string }

// pairsFor returns the cookies to send to u, longer paths first, then older cookies (RFC 6265 section 5.4), and marks
// them as used.
func (j *Jar) pairsFor(u *url.URL, now time.Time) []pair {
	at := requestURIOf(u)
	j.mu.Lock()
	defer j.mu.Unlock()
	var chosen []*entry
	for _, k := range j.sites[siteOf(at.host)] {
		if k.appliesTo(at, now) {
			chosen = append(chosen, k)
		}
	}
	chosen = withoutSuperseded(chosen, at)
	slices.SortFunc(chosen, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(len(b.path), len(a.path)), cmp.Compare(a.created, b.created))
	})
	var found []pair
	length := 0
	for _, k := range chosen {
		if length += len(k.name) + len(k.value) + len("=; "); length > maxHeaderBytes {
			break
		}
		found = append(found, pair{k.name, k.value})
		j.clock++
		if k.lastUsed = j.clock; k.element != nil {
			j.lru.MoveToBack(k.element)
		}
	}
	return found
}

// withoutSuperseded returns list, the cookies that apply to a URL, without those of which another is to be sent there:
// one that supersedes them or, of those set over http that go on to https, a later one. It reuses list.
func withoutSuperseded(list []*entry, at requestURI) []*entry {
	return slices.DeleteFunc(list, func(k *entry) bool {
		return slices.ContainsFunc(list, func(other *entry) bool {
			return other.supersedes(&k.cookie) || at.scheme == "https" && k.scheme == "http" && other.scheme == "http" &&
				other.hasSameKey(&k.cookie) && other.lastSet > k.lastSet
		})
	})
}

// MergeHeader returns the Cookie header for u: the Jar's cookies in one line (RFC 6265 section 5.4), followed by line,
// the Cookie header without a Jar, as curl does. Of two cookies with the same name the one of line is sent, or the
// Jar's where renew is true. found is false where the Jar has no cookie for u; header is line then.
func (j *Jar) MergeHeader(u *url.URL, line string, renew bool, now time.Time) (header string, found bool) {
	jar := j.pairsFor(u, now)
	if len(jar) == 0 {
		return line, false
	}
	given := parsePairs(line)
	if renew {
		given = withoutNames(given, jar)
	} else {
		jar = withoutNames(jar, given)
	}
	return joinPairs(append(jar, given...)), true
}

// parsePairs parses a Cookie header.
func parsePairs(line string) []pair {
	var found []pair
	for part := range strings.SplitSeq(line, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, is := strings.Cut(part, "=")
		if !is {
			name, value = "", part // a value alone
		}
		found = append(found, pair{name, value})
	}
	return found
}

// joinPairs formats pairs as a Cookie header: the reverse of parsePairs.
func joinPairs(pairs []pair) string {
	var line strings.Builder
	for i, p := range pairs {
		if i > 0 {
			line.WriteString("; ")
		}
		if p.name != "" {
			line.WriteString(p.name + "=")
		}
		line.WriteString(p.value)
	}
	return line.String()
}

// withoutNames returns list without the cookies whose name others have too. It reuses list.
func withoutNames(list, others []pair) []pair {
	return slices.DeleteFunc(list, func(p pair) bool {
		return slices.ContainsFunc(others, func(o pair) bool { return o.name == p.name && o.name != "" })
	})
}
