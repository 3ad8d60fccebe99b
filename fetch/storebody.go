package fetch

import (
	"crypto/sha256"
	"io"
	"net/http"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// storeBody reads a body into the BodyStore and sets the Record's Path, Bytes, WireBytes and ResumedFrom.
func (b *bodyReader) storeBody(decoded io.Reader, resp *http.Response, rec *Record) error {
	writer, err := b.newStoreWriter(resp, &rec.Request)
	if err != nil {
		return storeFailure(err)
	}
	b.writer = writer
	if !b.options.Paginate.InBody() { // the next page's URL is read from the stored body
		writer.reported = b.reported
	}
	rec.ResumedFrom = writer.bytes
	err = b.readWhole(writer, decoded)
	rec.Bytes = writer.bytes
	b.countWire(rec)
	switch {
	case writer.err != nil:
		return storeFailure(writer.err)
	case err != nil:
		return err
	case writer.bytes < writer.fullSize:
		b.goesOn = writer.bytes-rec.ResumedFrom >= leastPart
		return failure.New(failure.Truncated, "the answer ended before byte %d of %d", writer.bytes, writer.fullSize)
	}
	if err := b.verify(writer.checkHash(rec), rec, writer.reader()); err != nil {
		return err
	}
	return writer.commit(rec)
}

// leastPart is the fewest bytes of a whole 206 after which the rest is requested without a further attempt. Servers may
// send less than is requested (RFC 9110 section 15.3.7), and those of videos send a megabyte at a time; what comes in
// smaller parts would take requests without end.
const leastPart = 64 << 10

// newStoreWriter returns the writer of a response's body: of the rest, where it continues a partial body, else of the
// whole.
func (b *bodyReader) newStoreWriter(resp *http.Response, r *Request) (*storeWriter, error) {
	if b.resumption.kind == judge.PartialContinues {
		return b.resumption.continueBody()
	}
	b.resumption.drop()
	out, err := b.options.BodyStore.Create(r)
	s := &storeWriter{hashWriter: hashWriter{out: out, sum: sha256.New()}, out: out, to: b.to, response: resp,
		decoded: b.isDecoded()}
	if parts, ok := out.(PartialWriter); ok && resp.StatusCode == http.StatusOK && isPlainGet(b.to) {
		s.partialWriter = parts
	}
	return s, err
}

// hasGainedNothing reports whether a response that continues a partial body has failed before its first byte.
func (b *bodyReader) hasGainedNothing(why *failure.Failure) bool {
	return b.resumption.kind == judge.PartialContinues && b.writer != nil && why != nil &&
		b.writer.bytes == b.resumption.offset
}

// requestsIdentityNext reports whether the next exchange is to request the body without a coding: that of a coded body
// was cut off, and a coded one can't be continued. before is what it was for this exchange.
func (b *bodyReader) requestsIdentityNext(a *judge.Answer, before bool) bool {
	if b.writer == nil || b.writer.partialWriter == nil || a.Failure == nil || !leavesPartial(a.Failure.Kind) {
		return before
	}
	return b.isDecoded()
}
