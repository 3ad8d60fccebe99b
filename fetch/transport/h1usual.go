package transport

import (
	"bytes"
	"net/http"

	"batchfetch/fetch/transport/h2"
)

// maxUsualLines is how many header lines a usual head has at most.
const maxUsualLines = 48

// A headerLine is where the parts of a header line stand in a head: name, and value without the space around it.
type headerLine struct{ name, nameEnd, value, valueEnd int }

// A usualHead is the head of a response as it usually comes, parsed in place: a final response in HTTP/1.1 whose body
// is framed by one Content-Length, by chunked in one line or more, or by its status or the method, and in which nothing
// can be understood in two ways. It is what http.ReadResponse makes of the same bytes, or of normalHead's; what may be
// something else is none.
type usualHead struct {
	text      []byte // the whole head, with its empty line
	status    int
	statusEnd int
	length    int64 // Content-Length; -1 is none
	chunked   bool
	close     bool // Connection: close
	noBody    bool // by the status or the method
	lineCount int
	lines     [maxUsualLines]headerLine
}

// parse parses the head with which start, the bytes of a response to that method, begins, and reports whether it is
// whole and usual. What u had before is dropped.
func (u *usualHead) parse(start []byte, method string) bool {
	end := bytes.Index(start, []byte("\r\n\r\n"))
	if end < len(http11)+len("200") || string(start[:len(http11)]) != http11 {
		return false
	}
	u.text, u.status, u.length = start[:end+len("\r\n\r\n")], 0, -1
	u.chunked, u.close, u.lineCount = false, false, 0
	at, ok := u.parseStatus()
	if !ok {
		return false
	}
	for at < len(u.text)-len("\r\n") {
		if at, ok = u.parseLine(at); !ok {
			return false
		}
	}
	u.noBody = u.status == http.StatusNoContent || u.status == http.StatusNotModified || method == http.MethodHead
	if u.chunked {
		return u.length < 0 && !u.noBody
	}
	return u.length >= 0 || u.noBody
}

// parseStatus parses the status behind http11, and returns where the next line begins. A 1xx is no final response.
func (u *usualHead) parseStatus() (next int, ok bool) {
	at := len(http11)
	digits := u.text[at : at+3]
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		u.status = 10*u.status + int(c-'0')
	}
	u.statusEnd, ok = u.lineEnd(at + 3)
	isPhrase := ok && (u.statusEnd == at+3 || u.text[at+3] == ' ')
	return u.statusEnd + len("\r\n"), isPhrase && u.status >= http.StatusOK
}

// lineEnd returns where the line that begins before at ends, and whether all of it from there on may stand in a value:
// anything but control characters.
func (u *usualHead) lineEnd(at int) (end int, ok bool) {
	for ; ; at++ { // the text ends with CRLF
		if c := u.text[at]; c < ' ' && c != '\t' || c == 0x7f {
			return at, c == '\r' && u.text[at+1] == '\n'
		}
	}
}

// parseLine parses the header line that begins at, and returns where the next one does.
func (u *usualHead) parseLine(at int) (next int, ok bool) {
	colon := at
	for isTokenByte[u.text[colon]] {
		colon++
	}
	if colon == at || u.text[colon] != ':' || u.lineCount == maxUsualLines {
		return 0, false
	}
	end, ok := u.lineEnd(colon + 1)
	if !ok {
		return 0, false
	}
	l := headerLine{at, colon, colon + 1, end}
	for l.value < l.valueEnd && isBlank(u.text[l.value]) {
		l.value++
	}
	for l.valueEnd > l.value && isBlank(u.text[l.valueEnd-1]) {
		l.valueEnd--
	}
	u.lines[u.lineCount] = l
	u.lineCount++
	return end + len("\r\n"), u.notesFraming(u.text[at:colon], u.text[l.value:l.valueEnd])
}

// notesFraming takes note of a header line that frames the body or says how long the connection lives, and reports
// whether it is as usual. A second Content-Length is not, and neither are those for which net/http adds to the header,
// or takes from it.
func (u *usualHead) notesFraming(name, value []byte) bool {
	switch len(name) {
	case len("Content-Length"):
		if !isName(name, "Content-Length") {
			return true
		}
		length, ok := ParseCount(string(value))
		if !ok || u.length >= 0 {
			return false
		}
		u.length = length
	case len("Transfer-Encoding"):
		if !isName(name, "Transfer-Encoding") {
			return true
		}
		u.chunked = true
		return string(value) == "chunked"
	case len("Connection"):
		switch {
		case !isName(name, "Connection"), isName(value, "keep-alive"):
		case isName(value, "close"):
			u.close = true
		default:
			return !bytes.Contains(bytes.ToLower(value), []byte("close"))
		}
	case len("Trailer"):
		return !isName(name, "Trailer")
	case len("Pragma"):
		return !isName(name, "Pragma")
	}
	return true
}

// response returns what http.ReadResponse makes of the head, but for the body: that is http.NoBody, or nil where one
// follows. It writes the canonical form of the names into the text, of which all names and values are copied at once.
// The header has the memory of space.
func (u *usualHead) response(into *http.Response, method string, space *h2.HeaderSpace) {
	for _, l := range u.lines[:u.lineCount] {
		canonicalize(u.text[l.name:l.nameEnd])
	}
	text := string(u.text)
	header := space.Begin(u.lineCount)
	for _, l := range u.lines[:u.lineCount] {
		name := text[l.name:l.nameEnd]
		switch {
		case u.close && name == "Connection", u.chunked && name == "Transfer-Encoding":
			continue
		}
		header.Add(name, text[l.value:l.valueEnd])
	}
	*into = http.Response{
		Status: text[len(http11):u.statusEnd], StatusCode: u.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header.End(), ContentLength: u.length, Close: u.close, Request: requestFor(method),
	}
	switch {
	case u.chunked:
		into.TransferEncoding = chunkedEncoding
	case u.noBody && method != http.MethodHead:
		into.ContentLength = 0
	}
	if u.noBody || u.length == 0 {
		into.Body = http.NoBody
	}
}

// chunkedEncoding is the TransferEncoding of every chunked response; shared, and not written to.
var chunkedEncoding = []string{"chunked"}

// canonicalize writes the canonical form of a header's name over it, as textproto.CanonicalMIMEHeaderKey has it.
func canonicalize(name []byte) {
	upper := true
	for i, c := range name {
		switch {
		case upper && 'a' <= c && c <= 'z':
			name[i] = c - ('a' - 'A')
		case !upper && 'A' <= c && c <= 'Z':
			name[i] = c + ('a' - 'A')
		}
		upper = c == '-'
	}
}
