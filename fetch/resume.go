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

// A resumption is the partial body that an exchange may continue (RFC 9110 section 14), and what came of it. In the
// order of the exchange:
//
//	lock, hashStart, header    the request: what there is, and what is missing
//	classify                   the response: does it have that?
//	continueBody               where it does: the writer behind what there is
//	end                        once the exchange has been judged: the partial body is released, or removed
type resumption struct {
	body     PartialBody   // locked for this exchange; nil is none
	hash     hash.Hash     // SHA-256 of its first offset bytes; nil where it is not continued
	offset   int64         // the 0-based first byte that is requested
	fullSize int64         // of the whole body in bytes, once the response has said so; 0 is unknown
	kind     judge.Partial // what the response is to the request for the missing part
}

// isRequested reports whether the missing part is what is requested.
func (p *resumption) isRequested() bool { return p.hash != nil }

// lock looks for a partial body of r, which is locked until end, and reports whether it can be continued: at the URL
// that it came from alone, so that no other server learns of it.
func (p *resumption) lock(o *Options, to *target, r *Request) bool {
	store, ok := o.BodyStore.(PartialStore)
	if !ok || !isPlainGet(to) {
		return false
	}
	if p.body = store.Partial(r); p.body == nil {
		return false
	}
	info := p.body.Info()
	if !info.Usable(p.body.Size()) || p.body.Size() > o.MaxBody {
		p.drop()
		return false
	}
	return info.isFrom(to.URL, r.SHA256 != "")
}

// hashStart hashes the partial body, so that the rest is what is requested. It does so before the request is sent, as
// neither the server nor the stall timer is to wait for a disk.
func (p *resumption) hashStart(ctx context.Context) *failure.Failure {
	offset := p.body.Size()
	if offset == p.body.Info().Total { // a range behind the end can't be requested
		offset--
	}
	sum := sha256.New()
	end := &endBytes{out: sum}
	n, err := hashPartial(ctx, end, io.LimitReader(p.body, offset))
	body := beforeResponse(end.text)
	sum.Write(body)
	isShort := n < offset
	offset -= int64(len(end.text) - len(body))
	switch {
	case ctx.Err() != nil:
		return failure.FromContext(ctx)
	case err != nil || isShort || offset == 0:
		p.drop()
	default:
		p.offset, p.hash = offset, sum
	}
	return nil
}

// header returns the header fields that request the missing part; nil is none.
func (p *resumption) header() http.Header {
	if !p.isRequested() {
		return nil
	}
	h := http.Header{"Range": {"bytes=" + strconv.FormatInt(p.offset, 10) + "-"}}
	if info := p.body.Info(); info.hasIfRange() {
		h["If-Range"] = []string{info.Validator}
	}
	return h
}

// classify sets kind to what a response is to the request for the missing part, by the Options of its host. A 206 that
// continues the partial body is as good as a 200.
func (p *resumption) classify(o *Options, to *target, resp *http.Response) {
	p.kind = p.kindOf(o, to, resp)
}

// kindOf returns what classify sets.
func (p *resumption) kindOf(o *Options, to *target, resp *http.Response) judge.Partial {
	switch {
	case !p.isRequested():
		return judge.PartialNone
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable,
		resp.StatusCode == http.StatusOK && !p.body.Info().mayBeWhole(resp, p.offset):
		return judge.PartialUnusable
	case resp.StatusCode != http.StatusPartialContent:
		return judge.PartialNone
	}
	wanted := o.AcceptStatus.Has(http.StatusOK) || o.AcceptStatus.Has(http.StatusPartialContent)
	info := p.body.Info()
	total, ok := continuesFrom(info, p.offset, resp.StatusCode, resp.Header)
	if info.Coding != "" && !o.Identity && !isPackedFile(to, resp.Header) {
		ok = false // this run would have taken the coding off
	}
	if isDate(info.Validator) && isSelected(to, resp.Header["Vary"]) {
		ok = false // the run that has stored the start may have had other headers
	}
	if !ok || !wanted {
		return judge.PartialUnusable
	}
	p.fullSize = total
	return judge.PartialContinues
}

// isUnrequestedPart reports whether resp is a success with a part of a body only, to a request without Range (RFC 9110
// section 15.3.7).
func (p *resumption) isUnrequestedPart(o *Options, to *target, resp *http.Response) bool {
	if resp.StatusCode != http.StatusPartialContent || p.isRequested() || to.Header["Range"] != nil ||
		!o.AcceptStatus.Has(resp.StatusCode) {
		return false
	}
	r, ok := parseContentRange(resp.Header.Get("Content-Range"))
	return !ok || r.first != 0 || r.last+1 != r.total
}

// otherPart returns the Content-Range of a success with bytes that the Range of the request does not name: sirv 3.0,
// s3rver 3.7 and Mojolicious 9.31 answer "bytes=-100", the last 100 bytes, by the first 101. "" is none.
func otherPart(o *Options, to *target, resp *http.Response) string {
	requested, sent := to.Header["Range"], resp.Header["Content-Range"]
	if resp.StatusCode != http.StatusPartialContent || len(requested) != 1 || len(sent) != 1 ||
		!o.AcceptStatus.Has(resp.StatusCode) {
		return ""
	}
	if r, ok := parseContentRange(sent[0]); !ok || r.isWithin(requested[0]) {
		return ""
	}
	return sent[0]
}

// continueBody returns the writer of the rest of the body.
func (p *resumption) continueBody() (*storeWriter, error) {
	partial := p.body
	p.body = nil
	out, err := partial.Continue(p.offset)
	hashed := hashWriter{out: out, sum: p.hash, bytes: p.offset}
	return &storeWriter{hashWriter: hashed, out: out, partialWriter: out, infoSet: true, fullSize: p.fullSize}, err
}

// end unlocks the partial body once the exchange has been judged, or removes it where it can't be continued any more:
// the body is to be restarted, has come whole, or is gone.
func (p *resumption) end(v judge.Verdict, status int) {
	if p.body == nil {
		return
	}
	if p.kind == judge.PartialUnusable || v.Fate == judge.Final && (v.Failure == nil || invalidatesPartial(status)) {
		p.drop()
		return
	}
	p.body.Release()
	p.body = nil
}

// isGone reports whether a response to a conditional request says that there is no body, or redirects, although the
// body that is stored, or the start of one, is not empty. revalidates says that the request is for a body in the cache.
func (p *resumption) isGone(to *target, resp *http.Response, revalidates bool) bool {
	if to.Method != http.MethodGet || !p.isRequested() && !revalidates {
		return false
	}
	return resp.ContentLength == 0 || !to.canHaveBody(resp.StatusCode) || resp.StatusCode == http.StatusResetContent ||
		judge.IsRedirect(resp.StatusCode)
}

// drop removes the partial body, if there is one.
func (p *resumption) drop() {
	if p.body != nil {
		p.body.Remove()
		p.body, p.hash = nil, nil
	}
}

// hashPartial writes r, to its end or that of ctx, into a hash, whose Write never fails, and returns how many bytes
// that were.
func hashPartial(ctx context.Context, sum io.Writer, r io.Reader) (n int64, err error) {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	for ctx.Err() == nil {
		got, err := r.Read(buffer[:])
		_, _ = sum.Write(buffer[:got])
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
