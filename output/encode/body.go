package encode

import (
	"bytes"
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"batchfetch/fetch"
)

// appendBody appends the members body and body_encoding of a Record that has a body.
func appendBody(dst []byte, r *fetch.Record, mode BodyMode) []byte {
	dst = append(dst, `,"body":`...)
	if mode == BodyBase64 {
		return appendBase64(dst, r.Body)
	}
	if len(r.Body) == 0 {
		return append(dst, `"","body_encoding":"text"`...)
	}
	kind, charset := mediaType(r.ContentType)
	text, known := toUTF8(r.Body, effectiveCharset(kind, charset, r.Body))
	switch {
	case mode == BodyText:
		return appendText(dst, text)
	case known && isJSON(kind):
		return appendJSONBody(dst, text, r.Body, mode)
	case known && isText(kind) && bytes.IndexByte(text, 0) < 0 && utf8.Valid(text):
		return appendText(dst, text)
	}
	return appendBase64(dst, r.Body)
}

// appendJSONBody embeds a JSON body, transcoded to UTF-8 as text. What is not valid JSON, or not to be embedded, is
// written as text, or as base64 where it is not UTF-8 either.
func appendJSONBody(dst, text, body []byte, mode BodyMode) []byte {
	if mode != BodyString {
		if embedded, ok := appendValue(dst, text, mode); ok {
			return append(embedded, `,"body_encoding":"json"`...)
		}
	}
	if utf8.Valid(text) {
		return appendText(dst, text)
	}
	return appendBase64(dst, body)
}

// appendValue appends a JSON text on one line, with its numbers digit for digit, and reports whether it has the form
// that the mode embeds.
func appendValue(dst, text []byte, mode BodyMode) ([]byte, bool) {
	dst = slices.Grow(dst, len(text)+afterBody)
	if line, usual := compactUsual(dst, text); usual {
		return line, true
	}
	form := jsonForm(mode)
	line, ok := form.append(dst, text)
	if ok {
		line, ok = form.end(line)
	}
	if !ok {
		return dst, false
	}
	return line, true
}

func appendText(dst, text []byte) []byte {
	if len(text) > MaxPooledLine { // append would allocate four times its size as it grows
		dst = slices.Grow(dst, len(text)+len(text)/8)
	}
	return append(appendString(dst, text), `,"body_encoding":"text"`...)
}

func appendBase64(dst, body []byte) []byte {
	dst = slices.Grow(dst, base64.StdEncoding.EncodedLen(len(body))+afterBody)
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, body)
	return append(dst, `","body_encoding":"base64"`...)
}

// afterBody is how many bytes a line is grown by beyond its body, for the members behind that: most need fewer, and a
// second growth would copy the body.
const afterBody = 1 << 10

// MaxPooledLine is the largest line, in bytes, whose memory is kept for another without regard to its size.
const MaxPooledLine = 32 << 10
