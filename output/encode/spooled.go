package encode

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"unicode/utf8"

	"batchfetch/fetch"
)

// A spooledLine is the line of a Record whose body is in a temporary file, on its way into another one.
// It is what appendRecord makes of the same body, in a stream: each form is tried on the body as it passes,
// and one that proves wrong is cut off again for the next.
type spooledLine struct {
	out *fetch.Spool
	*pieceBuffers
}

// A bodyForm is how a body stands in a Record, made of pieces that end between characters: append appends what a piece becomes,
// end what follows the last one. Either reports that the body does not have that form.
type bodyForm interface {
	append(dst, p []byte) ([]byte, bool)
	end(dst []byte) ([]byte, bool)
}

// SpoolRecord renders a success whose body is in its Spool.
func SpoolRecord(r *fetch.Record, mode BodyMode) (*fetch.Spool, error) {
	out, err := fetch.NewSpool()
	if err != nil {
		return nil, err
	}
	l := spooledLine{out, pieceBufferPool.Get().(*pieceBuffers)}
	defer pieceBufferPool.Put(l.pieceBuffers)
	head := append(appendBeforeBody(nil, r), `,"body":`...)
	if err = l.write(head); err == nil {
		err = l.appendBody(r, mode)
	}
	if err == nil {
		err = l.write(appendAfterBody(head[:0], r))
	}
	if err != nil {
		_ = out.Close() // half a line is of no use
		return nil, err
	}
	return out, nil
}

func (l *spooledLine) write(p []byte) error {
	_, err := l.out.Write(p)
	return err
}

// appendBody writes the body and body_encoding members, as appendBody does.
func (l *spooledLine) appendBody(r *fetch.Record, mode BodyMode) error {
	if mode == BodyBase64 {
		return l.base64(r)
	}
	kind, charset := mediaType(r.ContentType)
	text, known, err := spooledToUTF8(r.Spool, kind, charset)
	if err != nil {
		return err
	}
	done := false
	switch {
	case mode == BodyText:
		done, err = l.tryForm(text(), &stringForm{}, "text")
	case known && isJSON(kind):
		if done, err = l.tryJSON(text, &compactor{}, "json"); err == nil && !done {
			done, err = l.tryJSON(text, &stringForm{strict: true}, "text")
		}
	case known && isText(kind):
		done, err = l.tryForm(text(), &stringForm{strict: true, noNUL: true}, "text")
	}
	if done || err != nil {
		return err
	}
	return l.base64(r)
}

func (l *spooledLine) base64(r *fetch.Record) error {
	_, err := l.tryForm(r.Spool.Reader(), &base64Form{}, "base64")
	return err
}

// tryJSON tries a form on a text without its byte order mark.
func (l *spooledLine) tryJSON(text textSource, f bodyForm, name string) (bool, error) {
	in := text()
	var start [len(byteOrderMark)]byte
	n, err := io.ReadFull(in, start[:])
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	if string(start[:n]) != byteOrderMark {
		in = io.MultiReader(bytes.NewReader(start[:n]), in)
	}
	return l.tryForm(in, f, name)
}

// tryForm writes a body in a form, or nothing where it does not have that form.
func (l *spooledLine) tryForm(body io.Reader, f bodyForm, name string) (bool, error) {
	start := l.out.Size()
	good, err := l.writeAll(body, f)
	if err != nil {
		return false, err
	}
	if !good {
		return false, l.out.Truncate(start)
	}
	return true, l.write([]byte(`,"body_encoding":"` + name + `"`))
}

// writeAll writes all of a body through its form.
func (l *spooledLine) writeAll(body io.Reader, f bodyForm) (good bool, err error) {
	held := 0 // bytes at the start of in: a character whose end is yet to come
	for {
		n, err := body.Read(l.in[held:])
		if err != nil && err != io.EOF {
			return false, err
		}
		p := l.in[:held+n]
		whole := len(p)
		if err == nil {
			whole = wholeCharacters(p)
		}
		line, good := f.append(l.line[:0], p[:whole])
		if good && err == io.EOF {
			line, good = f.end(line)
		}
		l.line = line
		if !good {
			return false, nil
		}
		if failed := l.write(line); failed != nil || err == io.EOF {
			return true, failed
		}
		held = copy(l.in[:], p[whole:])
	}
}

// A stringForm is the form of a text as a JSON string.
type stringForm struct {
	strict bool // what is not UTF-8 is no text; else it becomes U+FFFD
	noNUL  bool // what holds a NUL is no text
	opened bool
}

func (q *stringForm) append(dst, p []byte) ([]byte, bool) {
	if q.strict && !utf8.Valid(p) || q.noNUL && bytes.IndexByte(p, 0) >= 0 {
		return dst, false
	}
	if !q.opened {
		dst = append(dst, '"')
		q.opened = true
	}
	return appendQuoted(dst, p), true
}

func (q *stringForm) end(dst []byte) ([]byte, bool) {
	if !q.opened {
		dst = append(dst, '"')
	}
	return append(dst, '"'), true
}

// A base64Form is the form of any bytes in base64.
type base64Form struct {
	opened  bool
	rest    [3]byte
	pending int // bytes in rest: they wait for the third
}

func (b *base64Form) append(dst, p []byte) ([]byte, bool) {
	if !b.opened {
		dst = append(dst, '"')
		b.opened = true
	}
	if b.pending > 0 {
		n := copy(b.rest[b.pending:], p)
		b.pending += n
		p = p[n:]
		if b.pending < len(b.rest) {
			return dst, true
		}
		dst = base64.StdEncoding.AppendEncode(dst, b.rest[:])
	}
	whole := len(p) - len(p)%3
	dst = base64.StdEncoding.AppendEncode(dst, p[:whole])
	b.pending = copy(b.rest[:], p[whole:])
	return dst, true
}

func (b *base64Form) end(dst []byte) ([]byte, bool) {
	return append(base64.StdEncoding.AppendEncode(dst, b.rest[:b.pending]), '"'), true
}
