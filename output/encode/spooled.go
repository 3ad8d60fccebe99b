package encode

import (
	"bytes"
	"io"

	"batchfetch/fetch"
	"batchfetch/fetch/spool"
)

// spooledLine is the line of a Record whose body is in a temporary file, as it is written to another one. It is the
// line that AppendRecord makes of that body, in a stream: each bodyForm is tried on the whole body, and what it has
// written is truncated where the body proves not to have that form.
type spooledLine struct {
	out     *spool.File
	buffers *pieceBuffers
	signs   int // of numberSigns, that are still to be written
}

// SpoolRecord returns the line of a success whose body is in its Spool, in a temporary file that the caller closes.
func SpoolRecord(r *fetch.Record, layout Layout) (*spool.File, error) {
	out, err := r.Spool.NewLine()
	if err != nil {
		return nil, err
	}
	l := spooledLine{out: out, buffers: pieceBufferPool.Get().(*pieceBuffers)}
	defer pieceBufferPool.Put(l.buffers)
	head := append(layout.appendBeforeBody(nil, r), `,"body":`...)
	if err = l.write(head); err == nil {
		err = l.writeBody(r, layout.Body)
	}
	if err == nil {
		err = l.write(layout.appendAfterBody(head[:0], r))
	}
	if err != nil {
		_ = out.Close() // a partial line
		return nil, err
	}
	return out, nil
}

// write writes a piece of the line. Number signs at its end wait for what follows them, as escapeCommands has to see
// that; none is at the end of a line.
func (l *spooledLine) write(p []byte) error {
	if l.signs > 0 {
		p = append(bytes.Clone(numberSigns[:l.signs]), p...)
	}
	l.signs = endsWithSigns(p)
	_, err := l.out.Write(escapeCommands(p[:len(p)-l.signs], 0))
	return err
}

// writeBody writes the members body and body_encoding, as appendBody does.
func (l *spooledLine) writeBody(r *fetch.Record, mode BodyMode) error {
	if mode == BodyBase64 {
		return l.writeBase64(r)
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
		if mode != BodyString {
			done, err = l.tryForm(text(), jsonForm(mode), "json")
		}
		if err == nil && !done {
			done, err = l.tryForm(text(), &stringForm{strict: true}, "text")
		}
	case known && isText(kind):
		done, err = l.tryForm(text(), &stringForm{strict: true, noNUL: true}, "text")
	}
	if done || err != nil {
		return err
	}
	return l.writeBase64(r)
}

func (l *spooledLine) writeBase64(r *fetch.Record) error {
	_, err := l.tryForm(r.Spool.Reader(), &base64Form{}, "base64")
	return err
}

// tryForm writes a body in a form, and the member body_encoding, or nothing where it does not have that form.
func (l *spooledLine) tryForm(body io.Reader, f bodyForm, name string) (bool, error) {
	start := l.out.Size()
	good, err := l.writeAll(body, f)
	if err != nil {
		return false, err
	}
	if !good {
		l.signs = 0
		return false, l.out.Truncate(start)
	}
	return true, l.write([]byte(`,"body_encoding":"` + name + `"`))
}

// writeAll writes a body in a form, and reports whether it has that form.
func (l *spooledLine) writeAll(body io.Reader, f bodyForm) (good bool, err error) {
	carried := 0 // bytes at the start of in: a character of which more is to come
	for {
		n, err := body.Read(l.buffers.in[carried:])
		if err != nil && err != io.EOF {
			return false, err
		}
		p := l.buffers.in[:carried+n]
		whole := len(p)
		if err == nil {
			whole = lenWholeCharacters(p)
		}
		line, good := f.append(l.buffers.line[:0], p[:whole])
		if good && err == io.EOF {
			line, good = f.end(line)
		}
		l.buffers.line = line
		if !good {
			return false, nil
		}
		if failed := l.write(line); failed != nil || err == io.EOF {
			return true, failed
		}
		carried = copy(l.buffers.in[:], p[whole:])
	}
}
