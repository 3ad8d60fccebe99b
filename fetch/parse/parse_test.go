package parse

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestSizes: the suffixes that curl, Kubernetes and people write are one; what is no size is refused.
func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "17B": 17, "500k": 500e3, "500kB": 500e3, "500KB": 500e3, "10MB": 10e6, "10m": 10e6, "10mb": 10e6,
		"1MiB": 1 << 20, "1Mi": 1 << 20, "1mib": 1 << 20, "1.5Gi": 3 << 29, "2TB": 2e12, "2tib": 2 << 40,
	} {
		if got, err := Size(text); err != nil || got != want {
			t.Errorf("%s is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "k", "1kk", "1Bk", "1i", "1iB", "1BB", "-1k", "1 MB", "1e30", "NaN", "inf"} {
		if got, err := Size(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

// TestTooLarge: what is a number or a size, and too large for one, is not said to be none.
func TestTooLarge(t *testing.T) {
	for _, text := range []string{"99999999999999999999", "9223372036854775808"} {
		if _, err := Int(text); err == nil || err.Error() != "too large a number" {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Int("-99999999999999999999"); err == nil || err.Error() != "too small a number" {
		t.Error(err)
	}
	for _, text := range []string{"99999999T", "9223372036854775808", "inf", "1e400"} {
		if _, err := Size(text); err == nil || err.Error() != "too large a size" {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Bandwidth(text); err == nil || err.Error() != "too large a size" {
			t.Errorf("%s a second: %v", text, err)
		}
	}
	if n, err := Size("9223372T"); err != nil || n != 9223372e12 {
		t.Errorf("the largest: %d, %v", n, err)
	}
}

// TestRateWithoutTime: the hint for a number alone is the rate that it may be; 0 a second is none.
func TestRateWithoutTime(t *testing.T) {
	for text, want := range map[string]string{"5": "write 5/s ", "0": "write 10/s,", "-1": "write 10/s,"} {
		var wrong *Error
		if _, err := Rate(text); !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Hint, want) {
			t.Errorf("%q: %+v", text, wrong)
		}
	}
}

// TestParseBandwidth: every form of a bandwidth, and texts that are refused.
func TestParseBandwidth(t *testing.T) {
	for text, want := range map[string]float64{
		"1": 1, "500k": 500e3, "10M": 10e6, "10M/s": 10e6, "10MB/s": 10e6, "1Gi": 1 << 30, "1.5Mi/s": 1.5 * (1 << 20),
	} {
		if got, err := Bandwidth(text); err != nil || got != want {
			t.Errorf("%s is %g, %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "/s", "0", "0k/s", "-1", "10M/m", "10M/s/s", "10 M", "NaN", "1e400", "M", "s"} {
		if got, err := Bandwidth(text); err == nil {
			t.Errorf("%q is %g", text, got)
		}
	}
}

// TestRatesInEveryUnit: twenty a second is the same rate in every unit.
func TestRatesInEveryUnit(t *testing.T) {
	for _, text := range []string{
		"20/s", "1200/m", "72000/h", "1/50ms", "300/15s", "2/0.1s", "20.0/1s", "28800000/400h",
	} {
		if got, err := Rate(text); err != nil || fmt.Sprintf("%.9f", got) != "20.000000000" {
			t.Errorf("%s is %g a second, %v", text, got, err)
		}
	}
}
