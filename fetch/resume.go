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

	partial judge.Partial // what the response is to the request for the missing part
}

// findPartial looks for a partial body of r and hashes it before the request is sent, so that neither the server nor
// the stall timer waits for a disk. It is continued only at the URL that it came from: no other server learns of it.
func (x *exchange) findPartial(ctx context.Context, to *target, r *Request) *failure.Failure {
	store, ok := x.options.BodyStore.(PartialStore)
	if !ok || x.wholeOnly || !isPlainGet(to) {
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
	if !info.isFrom(to.URL, r.SHA256 != "") {
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
		x.offset, x.partialHash = offset, sum
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
// conditions of the cache, or the range where a partial body is continued.
func (x *exchange) requestHeader(to *target) http.Header {
	if conditions := x.cache.conditions(); conditions != nil {
		return mergeHeaders(to.Header, conditions)
	}
	if x.partialHash == nil {
		return to.Header
	}
	return mergeHeaders(to.Header, http.Header{
		"Range":    {"bytes=" + strconv.FormatInt(x.offset, 10) + "-"},
		"If-Range": {x.partialBody.Info().Validator},
	})
}

// classifyPartial returns what a response is to the request for the missing part. A 206 that continues the partial body
// is as good as a 200.
func (x *exchange) classifyPartial(resp *http.Response) judge.Partial {
	switch {
	case x.partialHash == nil:
		return judge.PartialNone
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return judge.PartialUnusable
	case resp.StatusCode != http.StatusPartialContent:
		return judge.PartialNone
	}
	wanted := x.options.AcceptStatus.Has(http.StatusOK) || x.options.AcceptStatus.Has(http.StatusPartialContent)
	total, ok := continuesFrom(x.partialBody.Info(), x.offset, resp.StatusCode, resp.Header)
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
	if v.Fate == judge.Restart || v.Fate == judge.Final && (v.Failure == nil || invalidatesPartial(status)) {
		x.dropPartial()
		return
	}
	x.partialBody.Release()
	x.partialBody = nil
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
