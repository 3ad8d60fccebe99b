package encode

import (
	"strconv"
	"time"
)

// appendMillis appends d as a number of milliseconds, exact to the microsecond; a negative d is 0.
func appendMillis(dst []byte, d time.Duration) []byte {
	micros := max(d.Microseconds(), 0)
	dst = strconv.AppendInt(dst, micros/1000, 10)
	rest := micros % 1000
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+rest/100))
	if rest %= 100; rest == 0 {
		return dst
	}
	dst = append(dst, byte('0'+rest/10))
	if rest %= 10; rest == 0 {
		return dst
	}
	return append(dst, byte('0'+rest))
}

// appendTime appends t in UTC as a string, exact to the millisecond (RFC 3339). It is what AppendFormat does by that
// layout, in a fifth of the time.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, `"2006-01-02T15:04:05.000Z"`)
	}
	hour, minute, second := t.Clock()
	dst = appendPair(appendPair(append(dst, '"'), year/100), year%100)
	dst = appendPair(append(dst, '-'), int(month))
	dst = appendPair(append(dst, '-'), day)
	dst = appendPair(append(dst, 'T'), hour)
	dst = appendPair(append(dst, ':'), minute)
	dst = appendPair(append(dst, ':'), second)
	millis := t.Nanosecond() / int(time.Millisecond)
	dst = appendPair(append(dst, '.'), millis/10)
	return append(dst, byte('0'+millis%10), 'Z', '"')
}

// appendPair appends a number below 100 as two digits.
func appendPair(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
