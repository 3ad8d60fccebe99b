package encode

import (
	"bytes"
	"strconv"
	"strings"
)

// portableJSON is a compactor that accepts only what common readers take: jq, DuckDB, PostgreSQL, pandas and Polars
// refuse a whole file for one value of it with half of a surrogate pair, a \u0000, an integer beyond 64 bits or a
// number beyond a double (RFC 8259 sections 6 and 8.2 leave all of them to the reader), Miller 6 for an empty name.
type portableJSON struct {
	compactor
	check portabilityCheck
}

// append is compactor.append for a portable text.
func (j *portableJSON) append(dst, p []byte) ([]byte, bool) {
	if !j.check.read(p) {
		return dst, false
	}
	return j.compactor.append(dst, p)
}

// end is compactor.end for a portable text.
func (j *portableJSON) end(dst []byte) ([]byte, bool) {
	if !j.check.end() {
		return dst, false
	}
	return j.compactor.end(dst)
}

// A portabilityCheck reads valid JSON in pieces, and finds what is not portable. Of other text it says anything.
type portabilityCheck struct {
	inString bool
	isEmpty  bool // the string has nothing in it so far; without inString, it was the last token
	escape   escapeState
	hex      [4]byte // of the present \u escape
	hexes    int     // how many of them have been read
	isHigh   bool    // the escape before was the first half of a surrogate pair
	number   []byte  // the present number, as far as it has been read
}

type escapeState uint8

const (
	noEscape escapeState = iota
	afterBackslash
	inHex
)

// maxNumber is how many bytes of a number are looked at. Digits of a fraction beyond that change nothing, nor does an
// exponent of at most maxExponent bytes behind them: it makes no double too large whose first digits are all 0.
const (
	maxNumber   = 1 << 10
	maxExponent = len("e999")
)

// read reads a piece, and reports whether all so far is portable.
func (c *portabilityCheck) read(p []byte) bool {
	for i := 0; i < len(p); i++ {
		switch {
		case c.inString && c.escape == noEscape:
			skipped := c.skipPlain(p[i:])
			i += skipped
			c.isEmpty = c.isEmpty && skipped == 0 && (i == len(p) || p[i] == '"')
			if i < len(p) && !c.readInString(p[i]) {
				return false
			}
		case c.inString:
			if !c.readEscape(p[i]) {
				return false
			}
		case isNumberByte(p[i], len(c.number) > 0):
			if !c.readNumber(p[i]) {
				return false
			}
		default:
			if !c.endNumber() || c.isEmpty && p[i] == ':' {
				return false
			}
			c.inString = p[i] == '"'
			c.isEmpty = c.inString || c.isEmpty && isSpace(p[i])
		}
	}
	return true
}

// skipPlain returns how many bytes of a string stand before the next quotation mark or backslash. Any of them ends a
// surrogate pair.
func (c *portabilityCheck) skipPlain(p []byte) int {
	if c.isHigh {
		return 0
	}
	if n := bytes.IndexAny(p, `"\`); n >= 0 {
		return n
	}
	return len(p)
}

// readInString takes a byte of a string outside of an escape.
func (c *portabilityCheck) readInString(b byte) bool {
	switch {
	case b == '\\':
		c.escape = afterBackslash
		return true
	case c.isHigh:
		return false
	case b == '"':
		c.inString = false
	}
	return true
}

// readEscape takes a byte of an escape.
func (c *portabilityCheck) readEscape(b byte) bool {
	if c.escape == afterBackslash {
		c.escape = noEscape
		if b == 'u' {
			c.escape, c.hexes = inHex, 0
			return true
		}
		return !c.isHigh
	}
	c.hex[c.hexes] = b
	if c.hexes++; c.hexes < len(c.hex) {
		return true
	}
	c.escape = noEscape
	unit, err := strconv.ParseUint(string(c.hex[:]), 16, 16)
	isHigh, isLow := unit>>10 == 0xD800>>10, unit>>10 == 0xDC00>>10
	if err != nil || unit == 0 || isLow != c.isHigh {
		return false
	}
	c.isHigh = isHigh
	return true
}

// readNumber takes a byte of a number.
func (c *portabilityCheck) readNumber(b byte) bool {
	if len(c.number) >= maxNumber {
		inExponent := bytes.ContainsAny(c.number, "eE")
		switch {
		case inExponent && len(c.number) == maxNumber+maxExponent, !inExponent && !bytes.ContainsRune(c.number, '.'):
			return false
		case !inExponent && b >= '0' && b <= '9':
			return true
		}
	}
	c.number = append(c.number, b)
	return true
}

// end reports whether the text is portable, of which all has been read.
func (c *portabilityCheck) end() bool { return c.endNumber() }

// endNumber ends the present number, if there is one, and reports whether it is portable.
func (c *portabilityCheck) endNumber() bool {
	if len(c.number) == 0 {
		return true
	}
	text := string(c.number)
	c.number = c.number[:0]
	if strings.ContainsAny(text, ".eE") {
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	}
	if text[0] == '-' {
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	}
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}

// isNumberByte reports whether b may begin a number, or go on with one.
func isNumberByte(b byte, within bool) bool {
	return b >= '0' && b <= '9' || b == '-' || within && (b == '.' || b == '+' || b|0x20 == 'e')
}
