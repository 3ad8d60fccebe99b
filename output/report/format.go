package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// formatCount returns a number with a comma between groups of three digits.
func formatCount(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// formatPlural returns a count and its noun, of which the plural has an s.
func formatPlural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, isY := strings.CutSuffix(noun, "y"); isY {
		return formatCount(n) + " " + stem + "ies"
	}
	return formatCount(n) + " " + noun + "s"
}

// formatNumber returns a number with three significant digits, as a count where it is large.
func formatNumber(x float64) string {
	switch a := math.Abs(x); {
	case a >= 100:
		return formatCount(int64(math.Round(x)))
	case a >= 10:
		return trimZeros(strconv.FormatFloat(x, 'f', 1, 64))
	case a >= 0.995 || a == 0:
		return trimZeros(strconv.FormatFloat(x, 'f', 2, 64))
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

func trimZeros(text string) string {
	if strings.Contains(text, ".") {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// formatRate returns a rate per second, or in the unit of time in which it is 1 or more.
func formatRate(rate float64) string {
	switch {
	case rate <= 0:
		return "0/s"
	case rate >= 1:
		return formatNumber(rate) + "/s"
	case rate*60 >= 1:
		return formatNumber(rate*60) + "/min"
	case rate*3600 >= 1:
		return formatNumber(rate*3600) + "/h"
	}
	return formatNumber(rate*86400) + "/d"
}

// formatBytes returns a number of bytes in units of 1000.
func formatBytes(n float64) string {
	units := [...]string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	unit := 0
	for ; n >= 999.5 && unit < len(units)-1; unit++ {
		n /= 1000
	}
	return formatNumber(n) + " " + units[unit]
}

// formatDuration returns a time with two or three significant digits.
func formatDuration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0"
	case d < time.Millisecond:
		return formatNumber(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return formatNumber(float64(d)/float64(time.Millisecond)) + " ms"
	case d < time.Minute:
		return formatNumber(d.Seconds()) + " s"
	case d < time.Hour:
		d = d.Round(time.Second)
		return joinUnits(d/time.Minute, "min", d%time.Minute/time.Second, "s")
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		return joinUnits(d/time.Hour, "h", d%time.Hour/time.Minute, "min")
	}
	d = d.Round(time.Hour)
	return joinUnits(d/(24*time.Hour), "d", d%(24*time.Hour)/time.Hour, "h")
}

// formatPower returns a power of ten of milliseconds in one unit.
func formatPower(ms float64) string {
	switch {
	case ms < 0.5:
		return formatNumber(ms*1000) + " µs"
	case ms < 500:
		return formatNumber(ms) + " ms"
	}
	return formatNumber(ms/1000) + " s"
}

func joinUnits(large time.Duration, of string, small time.Duration, in string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, of)
	}
	return fmt.Sprintf("%d %s %d %s", large, of, small, in)
}

// formatShare returns the share of n in all, in percent.
func formatShare(n, all int64) string {
	if all <= 0 {
		return "0 %"
	}
	percent := 100 * float64(n) / float64(all)
	switch {
	case n == all:
		return "100 %"
	case n > 0 && percent < 0.1:
		return "< 0.1 %"
	case percent > 99.9:
		return "> 99.9 %"
	}
	return trimZeros(strconv.FormatFloat(percent, 'f', 1, 64)) + " %"
}

// formatTime returns a time in microseconds since 1970 as a date and time of day in UTC, with digits of a second where
// the width of what it names is short.
func formatTime(at, width int64) string {
	layout := "2006-01-02 15:04:05"
	switch {
	case width < 10_000:
		layout += ".000"
	case width < 1_000_000:
		layout += ".00"
	}
	return time.UnixMicro(at).UTC().Format(layout)
}

// niceCeiling returns the least of 1, 2, 2.5, 5 and 10 times a power of ten that is x or more; 1 for 0.
func niceCeiling(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, step := range [...]float64{1, 2, 2.5, 5} {
		if step*power >= x*(1-1e-9) {
			return step * power
		}
	}
	return 10 * power
}

// millis returns a number of milliseconds as a time; a negative or impossible one is 0.
func millis(ms float64) time.Duration {
	if !(ms > 0) || ms > float64(longest/time.Millisecond) {
		return 0
	}
	return time.Duration(math.Round(ms*1000)) * time.Microsecond
}

// longest is the longest time that a request is believed to have taken.
const longest = 10 * 365 * 24 * time.Hour
