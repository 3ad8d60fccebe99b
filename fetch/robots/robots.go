// Package robots reads robots.txt (RFC 9309): which paths of a host a crawler may request, and how often. It is pure.
//
//	Parse(text, "batchfetch") ──▸ Rules ──▸ Allows("/path?query")
package robots

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxBytes is how much of a robots.txt is read: 500 KiB, the least that section 2.5 asks for.
const MaxBytes = 500 << 10

// Path is where a robots.txt is; it may always be requested itself (section 2.2.2).
const Path = "/robots.txt"

// Rules are what a robots.txt says to one crawler. They are not written to once they are made; nil allows all.
type Rules struct {
	rules []rule // the longest first, and of two as long the one that allows
	delay time.Duration
}

// A rule is a pattern of paths. It begins with a slash or a star.
type rule struct {
	pattern string // normalized; a star stands for any characters
	allow   bool
	atEnd   bool // the path ends where the pattern does
}

// Parse returns the rules for the crawler that calls itself agent, a User-Agent or the product token of one (section
// 2.2.1): those of all groups that name it, in any case of letters, or else those of all groups for any crawler. Of
// text it reads MaxBytes, and what it can't read it leaves out.
func Parse(text []byte, agent string) *Rules {
	if len(text) > MaxBytes { // the line that is cut is none
		text = text[:bytes.LastIndexAny(text[:MaxBytes], "\r\n")+1]
	}
	token := Token(agent)
	var own, any Rules
	isNamed := false                          // a group names the crawler
	inOwn, inAny, head := false, false, false // which groups a line is of; head: it names another crawler of its group
	for line := range lines(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
		key, value, found := field(line)
		if !found {
			continue
		}
		switch key {
		case "user-agent":
			if !head {
				inOwn, inAny, head = false, false, true
			}
			named := token != "" && strings.EqualFold(Token(value), token)
			inOwn, inAny, isNamed = inOwn || named, inAny || value == "*", isNamed || named
		case "allow", "disallow", "crawl-delay":
			head = false
			if inOwn {
				own.add(key, value)
			}
			if inAny {
				any.add(key, value)
			}
		}
	}
	if !isNamed {
		own = any
	}
	slices.SortStableFunc(own.rules, func(a, b rule) int {
		if more := b.length() - a.length(); more != 0 || a.allow == b.allow {
			return more
		}
		if a.allow {
			return -1
		}
		return 1
	})
	own.rules = slices.Clip(own.rules)
	return &own
}

// Token returns the product token with which a User-Agent begins: letters, hyphens and underscores.
func Token(agent string) string {
	end := strings.IndexFunc(agent, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
	})
	if end < 0 {
		return agent
	}
	return agent[:end]
}

// lines yields the lines of text, which CR, LF or both end.
func lines(text []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range bytes.FieldsFuncSeq(text, func(c rune) bool { return c == '\r' || c == '\n' }) {
			if !yield(string(line)) {
				return
			}
		}
	}
}

// field returns the name of a line in small letters and its value, without a comment and the space around.
func field(line string) (key, value string, found bool) {
	line, _, _ = strings.Cut(line, "#")
	key, value, found = strings.Cut(line, ":")
	return strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value), found
}

// add adds a line to the rules.
func (r *Rules) add(key, value string) {
	if key == "crawl-delay" {
		if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 && r.delay == 0 {
			r.delay = time.Duration(min(seconds, maxDelay.Seconds()) * float64(time.Second))
		}
		return
	}
	if value == "" || value[0] != '/' && value[0] != '*' { // an empty one says nothing; another names no path
		return
	}
	pattern, atEnd := strings.CutSuffix(value, "$")
	r.rules = append(r.rules, rule{normalize(pattern, true), key == "allow", atEnd})
}

// maxDelay bounds a Crawl-delay.
const maxDelay = 24 * time.Hour

// Size returns about how many bytes of memory the rules take.
func (r *Rules) Size() int {
	if r == nil {
		return 0
	}
	size := 64
	for i := range r.rules {
		size += 32 + len(r.rules[i].pattern)
	}
	return size
}

// CrawlDelay returns how long the host wants crawlers to wait between two requests, a day at most; 0 is not said. It is
// no part of the RFC.
func (r *Rules) CrawlDelay() time.Duration {
	if r == nil {
		return 0
	}
	return r.delay
}

// Allows reports whether a path, with its query, may be requested: by the longest pattern that it matches, of two as
// long by the one that allows it (section 2.2.2). What nothing matches may be.
func (r *Rules) Allows(path string) bool {
	if r == nil || len(r.rules) == 0 {
		return true
	}
	if path = normalize(path, false); path == Path {
		return true
	}
	for i := range r.rules {
		if r.rules[i].matches(path) {
			return r.rules[i].allow
		}
	}
	return true
}

func (r *rule) length() int {
	if r.atEnd {
		return len(r.pattern) + 1
	}
	return len(r.pattern)
}

// matches reports whether a normalized path begins with the pattern, or is it.
func (r *rule) matches(path string) bool {
	first, rest, hasStar := strings.Cut(r.pattern, "*")
	if !strings.HasPrefix(path, first) {
		return false
	}
	path = path[len(first):]
	for hasStar {
		var part string
		part, rest, hasStar = strings.Cut(rest, "*")
		if !hasStar && r.atEnd {
			return strings.HasSuffix(path, part)
		}
		at := strings.Index(path, part)
		if at < 0 {
			return false
		}
		path = path[at+len(part):]
	}
	return !r.atEnd || path == ""
}

// normalize returns a path, or a pattern of them, in the form that both are compared in (section 2.2.2): what need not
// be percent-encoded is not, and what has to be is, as are a star and a dollar sign of a path, which mean something in
// a pattern.
func normalize(path string, isPattern bool) string {
	const digits = "0123456789ABCDEF"
	for i := 0; ; i++ {
		if i == len(path) {
			return path
		}
		if c := path[i]; !isUnreserved(c) && c != '/' {
			break
		}
	}
	text := make([]byte, 0, len(path)+8)
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2]) {
			value, _ := strconv.ParseUint(path[i+1:i+3], 16, 8) // isHex
			if i += 2; isUnreserved(byte(value)) {
				text = append(text, byte(value))
				continue
			}
			text = append(text, '%', digits[value>>4], digits[value&0xf])
			continue
		}
		if c <= ' ' || c >= 0x7f || !isPattern && (c == '*' || c == '$') {
			text = append(text, '%', digits[c>>4], digits[c&0xf])
			continue
		}
		text = append(text, c)
	}
	return string(text)
}

// isUnreserved reports whether a byte means the same percent-encoded (RFC 3986 section 2.3).
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
