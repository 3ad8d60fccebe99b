package fetch

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport"
)

// Usable reports whether a part of so many bytes can be continued by this Mark: it may come from a file that anybody has written.
func (m PartialInfo) Usable(size int64) bool {
	return size > 0 && (m.Total == 0 || size <= m.Total) && m.At != "" && (isStrongETag(m.Validator) || isDate(m.Validator))
}

// partialURL is the URL as a Mark holds it.
func partialURL(u *url.URL) string {
	place := httpurl.Origin(u) + u.EscapedPath()
	if u.RawQuery == "" {
		return place
	}
	return fmt.Sprintf("%s?%x", place, sha256.Sum256([]byte(u.RawQuery)))
}

// isFrom reports whether the Mark is of a body of u. Where the hash of the body is known beforehand, the query may be another:
// that of links that are signed anew each time.
func (m PartialInfo) isFrom(u *url.URL, hashed bool) bool {
	here, there := partialURL(u), m.At
	if hashed {
		here, _, _ = strings.Cut(here, "?")
		there, _, _ = strings.Cut(there, "?")
	}
	return here == there
}

// partialInfoOf returns the Mark of the body of a 200 answer to a plain GET; false where that body can't be continued.
// length is negative where it is not known.
func partialInfoOf(to *target, h http.Header, length int64) (PartialInfo, bool) {
	m := PartialInfo{Validator: strongValidator(h), Total: max(length, 0), At: partialURL(to.URL)}
	return m, m.Validator != "" && !hasToken(h["Accept-Ranges"], "none") && len(coding.Of(h)) == 0
}

// isPlainGet says which targets may be asked for a part: that have no ranges of their own.
func isPlainGet(to *target) bool {
	return to.Method == http.MethodGet && to.Body == nil && to.Header["Range"] == nil && to.Header["If-Range"] == nil
}

// strongValidator returns what tells this very body from any other of its URL; empty where nothing does.
// A date is only one where there is no entity tag, not even a weak one (RFC 9110 section 13.1.5), where it had passed
// when the answer was made (section 8.8.2.2), and where no header but Accept-Encoding had a say in the answer.
func strongValidator(h http.Header) string {
	if tags := h["Etag"]; len(tags) > 0 {
		if len(tags) == 1 && isStrongETag(tags[0]) {
			return tags[0]
		}
		return ""
	}
	modified, date := h.Get("Last-Modified"), h.Get("Date")
	if !isDate(modified) || !isDate(date) || varies(h["Vary"]) {
		return ""
	}
	changed, _ := time.Parse(http.TimeFormat, modified) // isDate
	made, _ := time.Parse(http.TimeFormat, date)        // likewise
	if made.Sub(changed) < time.Second {
		return ""
	}
	return modified
}

// maxETag bounds an entity tag.
const maxETag = 1 << 10

// isStrongETag knows strong entity tags (RFC 9110 section 8.8.3), of ASCII alone.
func isStrongETag(text string) bool {
	if len(text) < 2 || len(text) > maxETag || text[0] != '"' || text[len(text)-1] != '"' {
		return false
	}
	for _, c := range []byte(text[1 : len(text)-1]) {
		if c <= ' ' || c == '"' || c >= 0x7f {
			return false
		}
	}
	return true
}

// isDate knows dates as they are to be sent (RFC 9110 section 5.6.7).
func isDate(text string) bool {
	at, err := time.Parse(http.TimeFormat, text)
	return err == nil && at.Format(http.TimeFormat) == text
}

// varies reports whether more than Accept-Encoding chose an answer (RFC 9110 section 12.5.5).
func varies(vary []string) bool {
	for _, value := range vary {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "Accept-Encoding") {
				return true
			}
		}
	}
	return false
}

func hasToken(values []string, word string) bool {
	for _, value := range values {
		for each := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(each), word) {
				return true
			}
		}
	}
	return false
}

// A contentRange says which bytes of how many an answer holds. total is 0 where the server does not say.
type contentRange struct{ first, last, total int64 }

// parseContentRange reads a Content-Range of satisfied bytes (RFC 9110 section 14.4): "bytes 100-199/200" or "bytes 100-199/*".
func parseContentRange(text string) (r contentRange, ok bool) {
	unit, text, _ := strings.Cut(text, " ")
	span, total, slash := strings.Cut(text, "/")
	first, last, dash := strings.Cut(span, "-")
	if !strings.EqualFold(unit, "bytes") || !slash || !dash {
		return r, false
	}
	r.first, ok = transport.ParseCount(first)
	if ok {
		r.last, ok = transport.ParseCount(last)
	}
	if ok && total != "*" {
		r.total, ok = transport.ParseCount(total)
		ok = ok && r.last < r.total
	}
	return r, ok && r.first <= r.last
}

// continuesFrom reports whether an answer holds the bytes from the given one on of the body that was marked, and how many
// bytes the whole of it has. A server that heeds If-Range sends nothing else as 206; one that does not is found out here.
func continuesFrom(m PartialInfo, from int64, status int, h http.Header) (total int64, ok bool) {
	ranges := h["Content-Range"]
	if status != http.StatusPartialContent || len(ranges) != 1 || len(coding.Of(h)) > 0 {
		return 0, false
	}
	r, ok := parseContentRange(ranges[0])
	if !ok || r.first != from || r.total > 0 && m.Total > 0 && r.total != m.Total {
		return 0, false
	}
	total = max(r.total, m.Total)
	return total, r.last < total && m.matches(h)
}

// matches reports whether a 206 is of the body that was marked. It has the entity tag that a 200 would have, and may leave
// the date out (RFC 9110 section 15.3.7).
func (m PartialInfo) matches(h http.Header) bool {
	tags, dates := h["Etag"], h["Last-Modified"]
	if isStrongETag(m.Validator) {
		return len(tags) == 1 && tags[0] == m.Validator
	}
	return len(tags) == 0 && (len(dates) == 0 || len(dates) == 1 && dates[0] == m.Validator)
}

// isUnrequestedPart reports whether resp is a success that has only a part of a body, and nobody asked for a part (RFC 9110 section 15.3.7).
func (x *exchange) isUnrequestedPart(to *target, resp *http.Response) bool {
	if resp.StatusCode != http.StatusPartialContent || x.partialHash != nil || to.Header["Range"] != nil || !x.options.AcceptStatus.Has(resp.StatusCode) {
		return false
	}
	r, ok := parseContentRange(resp.Header.Get("Content-Range"))
	return !ok || r.first != 0 || r.last+1 != r.total
}
