package warc

import (
	"crypto/sha1" //nolint:gosec // what readers compare; bodies are told apart by bodyKey
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"
)

// fields are the header of a record: its version and its named fields, without the line that ends them.
type fields []byte

// newFields appends to f the header of a record that begins with its type, ID and date.
func newFields(f fields, kind, id, date string) fields {
	f = append(f, "WARC/1.1\r\n"...)
	return f.add("WARC-Type", kind).add("WARC-Record-ID", id).add("WARC-Date", date)
}

// add adds a field. A control character in its value, which could begin another field, becomes a space.
func (f fields) add(name, value string) fields {
	f = append(append(f, name...), ": "...)
	at := len(f)
	f = append(f, value...)
	for i, c := range f[at:] {
		if c < ' ' || c == 0x7f {
			f[at+i] = ' '
		}
	}
	return append(f, "\r\n"...)
}

// addOptional adds a field unless its value is empty.
func (f fields) addOptional(name, value string) fields {
	if value == "" {
		return f
	}
	return f.add(name, value)
}

// addBlock adds the fields about a block, and the line that ends the header.
func (f fields) addBlock(contentType string, size int64) fields {
	f = f.add("Content-Type", contentType)
	return append(f.add("Content-Length", strconv.FormatInt(size, 10)), "\r\n"...)
}

// dateOf returns a WARC-Date: UTC, to the millisecond as in Records.
func dateOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// newID returns a new WARC-Record-ID: a random UUID (RFC 9562 section 5.4).
func newID() string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	text := append(make([]byte, 0, 48), "<urn:uuid:"...)
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(append(text, '>'))
}

// addDigest adds a field whose value is a labelled digest.
func (f fields) addDigest(name string, sum [sha1.Size]byte) fields {
	f = append(append(f, name...), ": sha1:"...)
	f = base32.StdEncoding.AppendEncode(f, sum[:])
	return append(f, "\r\n"...)
}

// targetOf returns a URL as WARC-Target-URI has it: without userinfo and fragment, in printable ASCII.
func targetOf(u *url.URL) string {
	bare := *u
	bare.User, bare.Fragment, bare.RawFragment = nil, "", ""
	return printable(bare.String())
}

// printable returns a URL whose bytes outside of printable ASCII are percent-encoded.
func printable(u string) string {
	for i := range len(u) {
		if u[i] <= ' ' || u[i] >= 0x7f {
			return escape(u)
		}
	}
	return u
}

func escape(u string) string {
	var text []byte
	for i := range len(u) {
		if c := u[i]; c <= ' ' || c >= 0x7f {
			const digits = "0123456789ABCDEF"
			text = append(text, '%', digits[c>>4], digits[c&0xf])
			continue
		}
		text = append(text, u[i])
	}
	return string(text)
}
