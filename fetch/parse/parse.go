// Package parse turns the texts of flags and of a --hosts file into numbers: sizes, rates, bandwidths and durations.
package parse

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// An Error is a text that can't be used. Hint is an example of one that can, for the user; "" is none.
type Error struct{ Problem, Hint string }

func (e *Error) Error() string { return e.Problem }

// Hint returns the hint of an *Error in err's chain, or "".
func Hint(err error) string {
	var hinted *Error
	if errors.As(err, &hinted) {
		return hinted.Hint
	}
	return ""
}

// Bool reads what strconv.ParseBool does.
func Bool(text string) (bool, error) {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return on, nil
}

// Int reads a whole number in decimal.
func Int(text string) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange) && strings.HasPrefix(text, "-"):
		return 0, errors.New("too small a number")
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New("too large a number")
	case err != nil:
		return 0, errors.New("not a whole number")
	}
	return n, nil
}

// Duration reads what time.ParseDuration does. The error for a number without a unit has a hint that adds one.
func Duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	if _, number := strconv.ParseFloat(text, 64); number == nil {
		return 0, &Error{"a duration without a unit", "write " + text + "s for seconds"}
	}
	return 0, &Error{"not a duration", "write 500ms, 30s, 5m or 1h30m"}
}

// sizeUnits are the bytes of each suffix of a size, in lower case.
var sizeUnits = map[string]float64{
	"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}

// errTooLarge is the error of a size that no int64 holds.
var errTooLarge = &Error{"too large a size", "the largest is 9223372T"}

// Size reads a number of bytes with a suffix k, M, G, T (powers of 1000) or Ki, Mi, Gi, Ti (of 1024), in lower or upper
// case; a B may follow, as in 10MB and 1MiB.
func Size(text string) (int64, error) {
	digits := strings.TrimRight(text, "BKMGTIbkmgti")
	unit, known := sizeUnits[strings.TrimSuffix(strings.ToLower(text[len(digits):]), "b")]
	n, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange) || !known || !(n >= 0): // as NaN is not
		return 0, &Error{"not a size", "write 500k, 16Mi or 10Gi"}
	case n*unit >= math.MaxInt64:
		return 0, errTooLarge
	}
	return int64(n * unit), nil
}

// Bandwidth reads a Size above 0 as bytes per second; the text may end in /s.
func Bandwidth(text string) (float64, error) {
	size, err := Size(strings.TrimSuffix(text, "/s"))
	switch {
	case errors.Is(err, errTooLarge):
		return 0, err
	case err != nil:
		return 0, &Error{"not a size per second", "write 500k, 10M or 1Gi"}
	case size == 0:
		return 0, &Error{"must be above 0", "leave it out for no limit"}
	}
	return float64(size), nil
}

var rateUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}

// Rate reads N/s, N/m, N/h or N/DURATION (1/15s) as events per second, above 0.
func Rate(text string) (float64, error) {
	wrong := &Error{"not a rate", "write 10/s, 60/m, 1000/h or 1/15s"}
	count, per, found := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(count, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, wrong
	}
	if !found {
		if n > 0 {
			wrong.Hint = "write " + text + "/s for that many a second"
		}
		return 0, wrong
	}
	span, known := rateUnits[per]
	if !known {
		if span, err = time.ParseDuration(per); err != nil || span <= 0 {
			return 0, wrong
		}
	}
	rate := n / span.Seconds()
	if rate <= 0 {
		return 0, &Error{"must be above 0", "leave it out for no limit"}
	}
	return rate, nil
}
