package encode

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"batchfetch/fetch"
)

// lookupCharset returns what decodes a charset; nil where a body is taken as it is, which known says is no mistake.
func lookupCharset(charset string) (declared encoding.Encoding, known bool) {
	if charset == "" || charset == "utf-8" || charset == "utf8" || charset == "us-ascii" {
		return nil, true
	}
	declared, err := htmlindex.Get(charset)
	if err != nil {
		return nil, true // nobody knows it
	}
	if declared == encoding.Replacement { // the index knows the charset as one that is not to be decoded
		return nil, false
	}
	return declared, true
}

// toUTF8 transcodes body from its declared charset, or reports that it is not in it.
// A charset that nobody knows leaves the body as it is.
func toUTF8(body []byte, charset string) (text []byte, ok bool) {
	if marked := decodeMarkedUTF16(body); marked != nil {
		return marked, true
	}
	declared, known := lookupCharset(charset)
	if declared == nil {
		return body, known
	}
	return transcode(body, declared)
}

// markedUTF16 is UTF-16 that starts with a byte order mark.
var markedUTF16 = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)

// decodeMarkedUTF16 transcodes a body that starts with a byte order mark of UTF-16, which outweighs any declaration; else nil.
func decodeMarkedUTF16(body []byte) []byte {
	if !hasUTF16Mark(body) {
		return nil
	}
	text, err := markedUTF16.NewDecoder().Bytes(body)
	if err != nil || len(text) == 0 || bytes.Contains(text, replacement) {
		return nil
	}
	return text
}

var replacement = []byte("\uFFFD")

// transcode reports a body that is not in the declared charset: decoders put U+FFFD for what they can't read,
// and only encoding it again tells that from one that was there.
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

// An textSource reads a text from its beginning, as often as it is called.
type textSource func() io.Reader

// spooledToUTF8 is toUTF8 of a body in a file. What has to be transcoded is read once more for that, to see whether it can be.
// The error is the file's.
func spooledToUTF8(body *fetch.Spool, kind, charset string) (text textSource, ok bool, err error) {
	var start [metaPrescanSize]byte
	n, err := io.ReadFull(body.Reader(), start[:])
	charset = effectiveCharset(kind, charset, start[:n])
	if hasUTF16Mark(start[:n]) {
		text := decodingSource(body, markedUTF16)
		size, strange, err := scanText(text())
		if err == nil && size > 0 && !strange {
			return text, true, nil
		}
	}
	if err = spoolErrorIn(err); err != nil {
		return nil, false, err
	}
	declared, known := lookupCharset(charset)
	if declared == nil {
		return body.Reader, known, nil
	}
	text = decodingSource(body, declared)
	_, strange, err := scanText(text())
	if err == nil && strange {
		strange, err = readersDiffer(transform.NewReader(text(), declared.NewEncoder()), body.Reader())
	}
	if err != nil || strange {
		return body.Reader, false, spoolErrorIn(err)
	}
	return text, true, nil
}

func decodingSource(body *fetch.Spool, from encoding.Encoding) textSource {
	return func() io.Reader { return transform.NewReader(body.Reader(), from.NewDecoder()) }
}

// spoolErrorIn returns err where it is a temporary file's, and no word of a decoder on what it read.
func spoolErrorIn(err error) error {
	var file *fetch.SpoolError
	if errors.As(err, &file) {
		return file
	}
	return nil
}

// scanText returns the size of a text, and whether U+FFFD stands in it.
func scanText(text io.Reader) (size int64, strange bool, err error) {
	b := pieceBufferPool.Get().(*pieceBuffers)
	defer pieceBufferPool.Put(b)
	held := 0
	for err == nil && !strange {
		var n int
		n, err = text.Read(b.in[held:])
		size += int64(n)
		p := b.in[:held+n]
		strange = bytes.Contains(p, replacement)
		held = copy(b.in[:], p[max(0, len(p)-len(replacement)+1):])
	}
	if err == io.EOF {
		err = nil
	}
	return size, strange, err
}

// readersDiffer reports whether two readers do not bring the same bytes.
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

// isReadFullEnd reports whether io.ReadFull came to the end of what it read.
func isReadFullEnd(err error) bool { return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) }
