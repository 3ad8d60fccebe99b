package encode

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// compactUsual appends the compact form of a whole JSON text of the usual kind, and reports whether it is one: valid,
// portable (see portableJSON), no deeper than 64 levels, without a character that has to be escaped beyond RFC 8259. Of
// any other text it knows nothing: the compactor judges that. It reads p once, from its first byte to its last, with
// the place in the grammar in the program counter, and strings, digits and indentation eight bytes at a time. It takes
// half of the compactor's time.
func compactUsual(dst, p []byte) ([]byte, bool) {
	line := dst
	var (
		i, from  int    // p[from:i] has been read and is still to be appended
		kinds    uint64 // a bit for each open object (1) or array (0), the innermost lowest
		depth    int    // number of open objects and arrays
		wantName bool   // what follows is the name of a member
		c        byte   // p[i]
	)
	for {
		if c = byteAt(p, i); c <= ' ' {
			line, i, c = dropSpace(line, p, from, i)
			from = i
		}
		if wantName && c != '"' {
			return dst, false
		}
		switch c {
		case '"':
			if i++; i+8 <= len(p) { // most strings end within: no call
				i += indexOdd(notPlain(binary.LittleEndian.Uint64(p[i:])))
			}
			if byteAt(p, i) == '"' {
				if wantName && p[i-1] == '"' { // an empty name is not portable
					return dst, false
				}
				i++
			} else {
				i = endOfString(p, i)
			}
		case '{', '[':
			if depth++; depth > 64 {
				return dst, false
			}
			kinds = kinds<<1 | uint64(c>>5&1) // { is 0x7b, [ is 0x5b
			i++
			if c = byteAt(p, i); c <= ' ' {
				line, i, c = dropSpace(line, p, from, i)
				from = i
			}
			if c != closer(kinds) {
				wantName = kinds&1 != 0
				continue
			}
		case 't':
			i = endOfLiteral(p, i, "true")
		case 'f':
			i = endOfLiteral(p, i, "false")
		case 'n':
			i = endOfLiteral(p, i, "null")
		default:
			i = endOfNumber(p, i)
		}
		if i < 0 {
			return dst, false
		}
		if c = byteAt(p, i); c == ':' && wantName { // the usual: no white space, no end
			i++
			wantName = false
			continue
		} else if c == ',' && !wantName && depth > 0 {
			i++
			wantName = kinds&1 != 0
			continue
		}
		for ; ; i++ { // what follows a value or a name
			if c = byteAt(p, i); c <= ' ' {
				line, i, c = dropSpace(line, p, from, i)
				from = i
			}
			if depth == 0 || wantName || c != closer(kinds) {
				break
			}
			depth--
			kinds >>= 1
		}
		switch {
		case depth == 0:
			if i < len(p) {
				return dst, false
			}
			return append(line, p[from:]...), true
		case wantName && c == ':':
			wantName = false
		case !wantName && c == ',':
			wantName = kinds&1 != 0
		default:
			return dst, false
		}
		i++
	}
}

// closer returns the byte that ends the innermost object (}, 0x7d) or array (], 0x5d).
func closer(kinds uint64) byte { return ']' + byte(kinds&1)<<5 }

// byteAt returns p[i], or 0 behind the end.
func byteAt(p []byte, i int) byte {
	if i < len(p) {
		return p[i]
	}
	return 0
}

// dropSpace appends p[from:i], and returns where from p[i] on the first byte is that is no white space, and that byte.
func dropSpace(dst, p []byte, from, i int) ([]byte, int, byte) {
	if n, end := i-from, len(dst); n <= 16 && from+16 <= len(p) && end+16 <= cap(dst) { // without a call
		room := dst[end : end+16]
		binary.LittleEndian.PutUint64(room, binary.LittleEndian.Uint64(p[from:]))
		binary.LittleEndian.PutUint64(room[8:], binary.LittleEndian.Uint64(p[from+8:]))
		dst = dst[:end+n]
	} else {
		dst = append(dst, p[from:i]...)
	}
	for ; i < len(p) && isSpace(p[i]); i++ {
		for i+9 <= len(p) { // an indentation
			spaces := bits.TrailingZeros64(binary.LittleEndian.Uint64(p[i+1:])^ones*' ') / 8
			i += spaces
			if spaces < 8 {
				break
			}
		}
	}
	return dst, i, byteAt(p, i)
}

// endOfLiteral returns where behind true, false or null the text goes on; -1 where it is another.
func endOfLiteral(p []byte, i int, word string) int {
	if len(p)-i < len(word) || string(p[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// endOfString returns where behind the closing quotation mark of a string the text goes on, whose first byte is p[i];
// -1 where it has none, or is not of the usual kind.
func endOfString(p []byte, i int) int {
	for {
		for i+8 <= len(p) {
			odd := notPlain(binary.LittleEndian.Uint64(p[i:]))
			if odd != 0 {
				i += bits.TrailingZeros64(odd) / 8
				break
			}
			i += 8
		}
		for i < len(p) && isPlain[p[i]] {
			i++
		}
		switch {
		case i == len(p):
			return -1
		case p[i] == '"':
			return i + 1
		case p[i] == '\\':
			i = endOfEscape(p, i+1)
		default:
			i = endOfRunes(p, i)
		}
		if i < 0 {
			return -1
		}
	}
}

// endOfEscape returns where behind an escape the text goes on, the byte behind whose backslash is p[i]; -1 where it is
// none.
func endOfEscape(p []byte, i int) int {
	switch {
	case i == len(p) || !isEscape(p[i]):
		return -1
	case p[i] != 'u':
		return i + 1
	case !hasHex(p, i+1) || p[i+1] == '0' && string(p[i+1:i+5]) == "0000":
		return -1
	case p[i+1]|0x20 != 'd' || p[i+2] < '8':
		return i + 5
	}
	return endOfSurrogates(p, i)
}

// endOfSurrogates returns where behind two escapes the text goes on that are one character, the u of the first is p[i];
// -1 where they are none.
func endOfSurrogates(p []byte, i int) int {
	isHigh := p[i+2]|0x20 <= 'b'
	if !isHigh || i+11 > len(p) || p[i+5] != '\\' || p[i+6] != 'u' || !hasHex(p, i+7) || p[i+7]|0x20 != 'd' ||
		p[i+8]|0x20 < 'c' {
		return -1
	}
	return i + 11
}

// hasHex reports whether four hexadecimal digits stand at p[i].
func hasHex(p []byte, i int) bool {
	return i+4 <= len(p) && isHex(p[i]) && isHex(p[i+1]) && isHex(p[i+2]) && isHex(p[i+3])
}

func isHex(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'f' }

// endOfRunes returns where behind characters beyond ASCII, at least one, the text goes on; -1 where there is none, or
// one that has to be escaped.
func endOfRunes(p []byte, i int) int {
	for first := true; first || i < len(p) && p[i] >= utf8.RuneSelf; first = false {
		switch b := p[i]; {
		case 0xc3 <= b && b <= 0xdf && i+1 < len(p) && p[i+1]&0xc0 == 0x80: // U+00C0 to U+07FF
			i += 2
		case 0xe3 <= b && b <= 0xec && i+2 < len(p) && p[i+1]&p[i+2]&0xc0 == 0x80 &&
			(p[i+1]|p[i+2])&0x40 == 0: // U+3000 to U+CFFF
			i += 3
		default:
			r, size := utf8.DecodeRune(p[i:])
			if r < utf8.RuneSelf || mustEscape(r, size) {
				return -1
			}
			i += size
		}
	}
	return i
}

// endOfNumber returns where behind a number the text goes on, whose first byte is p[i]; -1 where it is none, or
// may be beyond 64 bits or a double.
func endOfNumber(p []byte, i int) int {
	if i < len(p) && p[i] == '-' {
		i++
	}
	start := i
	if i = skipDigits(p, i); i == start || p[start] == '0' && i > start+1 || i > start+18 {
		return -1
	}
	if i < len(p) && p[i] == '.' {
		start = i + 1
		if i = skipDigits(p, start); i == start {
			return -1
		}
	}
	if i == len(p) || p[i]|0x20 != 'e' {
		return i
	}
	if i++; i < len(p) && (p[i] == '+' || p[i] == '-') {
		i++
	}
	start = i
	if i = skipDigits(p, i); i == start || i > start+2 {
		return -1
	}
	return i
}

// skipDigits returns where from p[i] on the first byte is that is no digit.
func skipDigits(p []byte, i int) int {
	for i < len(p) && p[i]-'0' <= 9 {
		i++
	}
	return i
}

// indexOdd returns the index of the first byte of which notPlain has set the high bit; 8 where there is none. It does
// so by a jump, which is predicted: the next token is read meanwhile, where a computed index would be waited for.
func indexOdd(odd uint64) int {
	switch bits.TrailingZeros64(odd) {
	case 7:
		return 0
	case 15:
		return 1
	case 23:
		return 2
	case 31:
		return 3
	case 39:
		return 4
	case 47:
		return 5
	case 55:
		return 6
	case 63:
		return 7
	}
	return 8
}
