package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"time"

	"golang.org/x/net/http/httpguts"
)

// An image is the form in which an Entry and its body are stored, so that either can be written without reading the
// other:
//
//	         other images, in a file that several small Entries share
//	body     as many bytes as the note says
//	notes    of earlier Entries of the same body, which are ignored
//	note     the Entry, with the key under which it was stored
//	tail     the size of the note (4 bytes), a CRC-32C of the note and that (4), "bfc1"
//
// Others are only before a small body, and earlier notes only behind one of appendFrom bytes or more: a small body is
// right before its note, a large one at the start of the file.
//
// The body is first because it is written before its hash is known, and the note last because a new one is simply
// appended. An image with a note that is damaged, or of another key, is no entry. Numbers in it are varints; a text
// follows its length.

const (
	tailSize  = 12
	tailMagic = "bfc1"

	mostNote   = 512 << 10 // bytes: twice what the header of a response may have
	mostFields = 2000      // header lines
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errNoImage means that bytes are no image of an Entry under the key.
var errNoImage = errors.New("no cache entry")

// The flags of a note.
const (
	flagBody = 1 << iota
	flagCoded
)

// sumsEnd is the index in a note at which the key and the sums end.
const sumsEnd = 2 + len(Key{}) + 3*len(Sum{})

// appendNote appends the note of e and the tail.
func appendNote(dst []byte, key Key, e *Entry) []byte {
	start := len(dst)
	var flags byte
	if e.HasBody {
		flags |= flagBody
	}
	if e.Coded {
		flags |= flagCoded
	}
	dst = append(dst, byte(e.kind), flags)
	for _, sum := range [...][len(key)]byte{key, e.SHA256, e.ReportedBefore, e.Reporter} {
		dst = append(dst, sum[:]...)
	}
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(e.Status)), uint64(e.Size))
	dst = binary.AppendVarint(binary.AppendVarint(dst, e.Requested.UnixMicro()), e.Received.UnixMicro())
	dst = appendText(appendText(appendText(dst, e.Proto), e.RemoteAddr), e.coding)
	for name, values := range e.Header {
		for _, value := range values {
			dst = appendText(appendText(dst, name), value)
		}
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(dst)-start))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	return append(dst, tailMagic...)
}

// appendCheckedNote appends the note of e and the tail. The error is ErrTooLarge where readNote would refuse it.
func appendCheckedNote(dst []byte, key Key, e *Entry) ([]byte, error) {
	fields := 0
	for name, values := range e.Header {
		fields += len(values)
		for _, value := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return nil, ErrTooLarge
			}
		}
	}
	start := len(dst)
	dst = appendNote(dst, key, e)
	if fields > mostFields || len(dst)-start > mostNote {
		return nil, ErrTooLarge
	}
	return dst, nil
}

// appendText appends a text after its length.
func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// noteSize returns the size of the note in front of the tail, in bytes; false where there is no tail.
func noteSize(tail []byte) (int64, bool) {
	if len(tail) < tailSize || string(tail[len(tail)-4:]) != tailMagic {
		return 0, false
	}
	size := int64(binary.LittleEndian.Uint32(tail[len(tail)-tailSize:]))
	return size, size <= mostNote
}

// lastImage returns where the last of several images starts, and where its note does; false where there is no whole
// one.
func lastImage(images []byte) (start, note int, ok bool) {
	size, ok := noteSize(images)
	end := len(images) - tailSize
	note = end - int(size)
	if !ok || note < 0 || size < int64(sumsEnd) || !hasSum(images[note:]) {
		return 0, 0, false
	}
	_, n := binary.Uvarint(images[note+sumsEnd : end]) // the status
	if n <= 0 {
		return 0, 0, false
	}
	body, n := binary.Uvarint(images[note+sumsEnd+n : end])
	if n <= 0 || body > uint64(note) {
		return 0, 0, false
	}
	return note - int(body), note, true
}

// keyOf returns the key in a note.
func keyOf(note []byte) Key { return Key(note[2:]) }

// findImage returns the Entry and the body of the last image with that key among several.
func findImage(images []byte, key Key) (Entry, []byte, error) {
	for len(images) > 0 {
		start, note, ok := lastImage(images)
		if !ok {
			break
		}
		if keyOf(images[note:]) == key {
			e, err := parseNote(images[note:], key)
			return e, images[start:note], err
		}
		images = images[:start]
	}
	return Entry{}, nil, errNoImage
}

// readImage returns the Entry of key in a file of size bytes whose last bytes are held, and a reader of its body.
func readImage(file io.ReaderAt, size int64, held []byte, key Key) (Entry, io.Reader, error) {
	if int64(len(held)) == size {
		e, body, err := findImage(held, key)
		return e, bytes.NewReader(body), err
	}
	e, err := readNote(file, size, held, key)
	return e, io.NewSectionReader(file, 0, e.Size), err
}

// hasSum reports whether the checksum in the tail of a note is right.
func hasSum(note []byte) bool {
	end := len(note) - tailSize
	return binary.LittleEndian.Uint32(note[end+4:]) == crc32.Checksum(note[:end+4], castagnoli)
}

// readNote reads the note at the end of an image of size bytes. held are its last bytes, which have been read already.
func readNote(image io.ReaderAt, size int64, held []byte, key Key) (Entry, error) {
	note, ok := noteSize(held)
	if !ok || note+tailSize > size {
		return Entry{}, errNoImage
	}
	if need := note + tailSize; need > int64(len(held)) {
		held = make([]byte, need)
		if _, err := image.ReadAt(held, size-need); err != nil {
			return Entry{}, errNoImage
		}
	}
	e, err := parseNote(held[int64(len(held))-note-tailSize:], key)
	if err == nil && e.Size > size-note-tailSize {
		err = errNoImage
	}
	return e, err
}

// parseNote parses a note and its tail, which may be of any origin.
func parseNote(text []byte, key Key) (Entry, error) {
	end := len(text) - tailSize
	if !hasSum(text) || end < sumsEnd {
		return Entry{}, errNoImage
	}
	n := noteReader{rest: string(text[sumsEnd:end])}
	e := Entry{kind: kind(text[0]), HasBody: text[1]&flagBody != 0, Coded: text[1]&flagCoded != 0}
	storedKey := keyOf(text)
	for i, sum := range [...]*Sum{&e.SHA256, &e.ReportedBefore, &e.Reporter} {
		copy(sum[:], text[2+(i+1)*len(key):])
	}
	e.Status, e.Size = int(n.number(999)), int64(n.number(1<<62))
	e.Requested, e.Received = n.time(), n.time()
	e.Proto, e.RemoteAddr, e.coding = n.text(), n.text(), n.text()
	e.Header = n.header()
	bodiless := e.kind != ofResponse || !e.HasBody
	if n.bad || storedKey != key || e.kind > ofChoice || bodiless && e.Size != 0 ||
		e.kind == ofResponse && e.Status < 200 {
		return Entry{}, errNoImage
	}
	return e, nil
}

// A noteReader parses a note from its start. Once bad is set, it returns zero values.
type noteReader struct {
	rest string // what has not been read yet
	bad  bool   // the note is invalid
}

// number reads a varint that may be up to most.
func (n *noteReader) number(most uint64) uint64 {
	var v uint64
	for i := 0; i < len(n.rest) && i < binary.MaxVarintLen64; i++ {
		c := n.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			n.rest = n.rest[i+1:]
			n.bad = n.bad || v > most
			return min(v, most)
		}
	}
	n.rest, n.bad = "", true
	return 0
}

// time reads a time, in microseconds since 1970.
func (n *noteReader) time() time.Time {
	v := n.number(1<<64 - 1)
	return time.UnixMicro(int64(v>>1) ^ -int64(v&1)) // zigzag, as binary.AppendVarint
}

// text reads a text after its length.
func (n *noteReader) text() string {
	size := n.number(mostNote)
	if size > uint64(len(n.rest)) {
		n.rest, n.bad = "", true
		return ""
	}
	text := n.rest[:size]
	n.rest = n.rest[size:]
	return text
}

// header reads the rest of the note as header lines.
func (n *noteReader) header() http.Header {
	h := make(http.Header, 8)
	values := make([]string, 0, 8) // of all fields with one value, so that they share one allocation
	for fields := 0; n.rest != "" && !n.bad; fields++ {
		name, value := n.text(), n.text()
		if fields >= mostFields || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			n.bad = true
			break
		}
		if given, again := h[name]; again {
			h[name] = append(given, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return h
}
