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
	fullSize   int64 // what a continued body has to come to; 0 is not known

	partialWriter PartialWriter // out, where it may be left half-way; else nil
	infoSet       bool
	reported      cache.Sum // the body that the user was told of last: it is not kept once more; zero is none
	to            *target
	response      *http.Response
}

// partialInfoAfter is how many bytes of a body arrive before they are marked: below it a transfer is sooner made anew than continued.
const partialInfoAfter = 64 << 10

// storeBody reads a body into the Keeper.
func (x *exchange) storeBody(resp *http.Response, in *wireReader, rec *Record, codings []string, decoded io.Reader) error {
	writer, err := x.newStoreWriter(resp, &rec.Request)
	if err != nil {
		return storeFailure(err)
	}
	x.writer = writer
	if x.cache.lookup != nil {
		writer.reported = x.cache.lookup.reported
	}
	rec.ResumedFrom = writer.bytes
	err = x.readWhole(writer, decoded, in, codings)
	rec.Bytes, rec.WireBytes = writer.bytes, in.bytes
	switch {
	case writer.err != nil:
		return storeFailure(writer.err)
	case err != nil:
		return err
	case writer.bytes < writer.fullSize:
		return failure.New(failure.Truncated, "the answer ended before byte %d of %d", writer.bytes, writer.fullSize)
	}
	return writer.commit(rec)
}

// newStoreWriter takes the body where its Part ends, or from its start.
func (x *exchange) newStoreWriter(resp *http.Response, r *Request) (*storeWriter, error) {
	if x.partial == judge.PartialContinues {
		partial := x.partialBody
		x.partialBody = nil
		out, err := partial.Continue(x.offset)
		return &storeWriter{hashWriter: hashWriter{out: out, sum: x.partialHash, bytes: x.offset}, out: out, partialWriter: out, infoSet: true, fullSize: x.fullSize}, err
	}
	x.dropPartial()
	out, err := x.options.BodyStore.Create(r)
	s := &storeWriter{hashWriter: hashWriter{out: out, sum: sha256.New()}, out: out, to: x.to, response: resp}
	if parts, ok := out.(PartialWriter); ok && resp.StatusCode == http.StatusOK && isPlainGet(x.to) {
		s.partialWriter = parts
	}
	return s, err
}

// readFrom takes all that r has, as far as the body then has no more than limit bytes, and reports whether there was more.
func (s *storeWriter) readFrom(r io.Reader, limit int64) (more bool, err error) {
	most := limit
	if s.fullSize > 0 {
		most = min(limit, s.fullSize)
	}
	err = copyAtMost(s, r, most-s.bytes+1)
	if err == nil && s.fullSize > 0 && s.bytes > s.fullSize {
		err = failure.New(failure.Protocol, "the answer goes on behind byte %d, the last of its range", s.fullSize)
	}
	return s.bytes > limit, err
}

func (s *storeWriter) Write(p []byte) (int, error) {
	n, err := s.hashWriter.Write(p)
	if s.bytes > partialInfoAfter {
		s.setPartialInfo()
	}
	return n, err
}

// setPartialInfo says, once, what this is a part of.
func (s *storeWriter) setPartialInfo() {
	if s.partialWriter == nil || s.infoSet {
		return
	}
	s.infoSet = true
	if m, ok := partialInfoOf(s.to, s.response.Header, s.response.ContentLength); ok {
		s.partialWriter.SetInfo(m)
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
	if s.partialWriter == nil || why == nil || !leavesPartial(why.Kind) || s.bytes == 0 {
		s.out.Abandon()
		return
	}
	s.setPartialInfo()
	s.partialWriter.Suspend()
}

// leavesPartial names the failures in which a connection was lost and what had come over it was right.
func leavesPartial(kind failure.Kind) bool {
	switch kind {
	case failure.Truncated, failure.Reset, failure.Stalled, failure.Timeout, failure.Canceled, failure.TLS:
		return true
	}
	return false
}
