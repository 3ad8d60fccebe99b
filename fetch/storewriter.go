package fetch

import (
	"crypto/sha256"
	"io"
	"net/http"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A storeWriter is a body that streams into a Keeping, hashed on its way. Memory is one buffer at any size.
type storeWriter struct {
	hashWriter // of the whole body, what an earlier exchange brought included
	out        BodyWriter
	total      int64 // what a continued body has to come to; 0 is not known

	partial  PartialWriter // out, where it may be left half-way; else nil
	marked   bool
	reported cache.Sum // the body that the user was told of last: it is not kept once more; zero is none
	to       *target
	answer   *http.Response
}

// markAfter is how many bytes of a body arrive before they are marked: below it a transfer is sooner made anew than continued.
const markAfter = 64 << 10

// storeBody reads a body into the Keeper.
func (x *exchange) storeBody(resp *http.Response, in *wireReader, rec *Record, codings []string, decoded io.Reader) error {
	saved, err := x.newStoreWriter(resp, &rec.Request)
	if err != nil {
		return storeFailure(err)
	}
	x.saved = saved
	if x.cache.lookup != nil {
		saved.reported = x.cache.lookup.reported
	}
	rec.ResumedFrom = saved.bytes
	err = x.readWhole(saved, decoded, in, codings)
	rec.Bytes, rec.WireBytes = saved.bytes, in.bytes
	switch {
	case saved.err != nil:
		return storeFailure(saved.err)
	case err != nil:
		return err
	case saved.bytes < saved.total:
		return failure.New(failure.Truncated, "the answer ended before byte %d of %d", saved.bytes, saved.total)
	}
	return saved.commit(rec)
}

// newStoreWriter takes the body where its Part ends, or from its start.
func (x *exchange) newStoreWriter(resp *http.Response, r *Request) (*storeWriter, error) {
	if x.partial == judge.PartialContinues {
		part := x.part
		x.part = nil
		out, err := part.Continue(x.from)
		return &storeWriter{hashWriter: hashWriter{out: out, sum: x.sum, bytes: x.from}, out: out, partial: out, marked: true, total: x.total}, err
	}
	x.dropPartial()
	out, err := x.options.BodyStore.Create(r)
	s := &storeWriter{hashWriter: hashWriter{out: out, sum: sha256.New()}, out: out, to: x.to, answer: resp}
	if parts, ok := out.(PartialWriter); ok && resp.StatusCode == http.StatusOK && isPlainGet(x.to) {
		s.partial = parts
	}
	return s, err
}

// readFrom takes all that r has, as far as the body then has no more than limit bytes, and reports whether there was more.
func (s *storeWriter) readFrom(r io.Reader, limit int64) (more bool, err error) {
	most := limit
	if s.total > 0 {
		most = min(limit, s.total)
	}
	err = copyAtMost(s, r, most-s.bytes+1)
	if err == nil && s.total > 0 && s.bytes > s.total {
		err = failure.New(failure.Protocol, "the answer goes on behind byte %d, the last of its range", s.total)
	}
	return s.bytes > limit, err
}

func (s *storeWriter) Write(p []byte) (int, error) {
	n, err := s.hashWriter.Write(p)
	if s.bytes > markAfter {
		s.markPartial()
	}
	return n, err
}

// markPartial says, once, what this is a part of.
func (s *storeWriter) markPartial() {
	if s.partial == nil || s.marked {
		return
	}
	s.marked = true
	if m, ok := partialInfoOf(s.to, s.answer.Header, s.answer.ContentLength); ok {
		s.partial.SetInfo(m)
	}
}

// commit verifies the whole body against the hash that was asked for, and gives it its name.
func (s *storeWriter) commit(rec *Record) error {
	if err := s.verify(rec); err != nil {
		return err
	}
	if s.reported == cache.Sum(rec.SHA256) && s.reported != (cache.Sum{}) {
		return nil // an earlier run has kept the same body: end abandons this one
	}
	path, err := s.out.Commit(rec.SHA256)
	rec.Path = path
	return storeFailure(err)
}

// finish leaves nothing of a body that failed, unless it only broke off. It does nothing where that was committed.
func (s *storeWriter) finish(why *failure.Failure) {
	if s.partial == nil || why == nil || !leavesPartial(why.Kind) || s.bytes == 0 {
		s.out.Abandon()
		return
	}
	s.markPartial()
	s.partial.Suspend()
}

// leavesPartial names the failures in which a connection was lost and what had come over it was right.
func leavesPartial(kind failure.Kind) bool {
	switch kind {
	case failure.Truncated, failure.Reset, failure.Stalled, failure.Timeout, failure.Canceled, failure.TLS:
		return true
	}
	return false
}
