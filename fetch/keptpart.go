package fetch

import (
	"math"
	"mime"
	"net/http"
	"strings"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport"
)

// This file is the parts that come in place of what was requested: a cache that keeps responses by their path alone, as
// that of Fiber 2.52 and 3.1, answers each request by the part that was requested first, and without its Content-Range.

// keptPart is the failure of such a response. The next attempt asks caches to go past what they have (noCache).
func keptPart(format string, args ...any) *failure.Failure {
	f := failure.New(failure.Protocol, format, args...)
	f.Option = failure.KeptPart
	return f
}

// hiddenPart returns the Content-Range of a 200 that has the bytes of a part, and not of one that the Range of the
// request names: http-cache, for handlers of net/http, keeps a 206 and answers by it under 200. "" is none.
func hiddenPart(o *Options, to *target, resp *http.Response) string {
	requested, sent := to.Header["Range"], resp.Header["Content-Range"]
	if resp.StatusCode != http.StatusOK || len(sent) != 1 || !o.AcceptStatus.Has(resp.StatusCode) ||
		resp.Header["Content-Encoding"] != nil {
		return ""
	}
	r, ok := parseContentRange(sent[0])
	isPart := ok && r.total > 0 && r.last-r.first+1 < r.total && resp.ContentLength == r.last-r.first+1
	if !isPart || len(requested) > 0 && r.isWithin(requested[0]) {
		return ""
	}
	return sent[0]
}

// isLongerPart reports whether resp is a success with more bytes than the Range of the request names, and has no
// Content-Range, which a 206 has to have (RFC 9110 section 15.3.7.1).
func isLongerPart(o *Options, to *target, resp *http.Response) bool {
	requested := to.Header["Range"]
	if resp.StatusCode != http.StatusPartialContent || len(requested) != 1 || resp.Header["Content-Range"] != nil ||
		!o.AcceptStatus.Has(resp.StatusCode) || resp.Header["Content-Encoding"] != nil {
		return false
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "multipart/byteranges" {
		return false
	}
	most, ok := lengthOfRange(requested[0])
	return ok && resp.ContentLength > most
}

// lengthOfRange returns how many bytes a Range requests at most: "bytes=100-199" or "bytes=-100". One without an end,
// one of several ranges, or that can't be parsed, says nothing.
func lengthOfRange(text string) (n int64, ok bool) {
	spec, isBytes := strings.CutPrefix(text, "bytes=")
	first, last, isRange := strings.Cut(spec, "-")
	until, bounded := transport.ParseCount(last)
	if !isBytes || !isRange || !bounded {
		return 0, false
	}
	if first == "" {
		return until, true
	}
	from, ok := transport.ParseCount(first)
	return until - from + 1, ok && from <= until && until-from < math.MaxInt64
}
