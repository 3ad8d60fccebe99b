package input

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A Form is how an input writes its requests.
type Form string

// The forms.
const (
	// FormAuto is lines, or the elements of a JSON array, or a sitemap, by the first character that is no space: [ and <.
	FormAuto Form = "auto"
	// FormLines is a URL, JSON object or JSON string on each line.
	FormLines Form = "lines"
	// FormCSV is RFC 4180 with a header that names url. Values of id are the id, of other columns members of meta. Where
	// the header has no comma, a semicolon separates, or else a tab; or what a first line sep=; names.
	FormCSV Form = "csv"
	// FormTSV is FormCSV with tabs.
	FormTSV Form = "tsv"
	// FormJSON is an array of objects and strings, as lines have them.
	FormJSON Form = "json"
	// FormSitemap is a sitemap, or an index of sitemaps, as of sitemaps.org 0.9: its locations are the URLs.
	FormSitemap Form = "sitemap"
)

// texts are the requests of an input, each as the text of a line.
type texts interface {
	// next returns the next text, which is valid until the following call; after the last one the error is io.EOF. A
	// *textError is of that text alone: others may follow it.
	next() ([]byte, error)
	// place returns where the text read last begins, as the number of a line or of an element, from 1, and whether only
	// the start of it was returned.
	place() (number int64, tooLong bool)
}

// A textError is why one text of an input can't be used.
type textError struct {
	text []byte // as far as it is known
	err  error
}

func (e *textError) Error() string { return e.err.Error() }

// errElementTooLong is the error of a form other than lines.
var errElementTooLong = errors.New("an element is longer than 4 MiB, the most for a request")

// readSize is the size in bytes of the buffers that an input is read through.
const readSize = 64 << 10

// DecodeUTF16 returns a reader of the text of in, decoded where that is in UTF-16, as shells of Windows redirect to.
func DecodeUTF16(in *bufio.Reader) *bufio.Reader {
	start, _ := in.Peek(2)
	if bytes.IndexByte(start, 0) >= 0 { // no more than is needed: the next bytes may be long in coming
		start, _ = in.Peek(4)
	}
	order, is16 := orderOfUTF16(start)
	if !is16 {
		return in
	}
	decoder := unicode.UTF16(order, unicode.UseBOM).NewDecoder()
	return bufio.NewReaderSize(transform.NewReader(in, decoder), readSize)
}

// orderOfUTF16 returns the order of bytes of a text that begins with a byte order mark of UTF-16, or with two
// characters of ASCII in it.
func orderOfUTF16(start []byte) (order unicode.Endianness, is16 bool) {
	isASCII := func(high, low byte) bool { return high == 0 && low > 0 && low < 0x80 }
	switch {
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return unicode.BigEndian, true
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return unicode.LittleEndian, true
	case len(start) < 4:
		return order, false
	case isASCII(start[0], start[1]) && isASCII(start[2], start[3]):
		return unicode.BigEndian, true
	case isASCII(start[1], start[0]) && isASCII(start[3], start[2]):
		return unicode.LittleEndian, true
	}
	return order, false
}

// detect returns the form of a text by its first character that is no space.
func detect(in *bufio.Reader) Form {
	for n := 1; ; n++ {
		start, err := in.Peek(n) // one more at a time, as others may be long in coming
		if err != nil {
			return FormLines
		}
		switch start[n-1] {
		case ' ', '\t', '\r', '\n', 0xEF, 0xBB, 0xBF: // and byte order marks
		case '[':
			return FormJSON
		case '<':
			start, _ = in.Peek(n + len("http:"))
			if name := string(bytes.ToLower(start[n:])); name == "http:" || name == "https" {
				return FormLines // a URL between < and >, as in mails (RFC 3986 appendix C)
			}
			return FormSitemap
		default:
			return FormLines
		}
	}
}

// skipMarks reads the byte order marks that in begins with; files that were joined have several.
func skipMarks(in *bufio.Reader) {
	for {
		if mark, _ := in.Peek(len(byteOrderMark)); string(mark) != byteOrderMark {
			return
		}
		_, _ = in.Discard(len(byteOrderMark)) // it was peeked at
	}
}

// byteOrderMark is that of UTF-8.
const byteOrderMark = "\uFEFF"

// lineEnds reads text with a newline for each end of a line: a carriage return, alone or before a newline, is one, too.
type lineEnds struct {
	in        io.Reader
	hasReturn bool // the last byte was a carriage return
}

// Read is io.Reader's.
func (r *lineEnds) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if !r.hasReturn && bytes.IndexByte(p[:n], '\r') < 0 {
		return n, err
	}
	kept := 0
	for _, c := range p[:n] {
		afterReturn := r.hasReturn
		r.hasReturn = c == '\r'
		if c == '\n' && afterReturn {
			continue
		}
		if c == '\r' {
			c = '\n'
		}
		p[kept] = c
		kept++
	}
	return kept, err
}

// A limitedReader reads an input in elements of bounded size: reset begins the next one.
type limitedReader struct {
	in   io.Reader
	left int
}

// reset begins an element.
func (r *limitedReader) reset() { r.left = maxJSONLine + readSize }

// Read is io.Reader's; the error is errElementTooLong where the element is.
func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errElementTooLong
	}
	n, err := r.in.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
