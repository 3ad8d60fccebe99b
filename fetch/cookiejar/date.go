package cookiejar

import (
	"strings"
	"time"
)

// parseDate parses the date of an Expires attribute: its parts in any order, with any delimiters between them
// (RFC 6265 section 5.1.1). It returns false for what is no date.
func parseDate(text string) (time.Time, bool) {
	var d dateParts
	for word := range strings.FieldsFuncSeq(text, isDateDelimiter) {
		d.addToken(word)
	}
	switch {
	case !d.timeFound || d.day == 0 || d.month == 0 || !d.yearFound:
		return time.Time{}, false
	case d.year <= 69:
		d.year += 2000
	case d.year <= 99:
		d.year += 1900
	}
	at := time.Date(d.year, time.Month(d.month), d.day, d.time[0], d.time[1], d.time[2], 0, time.UTC)
	sane := d.year >= 1601 && at.Day() == d.day && d.time[0] < 24 && d.time[1] < 60 && d.time[2] < 60
	return at, sane
}

// isDateDelimiter reports whether c is a delimiter of RFC 6265 section 5.1.1, which separates the tokens of a date.
func isDateDelimiter(c rune) bool {
	return c == '\t' || c >= ' ' && c <= '/' || c >= ';' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}

// dateParts are the parts of a date that have been found so far.
type dateParts struct {
	timeFound  bool
	time       [3]int
	day, month int // 0: not yet found
	year       int
	yearFound  bool
}

// addToken takes a date-token for the first part, in the order time, day, month, year, that it can be and that is still
// missing; otherwise it ignores the token.
func (d *dateParts) addToken(word string) {
	if clock, ok := parseTime(word); ok && !d.timeFound {
		d.timeFound, d.time = true, clock
		return
	}
	if n, ok := leadingNumber(word, 1, 2); ok && d.day == 0 {
		d.day = n
		return
	}
	if month := parseMonth(word); month > 0 && d.month == 0 {
		d.month = month
		return
	}
	if n, ok := leadingNumber(word, 2, 4); ok && !d.yearFound {
		d.year, d.yearFound = n, true
	}
}

// parseTime parses hh:mm:ss, of one or two digits each.
func parseTime(word string) (clock [3]int, ok bool) {
	parts := strings.SplitN(word, ":", 3)
	if len(parts) != 3 {
		return clock, false
	}
	for i, part := range parts {
		n, ok := leadingNumber(part, 1, 2)
		if !ok || i < 2 && len(part) > 2 {
			return clock, false
		}
		clock[i] = n
	}
	return clock, true
}

// leadingNumber parses the digits at the start of a token. It returns false unless there are least to most of them.
func leadingNumber(word string, least, most int) (n int, ok bool) {
	count := 0
	for count < len(word) && word[count] >= '0' && word[count] <= '9' {
		if count < most {
			n = n*10 + int(word[count]-'0')
		}
		count++
	}
	return n, count >= least && count <= most
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// parseMonth returns 1 to 12 for a token that starts with the first three letters of a month's name, otherwise 0.
func parseMonth(word string) int {
	if len(word) < 3 {
		return 0
	}
	at := strings.Index(monthNames, strings.ToLower(word[:3]))
	if at < 0 || at%3 != 0 {
		return 0
	}
	return at/3 + 1
}
