package h2

import (
	"bytes"
	"errors"
	"hash/maphash"

	"golang.org/x/net/http2/hpack"
)

// maxFragment is how long a field may be that has not come whole.
const maxFragment = 1 << 20

// errTooLong is that a field is longer than maxFragment.
var errTooLong = errors.New("hpack: a field is too long")

var errHPACK = errors.New("hpack: invalid")

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

// A stringCache decodes the strings of header blocks. It keeps names, and short values, to use them again.
type stringCache struct {
	names map[string]*name // at most maxNames
	kept  [keptStrings][2]keptString
	seed  maphash.Seed
	text  bytes.Buffer // a string that was decoded
}

// maxNames and maxValue bound what a decoder keeps to use again.
const maxNames, maxValue = 256, 100

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

// newStringCache returns one that keeps nothing yet.
func newStringCache() stringCache {
	return stringCache{names: make(map[string]*name), seed: maphash.MakeSeed()}
}

// find returns what is kept for a code of at most maxValue bytes, or where it is to be kept.
func (c *stringCache) find(coded []byte, huffman, isName bool) (s *keptString, is bool) {
	pair := &c.kept[maphash.Bytes(c.seed, coded)%keptStrings]
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
func (c *stringCache) plain(coded []byte, huffman bool) ([]byte, error) {
	if !huffman {
		return coded, nil
	}
	c.text.Reset()
	if _, err := hpack.HuffmanDecode(&c.text, coded); err != nil {
		return nil, errHPACK
	}
	return c.text.Bytes(), nil
}

// name decodes a string as a name, that of a former field where there is one; n is as in cutString.
func (c *stringCache) name(b []byte) (of *name, n int, err error) {
	coded, huffman, n, err := cutString(b)
	if n <= 0 || err != nil {
		return nil, 0, err
	}
	if len(coded) == 0 || len(coded) > maxValue {
		text, err := c.plain(coded, huffman)
		return c.nameOf(text), n, err
	}
	s, known := c.find(coded, huffman, true)
	if !known {
		text, err := c.plain(coded, huffman)
		if err != nil {
			*s = keptString{}
			return nil, 0, err
		}
		*s = keptString{coded: string(coded), huffman: huffman, name: c.nameOf(text)}
	}
	return s.name, n, nil
}

// nameOf returns the name of a text, that of a former field where there is one.
func (c *stringCache) nameOf(text []byte) *name {
	if known := staticNames[string(text)]; known != nil {
		return known
	}
	if known := c.names[string(text)]; known != nil {
		return known
	}
	n := newName(string(text))
	if len(c.names) < maxNames && len(text) <= maxValue {
		c.names[n.lower] = n
	}
	return n
}

// value decodes a string as a value, that of a former field where it is coded the same; n is as in cutString.
func (c *stringCache) value(b []byte) (value string, n int, err error) {
	coded, huffman, n, err := cutString(b)
	if n <= 0 || err != nil {
		return "", 0, err
	}
	if len(coded) == 0 || len(coded) > maxValue {
		text, err := c.plain(coded, huffman)
		return string(text), n, err
	}
	s, known := c.find(coded, huffman, false)
	if !known {
		text, err := c.plain(coded, huffman)
		if err != nil {
			*s = keptString{}
			return "", 0, err
		}
		*s = keptString{coded: string(coded), huffman: huffman, value: string(text)}
	}
	return s.value, n, nil
}
