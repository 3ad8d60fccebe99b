package h2

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// An encoder encodes the header blocks of requests (RFC 7541). The dynamic table has what all requests of a run have in
// common, and nothing is ever evicted from it: a path or another value that is used once would only push that out. A
// header that is sent again is copied as it was encoded.
type encoder struct {
	table   []tableEntry // the oldest first
	size    int          // of table
	maxSize int          // of table: what the server allows, at most tableSize
	changed bool         // the next block has to say so

	header   http.Header // that was encoded last
	block    []byte      // its encoding; nil: it has added to the table, and is not encoded as it would be again
	fields   []requestField
	prepared http.Header // whose fields those are
}

// A tableEntry is an entry of an encoder's table.
type tableEntry struct{ name, value string }

// A requestField is a field of a request as it is sent.
type requestField struct {
	name, value string
	indexed     bool // it is in the table, or will be
}

// The static table's indexes that requests need (RFC 7541 appendix A).
const (
	indexAuthority     = 1
	indexGET           = 2
	indexPOST          = 3
	indexPath          = 4
	indexHTTP          = 6
	indexHTTPS         = 7
	indexContentLength = 28
)

// isCommon are the fields, in lower case, that usually have one value in a run, and tell nothing that is secret.
var isCommon = map[string]bool{
	"accept": true, "accept-charset": true, "accept-encoding": true, "accept-language": true, "cache-control": true,
	"content-type": true, "pragma": true, "te": true, "upgrade-insecure-requests": true, "user-agent": true,
}

// isNotSent are the fields, in lower case, that HTTP/2 does not have, or that the encoder writes itself (RFC 9113
// section 8.2.2).
var isNotSent = map[string]bool{
	"connection": true, "content-length": true, "host": true, "http2-settings": true, "keep-alive": true,
	"proxy-connection": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

// setMaxSize takes note of the size of the table that the server allows (SETTINGS_HEADER_TABLE_SIZE).
func (e *encoder) setMaxSize(n uint32) {
	if size := int(min(n, tableSize)); size != e.maxSize {
		e.maxSize, e.size, e.table, e.changed = size, 0, nil, true
		e.block = nil
	}
}

// encode appends the header block of a request to b.
func (e *encoder) encode(b []byte, r *Request) []byte {
	if e.changed { // emptied, and of the size allowed: RFC 7541 section 4.2
		b = appendNumber(append(b, 0x20), 5, 0x20, e.maxSize)
		e.changed = false
	}
	switch r.Method {
	case http.MethodGet:
		b = append(b, 0x80|indexGET)
	case http.MethodPost:
		b = append(b, 0x80|indexPOST)
	default:
		b = appendString(append(b, indexGET), r.Method)
	}
	b = e.appendIndexed(b, indexAuthority, ":authority", r.Authority)
	if r.Scheme == "http" {
		b = append(b, 0x80|indexHTTP)
	} else {
		b = append(b, 0x80|indexHTTPS)
	}
	if r.Path == "/" {
		b = append(b, 0x80|indexPath)
	} else {
		b = appendString(append(b, indexPath), r.Path)
	}
	if r.AnnouncesBody {
		b = appendNumber(b, 4, 0, indexContentLength)
		b = appendString(b, strconv.Itoa(len(r.Body)))
	}
	return e.appendHeader(b, r.Header)
}

// appendHeader appends the fields of a header. Two headers are the same where they are the same map, as headers are
// shared and not written to.
func (e *encoder) appendHeader(b []byte, h http.Header) []byte {
	if e.block != nil && isSame(h, e.header) {
		return append(b, e.block...)
	}
	if !isSame(h, e.prepared) {
		e.prepare(h)
	}
	start, entries := len(b), len(e.table)
	for i := range e.fields {
		if f := &e.fields[i]; f.indexed {
			b = e.appendIndexed(b, 0, f.name, f.value)
		} else {
			b = appendString(appendString(append(b, 0x10), f.name), f.value) // never indexed, section 6.2.3
		}
	}
	if e.header, e.block = h, nil; len(e.table) == entries {
		e.block = append(make([]byte, 0, len(b)-start), b[start:]...)
	}
	return b
}

// isSame reports whether two headers are the same map.
func isSame(a, b http.Header) bool {
	return a != nil && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// prepare sets fields to those of a header, in the order of their names.
func (e *encoder) prepare(h http.Header) {
	e.prepared, e.fields = h, e.fields[:0]
	EachField(h, func(name, value string) {
		e.fields = append(e.fields, requestField{name, value, isCommon[name]})
	})
	slices.SortStableFunc(e.fields, func(a, b requestField) int { return strings.Compare(a.name, b.name) })
}

// EachField calls f with each field of the header of a request that is sent over HTTP/2 and HTTP/3, its name in lower
// case.
func EachField(h http.Header, f func(name, value string)) {
	for key, values := range h {
		lower := strings.ToLower(key)
		if isNotSent[lower] {
			continue
		}
		for _, value := range values {
			value = strings.TrimSpace(strings.NewReplacer("\r", " ", "\n", " ").Replace(value))
			switch {
			case lower == "te" && !strings.EqualFold(value, "trailers"), lower == "user-agent" && value == "":
				continue
			}
			f(lower, value)
		}
	}
}

// appendIndexed appends a field that the table has, or gets where it has room. static is the index of its name in the
// static table, or 0.
func (e *encoder) appendIndexed(b []byte, static int, name, value string) []byte {
	for i := range e.table {
		if e.table[i].value == value && e.table[i].name == name {
			return appendNumber(b, 7, 0x80, len(staticTable)+len(e.table)-i)
		}
	}
	size := len(name) + len(value) + entryOverhead
	first, prefix := byte(0), 4 // without indexing, section 6.2.2
	if e.size+size <= e.maxSize {
		e.table = append(e.table, tableEntry{name, value})
		e.size += size
		e.block = nil // it has other indexes now
		first, prefix = 0x40, 6
	}
	b = appendNumber(b, prefix, first, static)
	if static == 0 {
		b = appendString(b, name)
	}
	return appendString(b, value)
}

// appendNumber appends a number with a prefix of so many bits (RFC 7541 section 5.1), in a byte that begins as first.
func appendNumber(b []byte, prefix int, first byte, n int) []byte {
	most := 1<<prefix - 1
	if n < most {
		return append(b, first|byte(n)) //nolint:gosec // below 128
	}
	b = append(b, first|byte(most)) //nolint:gosec // below 256
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80) //nolint:gosec // the low bits are meant
	}
	return append(b, byte(n)) //nolint:gosec // below 128
}

// appendString appends a string, in the shorter of its two codings (RFC 7541 section 5.2).
func appendString(b []byte, s string) []byte {
	if n := hpack.HuffmanEncodeLength(s); n < uint64(len(s)) {
		return hpack.AppendHuffmanString(appendNumber(b, 7, 0x80, int(n)), s) //nolint:gosec // below len(s)
	}
	return append(appendNumber(b, 7, 0, len(s)), s...)
}
