package fetch

import (
	"bytes"
	"crypto/sha256"
	"io"

	"batchfetch/fetch/spool"
)

// readInline reads a body into its Record: into memory up to Options.BodyMemory, into a temporary file beyond.
func (b *bodyReader) readInline(decoded io.Reader, rec *Record) error {
	if b.options.DropBody {
		return b.readDropped(decoded, rec)
	}
	most := b.options.BodyMemory
	if most == 0 || most > b.options.MaxBody {
		most = b.options.MaxBody
	}
	body := newBuffer()
	if !b.isDecoded() && b.wire.announced > most && most < b.options.MaxBody { // else the size is that of coded bytes
		b.roomNeeded = b.wire.announced
		return b.readSpooled(body, decoded, rec)
	}
	more, err := body.readFrom(decoded, most)
	if more && most < b.options.MaxBody {
		return b.readSpooled(body, decoded, rec)
	}
	err = b.checkEnd(more, err)
	rec.Bytes = int64(len(body.bytes))
	b.countWire(rec)
	if err == nil {
		rec.SHA256, rec.Hashed = sha256.Sum256(body.bytes), true
		err = b.verify(checkHash(rec), rec, bytes.NewReader(body.bytes))
	}
	if err != nil {
		b.keepStart(bytes.NewReader(body.bytes))
		body.release()
		return err
	}
	rec.Body, rec.body, rec.HasBody = body.bytes, body, true
	return nil
}

// readSpooled reads a body that is too large for memory into a temporary file; start is what has been read of it, and
// is released.
func (b *bodyReader) readSpooled(start *buffer, decoded io.Reader, rec *Record) error {
	b.roomNeeded = max(b.roomNeeded, int64(len(start.bytes)))
	b.room.Size = max(b.room.Size, b.roomNeeded)
	body, err := newSpoolWriter(b.options.TempSpace, b.room, start)
	if err != nil {
		return err
	}
	err = body.cause(b.readWhole(body, decoded))
	rec.Bytes = body.bytes
	b.countWire(rec)
	if body.bytes > b.room.Size { // its size was not known: twice as much is, for the next time
		b.roomNeeded = min(2*body.bytes, b.options.MaxBody)
	}
	if err == nil {
		err = b.verify(body.checkHash(rec), rec, body.spool.Reader())
	}
	if err != nil {
		b.keepStart(body.spool.Reader())
		_ = body.spool.Close() // a body that failed is of no use otherwise
		return err
	}
	rec.Spool, rec.HasBody = body.spool, true
	return nil
}

// readDropped reads a body of which Options.DropBody keeps size and hash only.
func (b *bodyReader) readDropped(decoded io.Reader, rec *Record) error {
	body := &hashWriter{out: io.Discard, sum: sha256.New()}
	err := b.readWhole(body, decoded)
	rec.Bytes = body.bytes
	b.countWire(rec)
	if err != nil {
		return err
	}
	return b.verify(body.checkHash(rec), rec, nil)
}

// A spoolWriter writes a body into a temporary file and hashes it. It needs the memory of one copy buffer, whatever the
// size.
type spoolWriter struct {
	hashWriter
	spool *spool.File
}

// newSpoolWriter returns a spoolWriter that has start in it already, and releases start.
func newSpoolWriter(space *spool.Space, room spool.Claim, start *buffer) (*spoolWriter, error) {
	defer start.release()
	spool, err := space.NewBody(room)
	if err != nil {
		return nil, spoolFailure(err)
	}
	s := &spoolWriter{hashWriter{out: spool, sum: sha256.New()}, spool}
	if _, err := s.Write(start.bytes); err != nil {
		_ = spool.Close() // a body that failed is of no use
		return nil, spoolFailure(err)
	}
	return s, nil
}

// cause returns why a body failed, given the error err of its read: an error of the temporary file comes first. Nil is
// no error.
func (s *spoolWriter) cause(err error) error {
	if s.err != nil {
		return spoolFailure(s.err)
	}
	return err
}
