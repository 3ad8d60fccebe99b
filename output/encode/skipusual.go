package encode

import (
	"encoding/binary"
	"math/bits"
)

// A usualText is a JSON text p as far as compactUsual has read it.
type usualText struct {
	line    []byte // what has been appended
	i, from int    // p[from:i] has been read and is still to be appended
	kinds   uint64 // a bit for each open object (1) or array (0), the innermost lowest
	want    state  // what follows: one of wantValue to wantMore
}

// outermost is the bit in front of those for the open objects and arrays.
const outermost = 1

// nearEnd is how many bytes before the end of a text skipUsual stops: it reads up to that many at once.
const nearEnd = 16

// skipUsual reads on within an object or array: plain strings, short numbers, literals, and white space but in front of
// a colon. It refuses nothing: compactUsual judges the token that it stops at.
//
// A turn of its loop is a name with its colon, a value with all that ends behind it, or white space. It has no calls on
// the way of frequent tokens, around which each register would be saved: 92 KB take 44 us, 67 with a space behind
// commas and colons; with functions for strings and numbers they took 62 and 100 (BenchmarkRows).
func (t *usualText) skipUsual(p []byte) {
	i, kinds, want := t.i, t.kinds, t.want
	end := len(p) - nearEnd
turns:
	for ; i < end; t.i = i {
		w := binary.LittleEndian.Uint64(p[i:])
		switch c := byte(w); {
		case c == '"' && want != wantMore:
			for i++; i < end; i += 8 {
				if odd := notPlain(binary.LittleEndian.Uint64(p[i:])); odd != 0 {
					i += indexOdd(odd)
					break
				}
			}
			if i >= end || p[i] != '"' {
				break turns
			}
			if i++; want < wantName {
				break
			}
			if p[i] != ':' || i == t.i+2 { // an empty name is not portable
				break turns
			}
			i++
			want = wantValue
			continue
		case c <= ' ':
			if !isSpace(c) {
				break turns
			}
			t.appendRun(p[t.from:], i-t.from)
			if i++; byte(w>>8) <= ' ' {
				i = endOfSpace(p, i)
			}
			t.from = i
			continue
		case want == wantMore, want == wantNames && c == '}', want == wantFirst && c == ']':
		case want >= wantName:
			break turns
		case c-'1' <= 8:
			i += lenDigits(w)
			if i < end && p[i] == '.' && p[i+1]-'0' <= 9 {
				for i++; i < end && p[i]-'0' <= 9; {
					i += lenDigits(binary.LittleEndian.Uint64(p[i:]))
				}
			}
		case (c == '{' || c == '[') && kinds < 1<<63:
			kinds = kinds<<1 | w>>5&1 // { is 0x7b, [ is 0x5b
			i++
			want = wantFirst + (wantNames-wantFirst)*state(kinds&1)
			continue
		default:
			size := lenLiteral(w)
			if size == 0 {
				break turns
			}
			i += size
		}
		for p[i] != ',' {
			if p[i] != closer(kinds) || i >= end {
				if !isSpace(p[i]) {
					break turns
				}
				want = wantMore
				continue turns
			}
			i++
			kinds >>= 1
			t.i, want = i, wantMore
			if kinds == outermost {
				break turns
			}
		}
		i++
		want = wantName * state(kinds&1) // in an array wantValue, 0
	}
	t.kinds, t.want = kinds, want
}

// appendRun appends run[:n]: without a call where that is short, and there is room behind it.
func (t *usualText) appendRun(run []byte, n int) {
	end := len(t.line)
	if n > 32 || len(run) < 32 || end > cap(t.line)-32 {
		t.line = append(t.line, run[:n]...)
		return
	}
	t.line = t.line[:end+n]
	room := t.line[end : end+32]
	*(*[16]byte)(room) = *(*[16]byte)(run)
	*(*[16]byte)(room[16:]) = *(*[16]byte)(run[16:])
}

// endOfSpace returns where behind white space, if there is any at p[i], the text goes on.
func endOfSpace(p []byte, i int) int {
	for i < len(p) && isSpace(p[i]) {
		i++
		for i <= len(p)-8 { // an indentation
			spaces := bits.TrailingZeros64(binary.LittleEndian.Uint64(p[i:])^ones*' ') / 8
			i += spaces
			if spaces < 8 {
				break
			}
		}
	}
	return i
}

// closer returns the byte that ends the innermost object (}, 0x7d) or array (], 0x5d).
func closer(kinds uint64) byte { return ']' + byte(kinds&1)<<5 }

// lenLiteral returns the length of true, false or null, where w is the start of one; 0 where it is not.
func lenLiteral(w uint64) int {
	switch word := uint32(w); {
	case word == 't'|'r'<<8|'u'<<16|'e'<<24, word == 'n'|'u'<<8|'l'<<16|'l'<<24:
		return 4
	case word == 'f'|'a'<<8|'l'<<16|'s'<<24 && byte(w>>32) == 'e':
		return 5
	}
	return 0
}

// lenDigits returns how many digits w begins with.
func lenDigits(w uint64) int {
	w ^= ones * '0'
	return bits.TrailingZeros64((w&^highs+ones*(0x80-10)|w)&highs) / 8
}

// indexOdd returns the index of the first byte whose high bit is set in odd, which is not 0. It does so by three jumps,
// which are predicted: the next token is read meanwhile, where a computed index would be waited for.
func indexOdd(odd uint64) int {
	if uint32(odd) != 0 {
		if uint16(odd) != 0 {
			if uint8(odd) != 0 {
				return 0
			}
			return 1
		}
		if odd&0x800000 != 0 {
			return 2
		}
		return 3
	}
	if uint16(odd>>32) != 0 {
		if uint8(odd>>32) != 0 {
			return 4
		}
		return 5
	}
	if odd&0x80000000000000 != 0 {
		return 6
	}
	return 7
}
