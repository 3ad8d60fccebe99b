package fetch

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"strconv"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A resumption is the partial body that an exchange may continue (RFC 9110 section 14), and what came of it.
type resumption struct {
	partialBody PartialBody // locked for this exchange; nil is none
	partialHash hash.Hash   // SHA-256 of its first offset bytes; nil where it is not continued
	offset      int64       // the 0-based first byte that is requested
	fullSize    int64       // of the whole body in bytes, once the response has said so; 0 is unknown
	writer      *storeWriter

	identity    bool // the body is requested without a coding, so that a transfer that breaks off can be continued
	conditional bool // the request has header fields that the user did not ask for: judge.Answer.Conditional

	partial judge.Partial // what the response is to the request for the missing part
}

// findPartial looks for a partial body of r and hashes it before the request is sent, so that neither the server nor
// the stall timer waits for a disk. It is continued only at the URL that it came from: no other server learns of it.
// Then the exchange has no conditions of the cache: what is stored there is older, as a rule, or there would be no
// part.
func (x *exchange) findPartial(ctx context.Context, to *target, r *Request) *failure.Failure {
	store, ok := x.options.BodyStore.(PartialStore)
	if !ok || x.headerOnly || !isPlainGet(to) {
		return nil
	}
	if x.partialBody = store.Partial(r); x.partialBody == nil {
		return nil
	}
	info, offset := x.partialBody.Info(), x.partialBody.Size()
	if !info.Usable(offset) || offset > x.options.MaxBody {
		x.dropPartial()
		return nil
	}
	if x.unconditional || !info.isFrom(to.URL, r.SHA256 != "") { // it is only locked
		return nil
	}
	if offset == info.Total { // a range behind the end can't be requested
		offset--
	}
	sum := sha256.New()
	n, err := hashPartial(ctx, sum, io.LimitReader(x.partialBody, offset))
	switch {
	case ctx.Err() != nil:
		return failure.FromContext(ctx)
	case err != nil || n < offset || offset == 0:
		x.dropPartial()
	default:
		x.offset, x.partialHash, x.cache.unconditional = offset, sum, true
	}
	return nil
}

// hashPartial hashes r to its end or that of ctx, and returns how many bytes that were.
func hashPartial(ctx context.Context, sum hash.Hash, r io.Reader) (n int64, err error) {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	for ctx.Err() == nil {
		got, err := r.Read(buffer[:])
		sum.Write(buffer[:got])
		n += int64(got)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, ctx.Err()
}

// requestHeader returns the header that is sent, but for a Jar's cookies: that of the target, which is shared, with the
// conditions of the cache, or the range where a partial body is continued. It sets conditional.
func (x *exchange) requestHeader(to *target) http.Header {
	added := x.cache.conditions()
	if x.partialHash != nil {
		added = http.Header{"Range": {"bytes=" + strconv.FormatInt(x.offset, 10) + "-"}}
		if info := x.partialBody.Info(); !info.hasWeakTag() {
			added["If-Range"] = []string{info.Validator}
		}
		x.identity = true // the server has the validator of each coding apart
	}
	if x.dictionary != nil {
		added = mergeHeaders(added, x.dictionary.header())
	}
	if x.identity && !x.unconditional && acceptsCodings(to.Header) {
		added = mergeHeaders(added, identityOnly)
	}
	if x.conditional = added != nil; !x.conditional {
		return to.Header
	}
	return mergeHeaders(to.Header, added)
}

// classifyPartial returns what a response is to the request for the missing part. A 206 that continues the partial body
// is as good as a 200.
func (x *exchange) classifyPartial(to *target, resp *http.Response) judge.Partial {
	switch {
	case x.partialHash == nil:
		return judge.PartialNone
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable,
		resp.StatusCode == http.StatusOK && !x.partialBody.Info().mayBeWhole(resp):
		return judge.PartialUnusable
	case resp.StatusCode != http.StatusPartialContent:
		return judge.PartialNone
	}
	wanted := x.options.AcceptStatus.Has(http.StatusOK) || x.options.AcceptStatus.Has(http.StatusPartialContent)
	info := x.partialBody.Info()
	total, ok := continuesFrom(info, x.offset, resp.StatusCode, resp.Header)
	if info.Coding != "" && !x.options.Identity && !isPackedFile(to, resp.Header) {
		ok = false // this run would have taken the coding off
	}
	if !ok || !wanted {
		return judge.PartialUnusable
	}
	x.fullSize = total
	return judge.PartialContinues
}

// endPartial unlocks the partial body once the exchange has been judged, or removes it where it can't be continued any
// more: the body is to be restarted, has come whole, or is gone.
func (x *exchange) endPartial(v judge.Verdict, status int) {
	if x.partialBody == nil {
		return
	}
	if x.partial == judge.PartialUnusable || v.Fate == judge.Final && (v.Failure == nil || invalidatesPartial(status)) {
		x.dropPartial()
		return
	}
	x.partialBody.Release()
	x.partialBody = nil
}

// isBodyGone reports whether a response to a conditional request says that there is no body, or redirects, although the
// body that is stored, or the start of one, is not empty.
func (x *exchange) isBodyGone(to *target, resp *http.Response) bool {
	if to.Method != http.MethodGet || x.partialHash == nil && !x.cache.revalidatesBody() {
		return false
	}
	return resp.ContentLength == 0 || !to.canHaveBody(resp.StatusCode) || resp.StatusCode == http.StatusResetContent ||
		judge.IsRedirect(resp.StatusCode)
}

// hasGainedNothing reports whether a response that continues a partial body has failed before its first byte.
func (x *exchange) hasGainedNothing(why *failure.Failure) bool {
	return x.partial == judge.PartialContinues && x.writer != nil && why != nil && x.writer.bytes == x.offset
}

// requestsIdentityNext reports whether the next exchange is to request the body without a coding: that of a coded body
// was cut off, and a coded one can't be continued. before is what it was for this exchange.
func (x *exchange) requestsIdentityNext(a *judge.Answer, before bool) bool {
	if x.writer == nil || x.writer.partialWriter == nil || a.Failure == nil || !leavesPartial(a.Failure.Kind) {
		return before
	}
	return x.decoded
}

// dropPartial removes the partial body, if there is one.
func (x *exchange) dropPartial() {
	if x.partialBody != nil {
		x.partialBody.Remove()
		x.partialBody, x.partialHash = nil, nil
	}
}

// invalidatesPartial reports whether a final status is about the resource, so that its partial body is of no use any
// more: any 4xx but for those that are about the moment or the credentials.
func invalidatesPartial(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}
