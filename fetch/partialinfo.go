package fetch

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport"
)

// Usable reports whether a partial body of size bytes can be continued by info. Every field is checked: info may come
// from a file that anybody has written.
func (info PartialInfo) Usable(size int64) bool {
	return size > 0 && (info.Total == 0 || size <= info.Total) && info.URL != "" &&
		(info.hasIfRange() || info.Total > 0 && isBareTag(info.Validator) ||
			info.Total > 0 && info.hasWeakTag() && info.LastModified != "") &&
		(info.LastModified == "" || isDate(info.LastModified)) && len(info.Coding) <= maxCodingText
}

// hasIfRange reports whether the validator can be sent in If-Range (RFC 9110 section 13.1.5).
func (info PartialInfo) hasIfRange() bool {
	return isStrongETag(info.Validator) || isDate(info.Validator)
}

// hasWeakTag reports whether the validator is a weak entity tag.
func (info PartialInfo) hasWeakTag() bool {
	tag, weak := strings.CutPrefix(info.Validator, "W/")
	return weak && isStrongETag(tag)
}

// maxCodingText is the longest Content-Encoding in bytes that a body is left in and can be continued.
const maxCodingText = 100

// partialURL returns u as PartialInfo.At has it.
func partialURL(u *url.URL) string {
	place := httpurl.Origin(u) + u.EscapedPath()
	if u.RawQuery == "" {
		return place
	}
	return fmt.Sprintf("%s?%x", place, sha256.Sum256([]byte(u.RawQuery)))
}

// isFrom reports whether info is of a body of u. Where the hash of the body is known beforehand (hashed), the queries
// may differ: presigned URLs have another signature each time.
func (info PartialInfo) isFrom(u *url.URL, hashed bool) bool {
	want, have := partialURL(u), info.URL
	if hashed {
		want, _, _ = strings.Cut(want, "?")
		have, _, _ = strings.Cut(have, "?")
	}
	return want == have
}

// partialInfoOf returns the PartialInfo of the body of a 200 response to a plain GET; false where that body can't be
// continued. length is the Content-Length; negative is unknown. now is when the response was received.
func partialInfoOf(to *target, h http.Header, length int64, now time.Time) (PartialInfo, bool) {
	info := PartialInfo{
		Validator: strongValidator(to, h, now), Coding: knownCodings(h), Total: max(length, 0), URL: partialURL(to.URL)}
	if dates := h["Last-Modified"]; len(dates) == 1 && isDate(dates[0]) {
		info.LastModified = dates[0]
	}
	accepts := func(unit string) bool { return httpguts.HeaderValuesContainsToken(h["Accept-Ranges"], unit) }
	if info.Validator == "" && len(h["Etag"]) == 1 && strongDate(h, now) != "" {
		info.Validator = h["Etag"][0] // a weak one of a file: Express and Jetty have no others, sirv no Accept-Ranges
	}
	if cache.IsURLTag(info.Validator, to.URL) && strongDate(h, now) == "" {
		return info, false // of all versions; with a date, that tells them apart
	}
	return info, info.Validator != "" && !accepts("none") && info.Usable(1)
}

// isPlainGet reports whether a range may be requested of a target: a GET without a body and without a range of the
// user's own.
func isPlainGet(to *target) bool {
	return to.Method == http.MethodGet && to.Body == nil && to.Header["Range"] == nil && to.Header["If-Range"] == nil
}

// strongValidator returns the strong validator of a response (RFC 9110 section 8.8.1), a tag without its quotes among
// them; empty is none. A Last-Modified is only one where there is no entity tag, not even a weak one (section 13.1.5),
// where it was at least a second old when the response was made (section 8.8.2.2), and where no header of the request
// has selected the response.
func strongValidator(to *target, h http.Header, now time.Time) string {
	if tags := h["Etag"]; len(tags) > 0 {
		if len(tags) == 1 && (isStrongETag(tags[0]) || isBareTag(tags[0])) {
			return tags[0]
		}
		return ""
	}
	if isSelected(to, h["Vary"]) {
		return ""
	}
	return strongDate(h, now)
}

// strongDate returns the Last-Modified of a response where it is a strong validator of what has the same entity tag;
// empty is none. Without a Date, as Puma 5.6 and Thin 1.8 send files of Rack, the response is from now, when it was
// received (RFC 9110 section 6.6.1), by a clock that may be another than the server's.
func strongDate(h http.Header, now time.Time) string {
	modified, dates := h.Get("Last-Modified"), h["Date"]
	if !isDate(modified) || len(dates) > 0 && !isDate(dates[0]) {
		return ""
	}
	changed, _ := time.Parse(http.TimeFormat, modified) // isDate
	made, leastAge := now, undatedAge
	if len(dates) > 0 {
		made, _ = time.Parse(http.TimeFormat, dates[0]) // likewise
		leastAge = time.Second
	}
	if made.Sub(changed) < leastAge {
		return ""
	}
	return modified
}

// undatedAge is how old a Last-Modified has to be by our clock (RFC 7232 section 2.2.2 has 60 seconds between clocks).
const undatedAge = time.Minute

// maxETag is the longest entity tag in bytes that is used.
const maxETag = 1 << 10

// isStrongETag reports whether text is a strong entity tag (RFC 9110 section 8.8.3) of ASCII alone.
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

// isBareTag reports whether text is an entity tag without the quotes that it has to have, as WEBrick 1.8 sends it. In
// If-Range it would be no tag, or worse: WEBrick answers that of the file that it has by 304.
func isBareTag(text string) bool {
	return text != "" && isStrongETag(`"`+text+`"`) && !strings.ContainsAny(text, ",*") && !strings.HasPrefix(text, "W/")
}

// isDate reports whether text is a date in the form that senders have to use (RFC 9110 section 5.6.7).
func isDate(text string) bool {
	at, err := time.Parse(http.TimeFormat, text)
	return err == nil && at.Format(http.TimeFormat) == text
}

// isSelected reports whether a Vary header says that a header of the request may have selected the response (RFC 9110
// section 12.5.5). One that the request does not have selects nothing: servers that allow other origins say "Vary:
// Origin" with each file. A PartialInfo has what Accept-Encoding selects; Cookie and Authorization may come from
// elsewhere.
func isSelected(to *target, vary []string) bool {
	for _, value := range vary {
		for name := range strings.SplitSeq(value, ",") {
			switch name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name {
			case "", "Accept-Encoding":
			case "*", "Authorization", "Cookie", "Host":
				return true
			default:
				if _, has := to.Header[name]; has {
					return true
				}
			}
		}
	}
	return false
}

// A contentRange is a Content-Range (RFC 9110 section 14.4): the 0-based first and last byte of a response, and how
// many the whole body has; total 0 is unknown.
type contentRange struct{ first, last, total int64 }

// parseContentRange parses a Content-Range of a satisfied range: "bytes 100-199/200" or "bytes 100-199/*".
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

// isWithin reports whether a part lies within what a Range requests (RFC 9110 section 14.2), and so has no byte that is
// not wanted. One of several ranges, or that can't be parsed, says nothing.
func (r contentRange) isWithin(requested string) bool {
	spec, isBytes := strings.CutPrefix(requested, "bytes=")
	first, last, isRange := strings.Cut(spec, "-")
	until, bounded := transport.ParseCount(last)
	from, isFrom := transport.ParseCount(first)
	switch {
	case !isBytes || !isRange:
		return true
	case first == "": // the last bytes, so many
		return !bounded || r.total == 0 || r.first >= r.total-until
	case !isFrom || !bounded && last != "":
		return true
	}
	return r.first >= from && (!bounded || r.last <= until)
}

// continuesFrom reports whether a response has the bytes, from the 0-based byte from on, of the body that info is of,
// and how many bytes that body has in all. A server that follows If-Range sends nothing else as a 206; the response of
// one that ignores it is refused here.
func continuesFrom(info PartialInfo, from int64, status int, h http.Header) (total int64, ok bool) {
	ranges := h["Content-Range"]
	if status != http.StatusPartialContent || len(ranges) != 1 || knownCodings(h) != info.Coding {
		return 0, false
	}
	r, ok := parseContentRange(ranges[0])
	if !ok || r.first != from || r.total > 0 && info.Total > 0 && r.total != info.Total {
		return 0, false
	}
	if !info.hasIfRange() && r.total == 0 {
		return 0, false
	}
	total = max(r.total, info.Total)
	return total, r.last < total && info.matches(h)
}

// matches reports whether a response with this header is of the body that info is of. A 206 has the entity tag that a
// 200 would have, and may leave out the date (RFC 9110 section 15.3.7). Where both have a date it has to be the same:
// some servers keep an entity tag over other bytes (Tornado 6.2). Without a strong tag the date must be there: many
// ignore If-Range, and those that have no tag all send it (Twisted, webfs, serve-handler).
func (info PartialInfo) matches(h http.Header) bool {
	tags, dates := h["Etag"], h["Last-Modified"]
	if isDate(info.Validator) {
		return len(tags) == 0 && len(dates) == 1 && dates[0] == info.Validator
	}
	if len(tags) != 1 || tags[0] != info.Validator {
		return false
	}
	if len(dates) == 0 || info.LastModified == "" {
		return !info.hasWeakTag()
	}
	return len(dates) == 1 && dates[0] == info.LastModified
}

// mayBeWhole reports whether a 200 to a request for the bytes from the 0-based byte from on may be the whole body. Some
// servers send the part, or what is left of it, under that status. webpack-dev-middleware 8.6 gives it a tag of its
// own, so that nothing but its length, just that of the rest, tells it from a file that has become shorter.
func (info PartialInfo) mayBeWhole(resp *http.Response, from int64) bool {
	if values := resp.Header["Content-Range"]; len(values) > 0 {
		r, ok := parseContentRange(values[0])
		return ok && r.first == 0 && r.last+1 == r.total
	}
	length := resp.ContentLength
	if length < 0 || info.Total == 0 || length == info.Total || knownCodings(resp.Header) != info.Coding {
		return true
	}
	return length != info.Total-from && !info.matches(resp.Header)
}
