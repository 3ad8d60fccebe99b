package fetch

import (
	"bytes"
	"crypto/sha256"
	"io"

	"batchfetch/fetch/spool"
)

// readInline reads a body into its Record: into memory up to Options.BodyMemory, into a temporary file beyond.
// announced is its decoded size by Content-Length; negative is unknown.
func (x *exchange) readInline(decoded io.Reader, in *wireReader, codings []string, announced int64, rec *Record) error {
	if x.options.DropBody {
		return x.readDropped(decoded, in, codings, rec)
	}
	most := x.options.BodyMemory
	if most == 0 || most > x.options.MaxBody {
		most = x.options.MaxBody
	}
	body := newBuffer()
	if announced > most && most < x.options.MaxBody {
		x.roomNeeded = announced
		return x.readSpooled(body, decoded, in, codings, rec)
	}
	more, err := body.readFrom(decoded, most)
	if more && most < x.options.MaxBody {
		return x.readSpooled(body, decoded, in, codings, rec)
	}
	err = x.checkEnd(more, err, in, codings)
	rec.Bytes = int64(len(body.bytes))
	x.countWire(rec, in)
	if err == nil {
		rec.SHA256, rec.Hashed = sha256.Sum256(body.bytes), true
		err = x.verifyBody(verify(rec), rec, in, bytes.NewReader(body.bytes))
	}
	if err != nil {
		body.release()
		return err
	}
	rec.Body, rec.body, rec.HasBody = body.bytes, body, true
	return nil
}

// readSpooled reads a body that is too large for memory into a temporary file; start is what has been read of it, and
// is released.
func (x *exchange) readSpooled(start *buffer, decoded io.Reader, in *wireReader, codings []string, rec *Record) error {
	x.roomNeeded = max(x.roomNeeded, int64(len(start.bytes)))
	x.room.Size = max(x.room.Size, x.roomNeeded)
	body, err := newSpoolWriter(x.options.TempSpace, x.room, start)
	if err != nil {
		return err
	}
	err = body.cause(x.readWhole(body, decoded, in, codings))
	rec.Bytes = body.bytes
	x.countWire(rec, in)
	if body.bytes > x.room.Size { // its size was not known: twice as much is, for the next time
		x.roomNeeded = min(2*body.bytes, x.options.MaxBody)
	}
	if err == nil {
		err = x.verifyBody(body.verify(rec), rec, in, body.spool.Reader())
	}
	if err != nil {
		_ = body.spool.Close() // a body that failed is of no use
		return err
	}
	rec.Spool, rec.HasBody = body.spool, true
	return nil
}

// readDropped reads a body of which Options.DropBody keeps size and hash only.
func (x *exchange) readDropped(decoded io.Reader, in *wireReader, codings []string, rec *Record) error {
	body := &hashWriter{out: io.Discard, sum: sha256.New()}
	err := x.readWhole(body, decoded, in, codings)
	rec.Bytes = body.bytes
	x.countWire(rec, in)
	if err != nil {
		return err
	}
	return x.verifyBody(body.verify(rec), rec, in, nil)
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
