package encode

import "encoding/binary"

// nearEnd is how many bytes before the end of a text skipUsual stops: it reads up to that many at once, without a check
// for each.
const nearEnd = 10

// skipUsual reads tokens of JSON, from the first byte of text on, that are of the most frequent kinds: plain ASCII,
// with no white space in between, and not at the end of the text. kinds and want are those of compactUsual. It returns
// the rest of the text, and both for that. It refuses nothing: compactUsual judges the token that it stops at.
//
// The place in the grammar is in the program counter, and strings and digits are read eight bytes at a time. That makes
// compactUsual twice as fast on texts without white space as a loop with the place in a variable (BenchmarkCompact).
func skipUsual(text []byte, kinds uint64, want state) (rest []byte, open uint64, next state) {
	var r []byte // text behind the first byte of the present token, or more of it
	var odd uint64
	switch want {
	case wantFirst:
		goto first
	case wantName, wantNames:
		goto name
	case wantColon:
		goto colon
	case wantMore:
		goto more
	}
value:
	want = wantValue
first:
	if len(text) < nearEnd {
		return text, kinds, want
	}
	switch w := binary.LittleEndian.Uint64(text); byte(w) {
	case '"':
		for r = text[1:]; ; r = r[8:] {
			if len(r) <= 8 {
				return text, kinds, want
			}
			if odd = notPlain(binary.LittleEndian.Uint64(r)); odd != 0 {
				break
			}
		}
		end := indexOdd(odd)
		if r[end] != '"' {
			return text, kinds, want
		}
		text = r[end+1:]
		goto more
	case '{':
		if kinds >= 1<<63 {
			return text, kinds, want
		}
		kinds = kinds<<1 | 1
		text = text[1:]
		want = wantNames
		goto name
	case '[':
		if kinds >= 1<<63 {
			return text, kinds, want
		}
		kinds <<= 1
		text = text[1:]
		want = wantFirst
		goto first
	case ']':
		if want != wantFirst {
			return text, kinds, want
		}
		text = text[1:]
		kinds >>= 1
		goto more
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if r = skipNumber(text, w); r == nil {
			return text, kinds, want
		}
		text = r
		goto more
	case 't', 'n', 'f':
		size := lenLiteral(w)
		if size == 0 {
			return text, kinds, want
		}
		text = text[size:]
		goto more
	}
	return text, kinds, want
more:
	for len(text) >= nearEnd && kinds != outermost {
		switch text[0] {
		case ',':
			text = text[1:]
			if kinds&1 == 0 {
				goto value
			}
			want = wantName
			goto name
		case closer(kinds):
			text = text[1:]
			kinds >>= 1
		default:
			return text, kinds, wantMore
		}
	}
	return text, kinds, wantMore
name:
	if len(text) < nearEnd {
		return text, kinds, want
	}
	if text[0] != '"' || text[1] == '"' {
		if text[0] == '}' && want == wantNames {
			text = text[1:]
			kinds >>= 1
			goto more
		}
		return text, kinds, want
	}
	for r = text[1:]; ; r = r[8:] {
		if len(r) <= 8 {
			return text, kinds, want
		}
		if odd = notPlain(binary.LittleEndian.Uint64(r)); odd != 0 {
			break
		}
	}
	{
		end := indexOdd(odd)
		if r[end] != '"' {
			return text, kinds, want
		}
		text = r[end+1:]
	}
colon:
	if len(text) < nearEnd || text[0] != ':' {
		return text, kinds, wantColon
	}
	text = text[1:]
	goto value
}

// skipNumber returns what follows the number that text begins with, of which w is the start; nil where that is not of
// the most frequent kind.
func skipNumber(text []byte, w uint64) []byte {
	odd := notDigit(w)
	if odd == 0 {
		return nil
	}
	r := text[indexOdd(odd):]
	if r[0] == '.' {
		for r = r[1:]; ; r = r[8:] {
			if len(r) <= 8 || r[0]-'0' > 9 { // no digit behind the point, or no more than eight
				return nil
			}
			if odd = notDigit(binary.LittleEndian.Uint64(r)); odd != 0 {
				break
			}
		}
		r = r[indexOdd(odd):]
	}
	if r[0]|0x20 == 'e' {
		return nil
	}
	return r
}

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

// notDigit returns the high bit of each byte of w that is no digit, exact up to the first.
func notDigit(w uint64) uint64 { return ((w - ones*'0') | (w + ones*(0x7f-'9'))) & highs }

// indexOdd returns the index of the first byte whose high bit is set in odd, which is not 0. It does so by jumps, which
// are predicted: the next token is read meanwhile, where a computed index would be waited for.
func indexOdd(odd uint64) int {
	switch {
	case odd&0x80 != 0:
		return 0
	case odd&0x8000 != 0:
		return 1
	case odd&0x800000 != 0:
		return 2
	case odd&0x80000000 != 0:
		return 3
	case odd&0x8000000000 != 0:
		return 4
	case odd&0x800000000000 != 0:
		return 5
	case odd&0x80000000000000 != 0:
		return 6
	}
	return 7
}
