package encode

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// bodyForm encodes a body in pieces that end between characters: append appends the encoding of a piece, end what
// follows the last one. Both report whether the body has that form.
type bodyForm interface {
	append(dst, p []byte) ([]byte, bool)
	end(dst []byte) ([]byte, bool)
}

// jsonForm returns the form of JSON that a mode embeds.
func jsonForm(mode BodyMode) bodyForm {
	if mode == BodyJSON {
		return new(compactor)
	}
	return new(portableJSON)
}

// stringForm is the bodyForm of a text as a JSON string.
type stringForm struct {
	strict bool // text that is not UTF-8 does not have this form; otherwise it becomes U+FFFD
	noNUL  bool // text with a NUL does not have this form
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

// base64Form is the bodyForm of any bytes in base64.
type base64Form struct {
	opened  bool
	group   [3]byte
	pending int // bytes in group, which takes three
}

func (b *base64Form) append(dst, p []byte) ([]byte, bool) {
	if !b.opened {
		dst = append(dst, '"')
		b.opened = true
	}
	if b.pending > 0 {
		n := copy(b.group[b.pending:], p)
		b.pending += n
		p = p[n:]
		if b.pending < len(b.group) {
			return dst, true
		}
		dst = base64.StdEncoding.AppendEncode(dst, b.group[:])
	}
	whole := len(p) - len(p)%3
	dst = base64.StdEncoding.AppendEncode(dst, p[:whole])
	b.pending = copy(b.group[:], p[whole:])
	return dst, true
}

func (b *base64Form) end(dst []byte) ([]byte, bool) {
	return append(base64.StdEncoding.AppendEncode(dst, b.group[:b.pending]), '"'), true
}
