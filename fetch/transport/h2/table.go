package h2

import (
	"net/textproto"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

// A name is the name of a header field, in both spellings.
type name struct {
	lower     string // as HTTP/2 has it
	canonical string // as http.Header has it
	wrong     bool   // it is not valid, or in upper case (RFC 9113 section 8.2.1)
	hop       bool   // it is of a connection with HTTP/1.1 (section 8.2.2)
}

// A field is a header field as the decoder returns it, or its entry in a table of HPACK.
type field struct {
	name  *name
	value string
}

// size returns what a field counts in a table (RFC 7541 section 4.1).
func (f *field) size() int { return len(f.name.lower) + len(f.value) + entryOverhead }

// entryOverhead is what an entry counts beyond its bytes, tableSize the size of the dynamic table, of either side: the
// value that SETTINGS begin with (RFC 9113 section 6.5.2).
const entryOverhead, tableSize = 32, 4096

// staticTable are the entries of HPACK's static table (RFC 7541 appendix A); that of index i is at i-1. staticNames are
// their names.
var staticTable, staticNames = readStaticTable()

// readStaticTable reads the static table out of a decoder, as its package does not export it.
func readStaticTable() (table []field, names map[string]*name) {
	const length = 61
	names = make(map[string]*name)
	indexes := make([]byte, length)
	for i := range indexes {
		indexes[i] = 0x80 | byte(i+1)
	}
	fields, _ := hpack.NewDecoder(0, nil).DecodeFull(indexes) // they are valid
	for _, f := range fields {
		known := names[f.Name]
		if known == nil {
			known = newName(f.Name)
			names[f.Name] = known
		}
		table = append(table, field{known, f.Value})
	}
	return table, names
}

// newName returns the name that a server has sent.
func newName(text string) *name {
	n := &name{lower: text, canonical: text}
	if len(text) > 0 && text[0] == ':' {
		return n
	}
	n.canonical = textproto.CanonicalMIMEHeaderKey(text)
	switch text {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		n.hop = true
	}
	n.wrong = !httpguts.ValidHeaderFieldName(text)
	for _, c := range []byte(text) {
		n.wrong = n.wrong || 'A' <= c && c <= 'Z'
	}
	return n
}
