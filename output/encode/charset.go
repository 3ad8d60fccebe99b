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

// charsetOf returns what decodes a charset; nil where a body is taken as it is, which known says is no mistake.
func charsetOf(charset string) (declared encoding.Encoding, known bool) {
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
	if marked := fromUTF16(body); marked != nil {
		return marked, true
	}
	declared, known := charsetOf(charset)
	if declared == nil {
		return body, known
	}
	return transcode(body, declared)
}

// markedUTF16 is UTF-16 that starts with a byte order mark.
var markedUTF16 = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)

// fromUTF16 transcodes a body that starts with a byte order mark of UTF-16, which outweighs any declaration; else nil.
func fromUTF16(body []byte) []byte {
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

// An opener reads a text from its beginning, as often as it is called.
type opener func() io.Reader

// spooledText is toUTF8 of a body in a file. What has to be transcoded is read once more for that, to see whether it can be.
// The error is the file's.
func spooledText(body *fetch.Spool, kind, charset string) (text opener, ok bool, err error) {
	var start [metaBytes]byte
	n, err := io.ReadFull(body.Reader(), start[:])
	charset = withMeta(kind, charset, start[:n])
	if hasUTF16Mark(start[:n]) {
		text := decoded(body, markedUTF16)
		size, strange, err := survey(text())
		if err == nil && size > 0 && !strange {
			return text, true, nil
		}
	}
	if err = fileError(err); err != nil {
		return nil, false, err
	}
	declared, known := charsetOf(charset)
	if declared == nil {
		return body.Reader, known, nil
	}
	text = decoded(body, declared)
	_, strange, err := survey(text())
	if err == nil && strange {
		strange, err = differ(transform.NewReader(text(), declared.NewEncoder()), body.Reader())
	}
	if err != nil || strange {
		return body.Reader, false, fileError(err)
	}
	return text, true, nil
}

func decoded(body *fetch.Spool, from encoding.Encoding) opener {
	return func() io.Reader { return transform.NewReader(body.Reader(), from.NewDecoder()) }
}

// fileError returns err where it is a temporary file's, and no word of a decoder on what it read.
func fileError(err error) error {
	var file *fetch.SpoolError
	if errors.As(err, &file) {
		return file
	}
	return nil
}

// survey returns the size of a text, and whether U+FFFD stands in it.
func survey(text io.Reader) (size int64, strange bool, err error) {
	b := longBufferPool.Get().(*longBuffers)
	defer longBufferPool.Put(b)
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

// differ reports whether two readers do not bring the same bytes.
func differ(a, b io.Reader) (bool, error) {
	var left, right [4 << 10]byte
	for {
		n, errA := io.ReadFull(a, left[:])
		m, errB := io.ReadFull(b, right[:])
		if !bytes.Equal(left[:n], right[:m]) {
			return true, nil
		}
		if errA != nil || errB != nil {
			return !isEnd(errA) || !isEnd(errB), errors.Join(fileError(errA), fileError(errB))
		}
	}
}

// isEnd reports whether io.ReadFull came to the end of what it read.
func isEnd(err error) bool { return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) }
