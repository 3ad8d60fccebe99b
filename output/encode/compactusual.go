package encode

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// compactUsual appends the compact form of a whole JSON text of the usual kind, and reports whether it is one: valid,
// portable (see portableJSON), no deeper than 63 levels, without a character that has to be escaped beyond RFC 8259. Of
// any other text it knows nothing: the compactor judges that. It reads p once, from its first byte to its last: all
// that it can by skipUsual, and what that leaves, as white space behind values, a token at a time. It takes a third of
// the compactor's time.
func compactUsual(dst, p []byte) ([]byte, bool) {
	t := usualText{line: dst, kinds: outermost}
	for t.i >= 0 {
		if t.want <= wantNames && t.kinds != outermost {
			t.skipUsual(p)
		}
		switch c := byteAt(p, t.i); {
		case isSpace(c):
			t.appendRun(p[t.from:], t.i-t.from)
			t.i = endOfSpace(p, t.i)
			t.from = t.i
		case t.want == wantMore && t.kinds == outermost:
			if t.i < len(p) {
				return dst, false
			}
			return append(t.line, p[t.from:]...), true
		case t.want == wantMore && c == ',':
			if t.want = wantValue; t.kinds&1 != 0 {
				t.want = wantName
			}
			t.i++
		case t.want == wantMore && c == closer(t.kinds), t.want == wantFirst && c == ']', t.want == wantNames && c == '}':
			t.kinds >>= 1
			t.i++
			t.want = wantMore
		case t.want == wantColon && c == ':':
			t.i++
			t.want = wantValue
		case (t.want == wantName || t.want == wantNames) && c == '"' && byteAt(p, t.i+1) != '"': // portable: not empty
			t.i = endOfString(p, t.i+1)
			t.want = wantColon
		case t.want > wantFirst:
			return dst, false
		default:
			t.i, t.kinds, t.want = readValue(p, t.i, t.kinds)
		}
	}
	return dst, false
}

// readValue reads a scalar, or opens an object or array, at p[i]. It returns where behind that the text goes on, what
// is open then and what is wanted there; -1 is that it is no value of the usual kind.
func readValue(p []byte, i int, kinds uint64) (end int, open uint64, want state) {
	switch c := byteAt(p, i); {
	case c == '"':
		i = endOfString(p, i+1)
	case c == '{' && kinds < 1<<63:
		return i + 1, kinds<<1 | 1, wantNames
	case c == '[' && kinds < 1<<63:
		return i + 1, kinds << 1, wantFirst
	case c == 't':
		i = endOfLiteral(p, i, "true")
	case c == 'f':
		i = endOfLiteral(p, i, "false")
	case c == 'n':
		i = endOfLiteral(p, i, "null")
	default:
		i = endOfNumber(p, i)
	}
	return i, kinds, wantMore
}

// byteAt returns p[i], or 0 behind the end.
func byteAt(p []byte, i int) byte {
	if i < len(p) {
		return p[i]
	}
	return 0
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
		case p[i] < utf8.RuneSelf:
			return -1
		default:
			start := i
			if i = skipRunes(p, i); i == start {
				return -1
			}
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
