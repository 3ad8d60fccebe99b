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

// A resumption is the Part that an exchange may continue, and what came of that.
type resumption struct {
	partialBody PartialBody // nil is none
	partialHash hash.Hash   // of its bytes before from; nil where they are not continued
	offset      int64
	fullSize    int64 // of the whole body, once the rest comes
	writer      *storeWriter

	partial judge.Partial // what came of asking for the missing part
}

// findPartial looks for what is left of the body at to, and hashes it before anything is asked, so that neither the server
// nor the watch has to wait for a disk. The Part is continued only where it came from: no other server learns of it.
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
	if offset == info.Total { // a range behind the end can't be asked for
		offset--
	}
	sum := sha256.New()
	n, err := hashPartial(ctx, sum, io.LimitReader(x.partialBody, offset))
	switch {
	case ctx.Err() != nil:
		return failure.Ended(ctx)
	case err != nil || n < offset || offset == 0:
		x.dropPartial()
	default:
		x.offset, x.partialHash = offset, sum
	}
	return nil
}

// hashPartial is a copy that ends with ctx.
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

// requestHeader is what to is asked with: its own header, which is shared, and the range where there is a Part to continue.
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

// classifyPartial says what an answer is to the question for the rest. What follows the Part is as good as a 200.
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

// endPartial ends what the exchange had in hand, once it is judged. A Part stays for as long as it may be continued.
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

func (x *exchange) dropPartial() {
	if x.partialBody != nil {
		x.partialBody.Remove()
		x.partialBody, x.partialHash = nil, nil
	}
}

// invalidatesPartial says which final answers speak of the resource, not of the moment or of who asks: what had come of it is of no use any more.
func invalidatesPartial(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}
