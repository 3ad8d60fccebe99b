package encode

import (
	"unicode/utf8"
)

// maxBodyDepth bounds the nesting of a body that is embedded as a value: jq reads 256 levels up to version 1.6, those
// of the Record among them, and Python's json at most a thousand. A deeper body is written as text, so that every
// reader can parse the line.
const maxBodyDepth = 250

// compactor is the bodyForm of a JSON text on one line: an incremental parser that drops the white space between
// tokens, keeps numbers digit for digit, and escapes in strings what appendString escapes beyond RFC 8259 section 7. It
// accepts what encoding/json accepts, if it is UTF-8 and nests no deeper than maxBodyDepth. Its memory is a bit for
// each level.
// BenchmarkEncode/json-1k: 2.1 us, where json.Compact and a pass each for depth, UTF-8 and escapes took 4.0 us.
type compactor struct {
	state         state
	afterString   state    // the state after the current string
	literalRest   string   // letters that the current literal still needs
	hexDigitsLeft int      // digits that the current \u escape still needs
	depth         int      // number of open objects and arrays
	innerKinds    uint64   // a bit for each of the innermost 1 to 64, the last one lowest: 1 is an object
	outerKinds    []uint64 // the same for those around them, 64 each
}

// state is what a compactor expects next, or is within.
type state uint8

const (
	wantValue state = iota
	wantFirst       // a value, or the end of the array
	wantName
	wantNames // a name, or the end of the object
	wantColon
	wantMore // a comma or an end
	inString
	inEscape
	inUnicode
	inLiteral
	inMinus // the states within a number
	inZero
	inWhole
	inPoint
	inFraction
	inE
	inSign
	inExponent
)

// append appends the compact form of p, and reports whether the text is still valid. It does not change p.
func (c *compactor) append(dst, p []byte) ([]byte, bool) {
	from, good := 0, true // p[from:i] is still to be appended, as it is
	for i := 0; i < len(p) && good; {
		switch at := c.state; {
		case at == inString:
			dst, from, i, good = c.readString(dst, p, from, i)
		case at >= inMinus:
			i, good = c.readNumber(p, i)
		case at > inString:
			good = c.readLiteralOrEscape(p[i])
			i++
		case p[i] <= ' ':
			dst = append(dst, p[from:i]...)
			for ; i < len(p) && p[i] <= ' '; i++ {
				good = good && isSpace(p[i])
			}
			from = i
		default:
			good = c.readToken(p[i])
			i++
		}
	}
	return append(dst, p[from:]...), good
}

// end reports whether the text may end here. It appends nothing.
func (c *compactor) end(dst []byte) ([]byte, bool) {
	switch c.state {
	case wantMore, inZero, inWhole, inFraction, inExponent:
		return dst, c.depth == 0
	}
	return dst, false
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// readToken reads the first byte of a token.
func (c *compactor) readToken(b byte) bool {
	switch b {
	case '"':
		return c.openString()
	case ',':
		if c.state != wantMore || c.depth == 0 {
			return false
		}
		c.state = wantValue
		if c.inObject() {
			c.state = wantName
		}
		return true
	case ':':
		good := c.state == wantColon
		c.state = wantValue
		return good
	case ']':
		return !c.inObject() && (c.state == wantFirst || c.state == wantMore) && c.pop()
	case '}':
		return c.inObject() && (c.state == wantNames || c.state == wantMore) && c.pop()
	}
	if c.state > wantFirst {
		return false
	}
	return c.readValue(b)
}

// openString reads the quotation mark at the start of a string.
func (c *compactor) openString() bool {
	switch c.state {
	case wantName, wantNames:
		c.afterString = wantColon
	case wantValue, wantFirst:
		c.afterString = wantMore
	default:
		return false
	}
	c.state = inString
	return true
}

// readValue reads the first byte of a value other than a string.
func (c *compactor) readValue(b byte) bool {
	switch b {
	case '{':
		return c.push(1, wantNames)
	case '[':
		return c.push(0, wantFirst)
	case 't':
		c.state, c.literalRest = inLiteral, "rue"
	case 'f':
		c.state, c.literalRest = inLiteral, "alse"
	case 'n':
		c.state, c.literalRest = inLiteral, "ull"
	case '-':
		c.state = inMinus
	case '0':
		c.state = inZero
	default:
		c.state = inWhole
		return '1' <= b && b <= '9'
	}
	return true
}

func (c *compactor) inObject() bool { return c.innerKinds&1 != 0 }

// push opens an object (bit 1) or an array (bit 0), and reports whether it is not too deep.
func (c *compactor) push(bit uint64, at state) bool {
	if c.depth > 0 && c.depth%64 == 0 {
		c.outerKinds = append(c.outerKinds, c.innerKinds)
	}
	c.innerKinds = c.innerKinds<<1 | bit
	c.depth++
	c.state = at
	return c.depth <= maxBodyDepth
}

// pop closes the innermost object or array.
func (c *compactor) pop() bool {
	if c.depth == 0 {
		return false
	}
	c.innerKinds >>= 1
	c.depth--
	c.state = wantMore
	if last := len(c.outerKinds) - 1; c.depth%64 == 0 && last >= 0 {
		c.innerKinds, c.outerKinds = c.outerKinds[last], c.outerKinds[:last]
	}
	return true
}

// isEscape reports whether the byte may follow a backslash.
func isEscape(b byte) bool {
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't', 'u':
		return true
	}
	return false
}

// readLiteralOrEscape reads one byte within a literal or an escape.
func (c *compactor) readLiteralOrEscape(b byte) bool {
	switch c.state {
	case inLiteral:
		good := b == c.literalRest[0]
		if c.literalRest = c.literalRest[1:]; c.literalRest == "" {
			c.state = wantMore
		}
		return good
	case inEscape:
		c.state = inString
		if b == 'u' {
			c.state, c.hexDigitsLeft = inUnicode, 4
		}
		return isEscape(b)
	}
	if c.hexDigitsLeft--; c.hexDigitsLeft == 0 {
		c.state = inString
	}
	return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'f'
}

// readNumber reads the bytes of a number from p[i] on, and returns the offset of the first that is not part of it.
func (c *compactor) readNumber(p []byte, i int) (int, bool) {
	for i < len(p) {
		b := p[i]
		digit := '0' <= b && b <= '9'
		switch at := c.state; {
		case digit && at == inMinus && b == '0':
			c.state = inZero
		case digit && at != inZero:
			for i++; i < len(p) && '0' <= p[i] && p[i] <= '9'; i++ {
			}
			c.state = afterDigits[at]
			continue
		case b == '.' && (at == inZero || at == inWhole):
			c.state = inPoint
		case b|0x20 == 'e' && (at == inZero || at == inWhole || at == inFraction):
			c.state = inE
		case (b == '+' || b == '-') && at == inE:
			c.state = inSign
		case at == inMinus || at == inPoint || at == inE || at == inSign:
			return i, false // a digit is missing
		default:
			c.state = wantMore
			return i, true
		}
		i++
	}
	return i, true
}

// afterDigits is the state after digits, by the state before them.
var afterDigits = [...]state{inMinus: inWhole, inWhole: inWhole, inPoint: inFraction, inFraction: inFraction,
	inE: inExponent, inSign: inExponent, inExponent: inExponent}

// readString reads the bytes of a string from p[i] on, up to its end or that of p.
func (c *compactor) readString(dst, p []byte, from, i int) ([]byte, int, int, bool) {
	for {
		if i = skipPlain(p, i); i == len(p) {
			return dst, from, i, true
		}
		b := p[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(p[i:])
			if r == utf8.RuneError && size == 1 {
				return dst, from, i, false
			}
			if mustEscape(r, size) {
				dst = appendUnicode(append(dst, p[from:i]...), r)
				from = i + size
			}
			i += size
			continue
		}
		i++
		switch b {
		case '"':
			c.state = c.afterString
			return dst, from, i, true
		case '\\':
			if i < len(p) && p[i] != 'u' && isEscape(p[i]) {
				i++
				continue
			}
			c.state = inEscape
			return dst, from, i, true
		case 0x7f:
			dst = appendUnicode(append(dst, p[from:i-1]...), 0x7f)
			from = i
		default:
			return dst, from, i, false
		}
	}
}
