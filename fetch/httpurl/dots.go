package httpurl

import (
	"net/url"
	"strings"
)

// RemoveDots returns u with the dot segments of its path resolved (RFC 3986 section 5.2.4), those that are written with
// %2e included, as in browsers; u itself where there are none.
func RemoveDots(u *url.URL) *url.URL {
	path := u.EscapedPath()
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return u
	}
	plain := removeDots(path)
	if plain == path {
		return u
	}
	bare := *u
	bare.Path, _ = url.PathUnescape(plain) // pieces of a path that has been parsed
	if bare.RawPath = ""; bare.EscapedPath() != plain {
		bare.RawPath = plain
	}
	return &bare
}

// removeDots returns an escaped path, which starts with a slash, without its dot segments.
func removeDots(path string) string {
	var kept []string
	last := false // the segment before was a dot segment: the path ends with a slash where no other follows
	for segment := range strings.SplitSeq(path[1:], "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
			last = true
			continue
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
			last = true
			continue
		}
		kept, last = append(kept, segment), false
	}
	plain := "/" + strings.Join(kept, "/")
	if last && len(kept) > 0 {
		plain += "/"
	}
	return plain
}
