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

// The bounds of a Jar: servers can't make it grow past them, nor make a Cookie line longer.
const (
	maxSetCookies  = 50       // taken of one answer, as curl does
	maxSiteCookies = 180      // set by the servers of one registered domain
	maxJarBytes    = 16 << 20 // bytes of all that servers have set
	cookieOverhead = 256      // bytes that a cookie takes beside its text
	maxHeaderBytes = 8 << 10  // bytes of a Jar's part of one Cookie line
)

// A Jar keeps cookies and sends them where RFC 6265 says: to their host or domain, below their path, Secure ones by https
// alone, until they expire. No answer sets one for a public suffix, nor for another site.
//
// One that an answer sets is bound to its origin besides, which RFC 6265 does not know: it goes to the scheme it came
// by, and one without a Domain to the port it came from. One from a file knows neither, for the user gave it to its domain;
// where an answer has set a newer one like it, that goes in its place, and elsewhere it stays what it was.
//
// It is bounded, whatever servers send: 50 cookies of one answer, 4 KiB each, 180 of one registered domain and 16 MiB in all;
// past that the ones not used for longest go. Cookies from a file do not count.
// At most 8 KiB of cookies go with one request. A Jar may be shared by Runs, and used by many goroutines at once.
type Jar struct {
	mu    sync.Mutex
	sites map[string][]*entry // by siteOf: nothing that is kept for one is even looked at for another
	lru   *list.List          // those that servers set, the one not used for longest first
	bytes int                 // bytes that those take
	clock uint64              // counts puts and uses
}

// entry is a cookie in a Jar.
type entry struct {
	cookie
	created, lastUsed uint64
	element           *list.Element // in Jar.stale; nil for one from a file
}

// New returns an empty Jar.
func New() *Jar {
	return &Jar{sites: make(map[string][]*entry), lru: list.New()}
}

// Load puts the cookies of a file into the Jar (see below for its format). Those that have expired by now are left out.
// The error names a line and never repeats its text: it may be secret.
//
// A file holds lines of seven fields separated by tabs, in the format of Netscape: domain, TRUE where the hosts below it
// are meant too, path, TRUE for https alone, when it expires in seconds since 1970 (0: never in this run), name, value.
// #HttpOnly_ may stand in front; other lines that start with # are comments. Set-Cookie headers are taken as well, with
// a Domain: without one nobody can say whose they are. Other header lines, as from curl -D, are skipped.
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

// SetCookies takes the cookies that an answer from u sets.
func (j *Jar) SetCookies(u *url.URL, lines []string, now time.Time) {
	if len(lines) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range lines[:min(len(lines), maxSetCookies)] {
		c, ok := parseSetCookie(line, now)
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

// shadowsSecure says whether a Secure cookie stands where k would be: plain http can't get at it.
func (j *Jar) shadowsSecure(k *entry) bool {
	for _, other := range j.sites[siteOf(k.domain)] {
		if other.secure && other.name == k.name && (domainMatches(k.domain, other.domain) || domainMatches(other.domain, k.domain)) && pathMatches(k.path, other.path) {
			return true
		}
	}
	return false
}

// insert keeps k in place of what it replaces. One that has expired only takes that away, and what a file brought like it:
// a server that ends a session means all of it.
func (j *Jar) insert(k *entry, now time.Time) {
	site := siteOf(k.domain)
	j.clock++
	k.created, k.lastUsed = j.clock, j.clock
	for _, old := range slices.Clone(j.sites[site]) {
		same := old.hasSameKeyAndOrigin(&k.cookie)
		if same || old.scheme == "" && old.hasSameKey(&k.cookie) {
			k.created = min(k.created, old.created)
		}
		if same || old.scheme == "" && old.hasSameKey(&k.cookie) && k.expired(now) {
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

// evictFrom keeps a site within its bound: what has expired goes first, then what was not used for longest.
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

func (k *entry) size() int {
	return len(k.name) + len(k.value) + len(k.domain) + len(k.path) + cookieOverhead
}

// A pair is a cookie as it is sent.
type pair struct{ name, value string }

// pairsFor returns what goes to u: longer paths first, then older cookies (RFC 6265 section 5.4).
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
	chosen = withoutSuperseded(chosen)
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

// withoutSuperseded returns list without those from a file of which a server has set a newer one.
func withoutSuperseded(list []*entry) []*entry {
	return slices.DeleteFunc(list, func(k *entry) bool {
		return k.scheme == "" && slices.ContainsFunc(list, func(newer *entry) bool { return newer.scheme != "" && newer.hasSameKey(&k.cookie) })
	})
}

// MergeHeader returns the Cookie header for u: what the Jar has for it, as one line (RFC 6265 section 5.4), in front of
// line, the Cookie header without a Jar, as curl does. Of two cookies of one name the one of line is sent, or the Jar's
// where renew is true. found is false where the Jar has none for u: then header is line.
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

// parsePairs takes a Cookie header apart.
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

// joinPairs is the reverse of cookiePairs.
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

// withoutNames returns list without what others name too.
func withoutNames(list, others []pair) []pair {
	return slices.DeleteFunc(list, func(p pair) bool {
		return slices.ContainsFunc(others, func(o pair) bool { return o.name == p.name && o.name != "" })
	})
}
