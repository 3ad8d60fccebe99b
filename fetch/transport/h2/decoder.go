package h2

import (
	"bytes"
	"errors"
	"hash/maphash"

	"golang.org/x/net/http2/hpack"
)

// A decoder decodes the header blocks of a connection (RFC 7541), as they come: fragment by fragment. What is usual is
// not allocated again: names, and short values, are those of a former response where they are equal.
type decoder struct {
	rest    []byte // of the block: what is not decoded yet
	begun   bool   // a field of the block has been decoded: the size of the table can't change any more
	table   []field
	size    int // of table
	maxSize int // of table, as the server has set it

	names map[string]*name // at most maxNames
	kept  [keptStrings][2]keptString
	seed  maphash.Seed
	text  bytes.Buffer // a string that was decoded
}

// A keptString is a value, or a name, as it was coded and as it was decoded. A server says most of them again and
// again, and looking one up costs a fraction of its Huffman code.
type keptString struct {
	coded   string // "" is nothing
	huffman bool
	value   string
	name    *name // nil: it is a value
}

// keptStrings is how many pairs of them a decoder has: by hash, the one that was used last is the first.
const keptStrings = 64

// find returns what is kept for a code of at most maxValue bytes, or where it is to be kept.
func (d *decoder) find(coded []byte, huffman, isName bool) (s *keptString, is bool) {
	pair := &d.kept[maphash.Bytes(d.seed, coded)%keptStrings]
	for i := range pair {
		s = &pair[i]
		if s.coded == string(coded) && s.huffman == huffman && (s.name != nil) == isName {
			if i > 0 {
				pair[0], pair[1] = pair[1], pair[0]
			}
			return &pair[0], true
		}
	}
	pair[1] = pair[0]
	return &pair[0], false
}

// maxNames and maxValue bound what a decoder keeps to use again.
const maxNames, maxValue = 256, 100

// maxFragment is how long a field may be that has not come whole.
const maxFragment = 1 << 20

// errTooLong is that a field is longer than maxFragment.
var errTooLong = errors.New("hpack: a field is too long")

var errHPACK = errors.New("hpack: invalid")

// newDecoder returns a decoder with an empty table.
func newDecoder() *decoder {
	return &decoder{maxSize: tableSize, names: make(map[string]*name), seed: maphash.MakeSeed()}
}

// write decodes a fragment of a block, and calls emit for each field that is whole. An error ends the connection, as
// the tables of both sides differ from then on (RFC 9113 section 4.3).
func (d *decoder) write(fragment []byte, emit func(field)) error {
	block := fragment
	if len(d.rest) > 0 {
		d.rest = append(d.rest, fragment...)
		block = d.rest
	}
	for len(block) > 0 {
		f, is, n, err := d.next(block)
		if err != nil {
			return err
		}
		if n == 0 {
			break // more has to come
		}
		if block = block[n:]; is {
			d.begun = true
			emit(f)
		}
	}
	if len(block) > maxFragment {
		return errTooLong
	}
	d.rest = append(d.rest[:0], block...)
	return nil
}

// end ends a block.
func (d *decoder) end() error {
	d.begun = false
	if len(d.rest) > 0 {
		return errHPACK
	}
	if cap(d.rest) > maxFragment>>4 {
		d.rest = nil
	}
	return nil
}

// next decodes the representation at the start of b, of n bytes; 0 is that it has not come whole. is says that it is a
// field, and not a change of the table's size.
func (d *decoder) next(b []byte) (f field, is bool, n int, err error) {
	switch first := b[0]; {
	case first&0x80 != 0: // indexed, RFC 7541 section 6.1
		index, n := number(b, 7)
		if n <= 0 {
			return f, false, 0, tooBig(n)
		}
		f, err = d.at(index)
		return f, true, n, err
	case first&0xc0 == 0x40: // literal, with indexing, section 6.2.1
		if f, n, err = d.literal(b, 6); n > 0 && err == nil {
			d.add(f)
		}
		return f, true, n, err
	case first&0xe0 == 0x20: // size of the table, section 6.3
		size, n := number(b, 5)
		switch {
		case n <= 0:
			return f, false, 0, tooBig(n)
		case d.begun || size > tableSize:
			return f, false, 0, errHPACK
		}
		d.maxSize = size
		d.evict()
		return f, false, n, nil
	}
	f, n, err = d.literal(b, 4) // without indexing, or never indexed, sections 6.2.2 and 6.2.3
	return f, true, n, err
}

// literal decodes a literal field whose index of a name has a prefix of so many bits.
func (d *decoder) literal(b []byte, prefix int) (f field, n int, err error) {
	index, n := number(b, prefix)
	if n <= 0 {
		return f, 0, tooBig(n)
	}
	if index > 0 {
		known, err := d.at(index)
		if err != nil {
			return f, 0, err
		}
		f.name = known.name
	} else {
		var more int
		f.name, more, err = d.name(b[n:])
		if more <= 0 || err != nil {
			return f, 0, err
		}
		n += more
	}
	var more int
	f.value, more, err = d.value(b[n:])
	if more <= 0 || err != nil {
		return f, 0, err
	}
	return f, n + more, nil
}

// cutString returns the string (RFC 7541 section 5.2) that b begins with as it is coded; n is 0 where it has not come
// whole.
func cutString(b []byte) (coded []byte, huffman bool, n int, err error) {
	if len(b) == 0 {
		return nil, false, 0, nil
	}
	length, n := number(b, 7)
	switch {
	case n <= 0:
		return nil, false, 0, tooBig(n)
	case length > maxFragment:
		return nil, false, 0, errTooLong
	case length > len(b)-n:
		return nil, false, 0, nil
	}
	return b[n : n+length], b[0]&0x80 != 0, n + length, nil
}

// plain decodes the code of a string. What it returns is valid until the next call.
func (d *decoder) plain(coded []byte, huffman bool) ([]byte, error) {
	if !huffman {
		return coded, nil
	}
	d.text.Reset()
	if _, err := hpack.HuffmanDecode(&d.text, coded); err != nil {
		return nil, errHPACK
	}
	return d.text.Bytes(), nil
}

// name decodes a string as a name, that of a former field where there is one; n is as in cutString.
func (d *decoder) name(b []byte) (of *name, n int, err error) {
	coded, huffman, n, err := cutString(b)
	if n <= 0 || err != nil {
		return nil, 0, err
	}
	if len(coded) == 0 || len(coded) > maxValue {
		text, err := d.plain(coded, huffman)
		return d.nameOf(text), n, err
	}
	s, known := d.find(coded, huffman, true)
	if !known {
		text, err := d.plain(coded, huffman)
		if err != nil {
			*s = keptString{}
			return nil, 0, err
		}
		*s = keptString{coded: string(coded), huffman: huffman, name: d.nameOf(text)}
	}
	return s.name, n, nil
}

// nameOf returns the name of a text, that of a former field where there is one.
func (d *decoder) nameOf(text []byte) *name {
	if known := staticNames[string(text)]; known != nil {
		return known
	}
	if known := d.names[string(text)]; known != nil {
		return known
	}
	n := newName(string(text))
	if len(d.names) < maxNames && len(text) <= maxValue {
		d.names[n.lower] = n
	}
	return n
}

// value decodes a string as a value, that of a former field where it is coded the same; n is as in cutString.
func (d *decoder) value(b []byte) (value string, n int, err error) {
	coded, huffman, n, err := cutString(b)
	if n <= 0 || err != nil {
		return "", 0, err
	}
	if len(coded) == 0 || len(coded) > maxValue {
		text, err := d.plain(coded, huffman)
		return string(text), n, err
	}
	s, known := d.find(coded, huffman, false)
	if !known {
		text, err := d.plain(coded, huffman)
		if err != nil {
			*s = keptString{}
			return "", 0, err
		}
		*s = keptString{coded: string(coded), huffman: huffman, value: string(text)}
	}
	return s.value, n, nil
}

// at returns the entry of an index (RFC 7541 section 2.3.3).
func (d *decoder) at(index int) (field, error) {
	switch {
	case index == 0 || index > len(staticTable)+len(d.table):
		return field{}, errHPACK
	case index <= len(staticTable):
		return staticTable[index-1], nil
	}
	return d.table[len(d.table)-(index-len(staticTable))], nil
}

// add adds an entry to the table.
func (d *decoder) add(f field) {
	d.table = append(d.table, f)
	d.size += f.size()
	d.evict()
}

// evict takes the oldest entries out of the table until it has its size.
func (d *decoder) evict() {
	n := 0
	for ; d.size > d.maxSize; n++ {
		d.size -= d.table[n].size()
	}
	if n > 0 {
		kept := copy(d.table, d.table[n:])
		clear(d.table[kept:])
		d.table = d.table[:kept]
	}
}

// number decodes a number with a prefix of so many bits (RFC 7541 section 5.1). n is how many bytes it has, 0 where it
// has not come whole, below 0 where it is too big for any use.
func number(b []byte, prefix int) (value, n int) {
	most := 1<<prefix - 1
	if value = int(b[0]) & most; value < most {
		return value, 1
	}
	for i, shift := 1, 0; i < len(b); i, shift = i+1, shift+7 {
		if shift > 21 {
			return 0, -1
		}
		value += int(b[i]&0x7f) << shift
		if b[i]&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}

// tooBig returns the error of a number that is too big, where n says so.
func tooBig(n int) error {
	if n < 0 {
		return errTooLong
	}
	return nil
}
