package encode

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"batchfetch/fetch/spool"
)

// metaPrescanSize is how much of an HTML page is searched for a meta element, in bytes; browsers do the same.
const metaPrescanSize = 1024

// effectiveCharset returns the charset of a body: UTF-8 by its byte order mark; else the declared one; else that of a
// meta element at the start of an HTML page, or of the declaration of an XML document; else an empty string.
func effectiveCharset(kind, charset string, start []byte) string {
	isHTML := kind == "text/html" || kind == "application/xhtml+xml"
	switch {
	case bytes.HasPrefix(start, []byte(byteOrderMark)):
		return "utf-8"
	case charset != "" || hasUTF16BOM(start):
		return charset
	}
	start = start[:min(len(start), metaPrescanSize)]
	found := ""
	if isHTML {
		found = metaCharset(start)
	}
	if found == "" && (isHTML || isXML(kind)) {
		if found = utf16XML(start); found != "" {
			return found
		}
		found = xmlCharset(start)
	}
	switch {
	case strings.HasPrefix(found, "utf-16"):
		return "utf-8" // UTF-16 would have made the declaration unreadable
	case found == "x-user-defined":
		return "windows-1252"
	}
	return found
}

// byteOrderMark may precede a text in UTF-8. RFC 8259 section 8.1 lets a parser of JSON ignore it.
const byteOrderMark = "\uFEFF"

func hasUTF16BOM(start []byte) bool {
	return bytes.HasPrefix(start, []byte{0xfe, 0xff}) || bytes.HasPrefix(start, []byte{0xff, 0xfe})
}

// lookupCharset returns the encoding of a charset. It is nil where a body is taken as it is: with ok for UTF-8 and for
// a charset that is not known, without for one that must not be decoded.
func lookupCharset(charset string) (declared encoding.Encoding, ok bool) {
	if charset == "" || charset == "utf-8" || charset == "utf8" || charset == "us-ascii" {
		return nil, true
	}
	declared, err := htmlindex.Get(charset)
	if err != nil {
		return nil, true // not known: taken as it is
	}
	if declared == encoding.Replacement { // the WHATWG index lists it as one that must not be decoded
		return nil, false
	}
	return declared, true
}

// toUTF8 transcodes body from its charset, without a byte order mark in front, and reports whether it is valid in that.
// A body whose charset is not known is taken as it is.
func toUTF8(body []byte, charset string) (text []byte, ok bool) {
	if marked := decodeUTF16WithBOM(body); marked != nil {
		return marked, true
	}
	declared, known := lookupCharset(charset)
	if declared == nil {
		return bytes.TrimPrefix(body, []byte(byteOrderMark)), known
	}
	text, ok = transcode(body, declared)
	return bytes.TrimPrefix(text, []byte(byteOrderMark)), ok
}

// utf16WithBOM is UTF-16 that starts with a byte order mark.
var utf16WithBOM = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)

// decodeUTF16WithBOM transcodes a body that starts with a byte order mark of UTF-16, which overrides a declared
// charset; nil where it does not, or is not valid.
func decodeUTF16WithBOM(body []byte) []byte {
	if !hasUTF16BOM(body) {
		return nil
	}
	text, err := utf16WithBOM.NewDecoder().Bytes(body)
	if err != nil || len(text) == 0 || bytes.Contains(text, replacement) {
		return nil
	}
	return text
}

var replacement = []byte("\uFFFD")

// transcode returns body in UTF-8, and whether it is valid in its charset. A decoder writes U+FFFD for what is not;
// only encoding the text again tells that from a U+FFFD that was in the body.
func transcode(body []byte, declared encoding.Encoding) (text []byte, ok bool) {
	text, err := declared.NewDecoder().Bytes(body)
	if err != nil {
		return body, false
	}
	if bytes.Contains(text, replacement) {
		if back, err := declared.NewEncoder().Bytes(text); err != nil || !bytes.Equal(back, body) {
			return body, false
		}
	}
	return text, true
}

// textSource returns a reader of a text from its beginning, each time it is called.
type textSource func() io.Reader

// spooledToUTF8 is toUTF8 of a body in a temporary file. A body that has to be transcoded is read once more before, to
// see whether it is valid. The error is that of the file.
func spooledToUTF8(body *spool.File, kind, charset string) (text textSource, ok bool, err error) {
	var start [metaPrescanSize]byte
	n, err := io.ReadFull(body.Reader(), start[:])
	charset = effectiveCharset(kind, charset, start[:n])
	if hasUTF16BOM(start[:n]) {
		text := decodedSource(body, utf16WithBOM)
		size, replaced, err := scanText(text())
		if err == nil && size > 0 && !replaced {
			return text, true, nil
		}
	}
	if err = spoolErrorIn(err); err != nil {
		return nil, false, err
	}
	declared, known := lookupCharset(charset)
	if declared == nil {
		return withoutBOM(body.Reader), known, nil
	}
	text = decodedSource(body, declared)
	_, replaced, err := scanText(text())
	if err == nil && replaced {
		replaced, err = readersDiffer(transform.NewReader(text(), declared.NewEncoder()), body.Reader())
	}
	if err != nil || replaced {
		return withoutBOM(body.Reader), false, spoolErrorIn(err)
	}
	return withoutBOM(text), true, nil
}

// withoutBOM returns a source of the text without the byte order mark that it may begin with.
func withoutBOM(text textSource) textSource {
	return func() io.Reader {
		in := text()
		var start [len(byteOrderMark)]byte
		n, _ := io.ReadFull(in, start[:]) // an error of the file comes again with the next read
		if string(start[:n]) == byteOrderMark {
			return in
		}
		return io.MultiReader(bytes.NewReader(start[:n]), in)
	}
}

func decodedSource(body *spool.File, from encoding.Encoding) textSource {
	return func() io.Reader { return transform.NewReader(body.Reader(), from.NewDecoder()) }
}

// spoolErrorIn returns the *spool.Error in err; nil where there is none, since a decoder's error is about the body.
func spoolErrorIn(err error) error {
	var file *spool.Error
	if errors.As(err, &file) {
		return file
	}
	return nil
}

// scanText returns the size of a text in bytes, and whether U+FFFD is in it; it stops at the first.
func scanText(text io.Reader) (size int64, replaced bool, err error) {
	b := pieceBufferPool.Get().(*pieceBuffers)
	defer pieceBufferPool.Put(b)
	carried := 0
	for err == nil && !replaced {
		var n int
		n, err = text.Read(b.in[carried:])
		size += int64(n)
		p := b.in[:carried+n]
		replaced = bytes.Contains(p, replacement)
		carried = copy(b.in[:], p[max(0, len(p)-len(replacement)+1):])
	}
	if err == io.EOF {
		err = nil
	}
	return size, replaced, err
}

// readersDiffer reports whether two readers return different bytes.
func readersDiffer(a, b io.Reader) (bool, error) {
	var left, right [4 << 10]byte
	for {
		n, errA := io.ReadFull(a, left[:])
		m, errB := io.ReadFull(b, right[:])
		if !bytes.Equal(left[:n], right[:m]) {
			return true, nil
		}
		if errA != nil || errB != nil {
			return !isReadFullEnd(errA) || !isReadFullEnd(errB), errors.Join(spoolErrorIn(errA), spoolErrorIn(errB))
		}
	}
}

// isReadFullEnd reports whether io.ReadFull has come to the end of its reader.
func isReadFullEnd(err error) bool { return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) }
