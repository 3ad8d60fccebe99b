package fetch

import (
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"sync"
)

// copyBuffers hold what is on its way from the network to a Keeper, or from a Part to its hash.
var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// A saving is a body that streams into a Keeping, hashed on its way. Memory is one buffer at any size.
type saving struct {
	out   Keeping
	sum   hash.Hash
	bytes int64 // of the whole body, what an earlier exchange brought included
	err   error // the Keeping's, to tell it from one of the network
	total int64 // what a continued body has to come to; 0 is not known

	parts  PartKeeping // out, where it may be left half-way; else nil
	marked bool
	to     *target
	answer *http.Response
}

// markAfter is how many bytes of a body arrive before they are marked: below it a transfer is sooner made anew than continued.
const markAfter = 64 << 10

// save reads a body into the Keeper.
func (x *exchange) save(resp *http.Response, in *wire, rec *Record, codings []string, decoded io.Reader) error {
	saved, err := x.newSaving(resp, &rec.Request)
	if err != nil {
		return keepFailed(err)
	}
	x.saved = saved
	rec.ResumedFrom = saved.bytes
	err = x.readWhole(saved, decoded, in, codings)
	rec.Bytes, rec.WireBytes = saved.bytes, in.bytes
	switch {
	case saved.err != nil:
		return keepFailed(saved.err)
	case err != nil:
		return err
	case saved.bytes < saved.total:
		return failf(Truncated, "the answer ended before byte %d of %d", saved.bytes, saved.total)
	}
	return saved.commit(rec)
}

// newSaving takes the body where its Part ends, or from its start.
func (x *exchange) newSaving(resp *http.Response, r *Request) (*saving, error) {
	if x.rest == restTaken {
		part := x.part
		x.part = nil
		out, err := part.Continue(x.from)
		return &saving{out: out, parts: out, marked: true, sum: x.sum, bytes: x.from, total: x.total}, err
	}
	x.dropPart()
	out, err := x.options.Keeper.Keep(r)
	s := &saving{out: out, sum: sha256.New(), to: x.to, answer: resp}
	if parts, ok := out.(PartKeeping); ok && resp.StatusCode == http.StatusOK && plainGet(x.to) {
		s.parts = parts
	}
	return s, err
}

// readFrom takes all that r has, as far as the body then has no more than limit bytes, and reports whether there was more.
func (s *saving) readFrom(r io.Reader, limit int64) (more bool, err error) {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	most := limit
	if s.total > 0 {
		most = min(limit, s.total)
	}
	_, err = io.CopyBuffer(onlyWriter{s}, io.LimitReader(r, most-s.bytes+1), buffer[:])
	if err == nil && s.total > 0 && s.bytes > s.total {
		err = failf(Protocol, "the answer goes on behind byte %d, the last of its range", s.total)
	}
	return s.bytes > limit, err
}

func (s *saving) Write(p []byte) (int, error) {
	s.sum.Write(p)
	n, err := s.out.Write(p)
	s.bytes += int64(n)
	s.err = err
	if s.bytes > markAfter {
		s.mark()
	}
	return n, err
}

// mark says, once, what this is a part of.
func (s *saving) mark() {
	if s.parts == nil || s.marked {
		return
	}
	s.marked = true
	if m, ok := markOf(s.to, s.answer.Header, s.answer.ContentLength); ok {
		s.parts.Mark(m)
	}
}

// commit verifies the whole body against the hash that was asked for, and gives it its name.
func (s *saving) commit(rec *Record) error {
	s.sum.Sum(rec.SHA256[:0])
	rec.Hashed = true
	if err := verify(rec); err != nil {
		return err
	}
	path, err := s.out.Commit(rec.SHA256)
	rec.Path = path
	return keepFailed(err)
}

// end leaves nothing of a body that failed, unless it only broke off. It does nothing where that was committed.
func (s *saving) end(why *Failure) {
	if s.parts == nil || why == nil || !brokeOff(why.Kind) || s.bytes == 0 {
		s.out.Abandon()
		return
	}
	s.mark()
	s.parts.Suspend()
}

// brokeOff names the failures in which a connection was lost and what had come over it was right.
func brokeOff(kind Kind) bool {
	switch kind {
	case Truncated, Reset, Stalled, Timeout, Canceled, TLS:
		return true
	}
	return false
}

// onlyWriter hides every other method, so that the copy goes through our buffer.
type onlyWriter struct{ io.Writer }
