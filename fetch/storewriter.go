package fetch

import (
	"io"
	"net/http"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/failure"
)

// A storeWriter writes a body into a BodyWriter and hashes it. It needs the memory of one copy buffer, whatever the
// size.
type storeWriter struct {
	hashWriter // of the whole body, the bytes of earlier exchanges included
	out        BodyWriter
	fullSize   int64 // of a body that is continued, in bytes; 0 is unknown

	partialWriter PartialWriter // out, where it may be suspended; else nil
	infoSet       bool          // setPartialInfo has been called
	reported      cache.Sum     // of the body that was reported last: it is not stored again; zero is none or any is
	to            *target
	response      *http.Response
	decoded       bool // its content codings are taken off, so that it can't be continued
}

// partialInfoAfter is how many bytes of a body are written before SetInfo is called: with fewer a new transfer costs
// less than continuing one.
const partialInfoAfter = 64 << 10

// readFrom reads r to its end, up to limit bytes of the whole body, and reports whether it had more.
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

// Write calls SetInfo after partialInfoAfter bytes.
func (s *storeWriter) Write(p []byte) (int, error) {
	n, err := s.hashWriter.Write(p)
	if s.bytes > partialInfoAfter {
		s.setPartialInfo()
	}
	return n, err
}

// setPartialInfo calls SetInfo once, where the body can be continued.
func (s *storeWriter) setPartialInfo() {
	if s.partialWriter == nil || s.infoSet {
		return
	}
	s.infoSet = true
	info, ok := partialInfoOf(s.to, s.response.Header, s.response.ContentLength, time.Now())
	if ok && !s.decoded {
		s.partialWriter.SetInfo(info)
	}
}

// reader returns a reader of what has been written; nil where it can't be read.
func (s *storeWriter) reader() io.Reader {
	if in, ok := s.out.(io.ReaderAt); ok {
		return io.NewSectionReader(in, 0, s.bytes)
	}
	return nil
}

// commit commits the body, whose hash has been verified. One that an earlier run has reported is not committed.
func (s *storeWriter) commit(rec *Record) error {
	if s.reported == cache.Sum(rec.SHA256) && s.reported != (cache.Sum{}) {
		return nil // an earlier run has stored the same body: finish abandons this one
	}
	return commitBody(s.out, rec)
}

// finish abandons a body that failed for the reason why, or suspends it where it was cut off. It does nothing after a
// commit.
func (s *storeWriter) finish(why *failure.Failure) {
	if s.partialWriter == nil || why == nil || !leavesPartial(why.Kind) || s.bytes == 0 {
		s.out.Abandon()
		return
	}
	s.setPartialInfo()
	s.partialWriter.Suspend()
}

// leavesPartial reports whether a transfer that failed with this Kind was only cut off: the bytes until then are right.
func leavesPartial(kind failure.Kind) bool {
	switch kind {
	case failure.Truncated, failure.Reset, failure.Stalled, failure.Timeout, failure.Canceled, failure.TLS:
		return true
	}
	return false
}
