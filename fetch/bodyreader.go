package fetch

import (
	"crypto/sha256"
	"errors"
	"io"
	"strconv"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding"
	"batchfetch/fetch/digest"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/transport"
)

// A bodyReader reads the body of the response of one exchange: that of a success, decoded, bounded and hashed, into the
// memory of its Record or a temporary file (inline.go) or the BodyStore (storebody.go), and of any other response its
// start (failurebody.go).
type bodyReader struct {
	options    *Options
	call       *transport.Call
	to         *target
	capture    *exchangeCapture   // keeps the body as it is received; nil without Options.Archive
	dictionary *offeredDictionary // that it may be coded with; nil is none
	memory     *decodeMemory      // of which windows are; nil is no bound
	windows    coding.Windows     // for decoders, which wait until the exchange is over; nil is no bound
	resumption resumption         // of the partial body that it may continue
	room       spool.Claim        // for its temporary file
	roomNeeded int64              // bytes of that, as far as they are known

	wire        wireReader
	codings     []string // content codings that are taken off it
	digests     digestCheck
	leftCodings []string     // content codings that it has and that are not taken off
	start       []byte       // of the body, where it failed: for Record.FailureBody
	writer      *storeWriter // into the BodyStore; nil is none
	reported    cache.Sum    // hash of the body that was reported last: it is not stored again; zero is none
	headerOnly  bool         // it is not to be read
	mayBePlain  bool         // where it is text, it has no coding, whatever its header says: isMiscoded of the one before
	cut         bool         // the rest was not read (Options.forRobots)
	goesOn      bool         // it is a whole 206 that continues a partial body, but not to its end
}

// A bodySink is where a decoded body is written: a storeWriter, a spoolWriter or a hashWriter.
type bodySink interface {
	// readFrom reads r to its end, up to limit bytes, and reports whether it had more.
	readFrom(r io.Reader, limit int64) (more bool, err error)
}

// readWhole reads a body to the last byte of its message; the error says what is wrong with it.
func (b *bodyReader) readWhole(into bodySink, decoded io.Reader) error {
	more, err := into.readFrom(decoded, b.options.MaxBody)
	return b.checkEnd(more, err)
}

// isDecoded reports whether content codings are taken off the body.
func (b *bodyReader) isDecoded() bool { return len(b.codings) > 0 }

// checkEnd returns why a body that has been read is not whole and valid; nil means that it is. more says that it went
// past Options.MaxBody, err what its reader returned.
func (b *bodyReader) checkEnd(more bool, err error) error {
	if err == nil && !more && b.isDecoded() {
		if b.wire.announced >= 0 && b.wire.announced <= b.options.MaxBody {
			b.wire.coded = false // no more follows the last member than was said
		}
		_, err = io.Copy(io.Discard, &b.wire) // a decoder may stop before the end, and a truncated body is only seen there
	}
	switch {
	case b.wire.err != nil:
		return b.wire.err
	case err != nil && b.isDecoded():
		return b.codingFailure(err, b.codings[len(b.codings)-1])
	case err != nil:
		return err
	case more && b.options.forRobots:
		b.cut = true
	case more:
		return failure.New(failure.TooLarge, "the body is over max-body %s", formatSize(b.options.MaxBody))
	}
	return nil
}

// codingFailure returns why a body that has come to its end can't be decoded; err is what the decoder said. Where only
// the end of the connection ends it, the end of its coding is what tells a whole body from one that was cut off.
func (b *bodyReader) codingFailure(err error, coding string) error {
	switch {
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return &failure.Failure{Kind: failure.Decode, Err: &codingError{coding, "the body is not valid "}}
	case b.call.EndsWithConnection():
		return io.ErrUnexpectedEOF
	}
	return &failure.Failure{Kind: failure.Decode, Err: &codingError{coding, "the body ends within its "}}
}

// A codingError is why a body that came whole by its framing is not what its content coding says: whoever made or
// passed it on ended it early, damaged it, or took the coding off and left its name.
type codingError struct{ coding, what string }

func (e *codingError) Error() string { return e.what + e.coding }

// isMiscoded reports whether a failure is that a body which came whole does not have the content coding that its
// response says: the next request accepts none, and what comes as text then is taken as it is.
func isMiscoded(f *failure.Failure) bool { return f != nil && errors.As(f, new(*codingError)) }

// isDamaged reports whether a failure is that a body which came whole is not what its response says of it, or that a
// part came in place of what was requested.
func isDamaged(f *failure.Failure) bool {
	return f != nil && (errors.As(f, new(*digest.Mismatch)) || isMiscoded(f) || f.Option == failure.KeptPart)
}

// countWire sets Record.WireBytes once a body has been read, or has failed.
func (b *bodyReader) countWire(rec *Record) {
	rec.WireBytes = b.wire.bytes + b.call.FramingBytes()
}

// verify returns why a body that has come whole is not the one that was asked for, by the hash of its line, or not the
// one that was sent, by the digests of the response. wrong is what checkHash has found; see orOtherForm.
func (b *bodyReader) verify(wrong error, rec *Record, body io.Reader) error {
	if err := b.orOtherForm(wrong, rec, body); err != nil {
		return err
	}
	if b.cut {
		return nil
	}
	return b.digests.check(rec, func() io.Reader { return b.writer.reader() })
}

// orOtherForm returns wrong, what checkHash has found in a whole body, unless the other form of the body has the hash
// asked for: the one as it came in, where its codings were taken off, or the one without the codings that were left on
// it. stored reads the bytes that are stored; nil is that they can't be read.
func (b *bodyReader) orOtherForm(wrong error, rec *Record, stored io.Reader) error {
	switch {
	case wrong == nil:
		return nil
	case b.wire.sum != nil && isHash(b.wire.sum.Sum(nil), rec.Request.SHA256):
		return nil
	case len(b.leftCodings) == 0 || stored == nil:
		return wrong
	}
	decoded, err := coding.NewReader(b.leftCodings, stored, nil, b.windows)
	if err != nil {
		return wrong
	}
	defer decoded.Close()
	sum := sha256.New()
	if err := copyAtMost(sum, decoded, b.options.MaxBody+1); err == nil && isHash(sum.Sum(nil), rec.Request.SHA256) {
		return nil
	}
	return wrong
}

// formatSize returns a number of bytes with the unit of --max-body: 16Mi, 1000 bytes.
func formatSize(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
