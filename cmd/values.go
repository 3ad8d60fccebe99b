package cmd

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"batchfetch/fetch"
)

// problems collects what is wrong with a command line, so that all of it is told at once.
type problems struct {
	list  []error
	texts map[string]bool // flags already complained about
}

func (p *problems) add(flag, problem, hint string) {
	if p.texts == nil {
		p.texts = make(map[string]bool)
	}
	p.texts[flag] = true
	p.list = append(p.list, &fetch.Mistake{Flag: flag, Problem: problem, Hint: hint})
}

// A value is a flag of type T. An unusable text is noted, not returned, so that parsing goes on.
type value[T any] struct {
	target *T
	name   string
	kind   string
	text   string // as shown for the default
	parse  func(string) (T, error)
	notes  *problems
}

func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		var hinted *hintedError
		hint := ""
		if errors.As(err, &hinted) {
			hint = hinted.hint
		}
		v.notes.add(v.name, fmt.Sprintf("%q: %s", text, err), hint)
		return nil
	}
	*v.target, v.text = parsed, text
	return nil
}

func (v *value[T]) String() string { return v.text }
func (v *value[T]) Type() string   { return v.kind }

// A list is a flag that may be given more than once. In the environment its values stand one to a line.
type list struct{ target *[]string }

func (l list) Set(text string) error {
	*l.target = append(*l.target, text)
	return nil
}
func (l list) String() string { return "" }
func (l list) Type() string   { return "list" }

var _ pflag.Value = list{}

type hintedError struct{ problem, hint string }

func (e *hintedError) Error() string { return e.problem }

func parseToggle(text string) (bool, error) {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return on, nil
}

func parseWhole(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, errors.New("not a whole number")
	}
	return n, nil
}

// parseDuration reads Go's durations; a bare number gets the hint that a unit is missing.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	if _, number := strconv.ParseFloat(text, 64); number == nil {
		return 0, &hintedError{"a duration without a unit", "write " + text + "s for seconds"}
	}
	return 0, &hintedError{"not a duration", "write 500ms, 30s, 5m or 1h30m"}
}

var sizeUnits = map[string]float64{
	"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
}

// parseSize reads bytes with k, M, G (1000) or Ki, Mi, Gi (1024), with or without a B behind.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "BKMGTkib")
	unit, known := sizeUnits[strings.TrimSuffix(text[len(digits):], "B")]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || !(n >= 0 && n*unit < math.MaxInt64) { // NaN is neither
		return 0, &hintedError{"not a size", "write 500k, 16Mi or 10Gi"}
	}
	return int64(n * unit), nil
}

// parseBandwidth reads a size for each second, with or without /s behind.
func parseBandwidth(text string) (float64, error) {
	size, err := parseSize(strings.TrimSuffix(text, "/s"))
	switch {
	case err != nil:
		return 0, &hintedError{"not a size per second", "write 500k, 10M or 1Gi"}
	case size == 0:
		return 0, &hintedError{"must be above 0", "leave it out for no limit"}
	}
	return float64(size), nil
}

var rateUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}

// parseRate reads N/s, N/m, N/h or N/15s as starts per second.
func parseRate(text string) (float64, error) {
	wrong := &hintedError{"not a rate", "write 10/s, 60/m, 1000/h or 1/15s"}
	count, per, found := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(count, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, wrong
	}
	if !found {
		wrong.hint = "write " + text + "/s for that many a second"
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
		return 0, &hintedError{"must be above 0", "leave it out for no limit"}
	}
	return rate, nil
}

// A failureLimit is --max-failures: a number, or a share in percent.
type failureLimit struct {
	count   int64
	percent float64
}

func parseFailureLimit(text string) (failureLimit, error) {
	if share, found := strings.CutSuffix(text, "%"); found {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil || !(percent > 0 && percent <= 100) {
			return failureLimit{}, &hintedError{"not a share", "write more than 0% and at most 100%"}
		}
		return failureLimit{count: -1, percent: percent}, nil
	}
	count, err := strconv.ParseInt(text, 10, 64)
	if err != nil || count < 0 {
		return failureLimit{}, &hintedError{"neither a number nor a share", "write 20 or 5%"}
	}
	return failureLimit{count: count}, nil
}

// oneOf returns a parser of the given words.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		names := make([]string, len(words))
		for i, word := range words {
			if string(word) == text {
				return word, nil
			}
			names[i] = string(word)
		}
		return "", fmt.Errorf("must be one of %s", strings.Join(names, ", "))
	}
}
