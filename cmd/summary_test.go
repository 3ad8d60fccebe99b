package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/parse"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// countsOf returns the Counts of failures, each given as often as its number says.
func countsOf(t *testing.T, failures map[*fetch.Record]int) *output.Counts {
	t.Helper()
	counts := output.NewCounts(output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone}))
	for r, n := range failures {
		for range n {
			each := *r
			counts.Encode(&each)
			if err := counts.Put(&each); err != nil {
				t.Fatal(err)
			}
		}
	}
	return counts
}

// failed returns a failure of a URL.
func failed(url string, status int, why *failure.Failure) *fetch.Record {
	return &fetch.Record{Request: fetch.Request{URL: url}, Status: status, Failure: why}
}

// TestFailureTable: a line for each reason, in columns; a narrow terminal has the example, or else the host; no line is
// wider than the terminal.
func TestFailureTable(t *testing.T) {
	refused := failure.New(failure.Connect, "connecting to 127.0.0.1:1: %w", syscall.ECONNREFUSED)
	counts := countsOf(t, map[*fetch.Record]int{
		failed("https://example.com/status/404", 404, failure.New(failure.BadStatus, "404 Not Found")):    30,
		failed("https://example.com/status/401", 401, failure.New(failure.BadStatus, "401 Unauthorized")): 5,
		failed("http://127.0.0.1:1/", 0, refused):                                                         4,
		failed("https://b.example/x", 0, failure.New(failure.TLS, "tls: certificate has expired")):        3,
		failed("https://a.example/\x1b[2J", 0, failure.New(failure.Stalled, "no data\nfor 1s")):           1,
	})
	for _, c := range []struct {
		columns int
		shown   bool
		want    []string
	}{
		{0, false, []string{
			"  30  404 Not Found       example.com  e.g. /status/404",
			"   5  401 Unauthorized    example.com  e.g. /status/401",
			"   4  connection refused  127.0.0.1:1  nothing answers there: is the port right, the server up?",
			"   3  TLS failed          b.example    e.g. certificate has expired",
			"   1  no data any more                 e.g. https://a.example/\uFFFD[2J: no data for 1s",
		}},
		{60, true, []string{
			"  30  404 Not Found       example.com",
			"   5  401 Unauthorized    example.com",
			"   4  connection refused  127.0.0.1:1",
			"   3  TLS failed          b.example",
			"   1  no data any more",
		}},
		{40, false, []string{
			"  30  404 Not Found       /status/404",
			"   5  401 Unauthorized    /status/401",
			"   4  connection refused  127.0.0.1:1",
			"   3  TLS failed          certificate h…",
			"   1  no data any more    https://a.exa…",
		}},
	} {
		got := failureTable(counts.Groups(), c.shown, c.columns)
		if !slices.Equal(got, c.want) {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.columns, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		for _, line := range got {
			if c.columns > 0 && utf8.RuneCountInString(line) > c.columns {
				t.Errorf("wider than %d: %q", c.columns, line)
			}
		}
	}
}

// TestHintsBelowTheTable: a hint that has no room in its row stands below the table, whole and once.
func TestHintsBelowTheTable(t *testing.T) {
	refused := failure.New(failure.Connect, "connecting to 127.0.0.1:1: %w", syscall.ECONNREFUSED)
	silent := failure.New(failure.Connect, "connecting to 127.0.0.1:1: %w", syscall.EHOSTUNREACH)
	groups := countsOf(t, map[*fetch.Record]int{
		failed("http://127.0.0.1:1/", 0, refused): 2,
		failed("http://127.0.0.1:1/", 0, silent):  1,
	}).Groups()
	hint := kindHints[failure.Connect]
	for columns, want := range map[int][]string{0: nil, 100: nil, 80: {hint}, 40: {hint}} {
		table := failureTable(groups, false, columns)
		got := groupHints(groups, table)
		if isBelow := want != nil; !slices.Equal(got, want) || strings.Contains(table[0], "nothing") == isBelow {
			t.Errorf("%d columns: %q below %q", columns, got, table)
		}
	}
}

// TestFailureTableIsBounded: however many reasons there are, the table has six lines, of which the last counts the
// others.
func TestFailureTableIsBounded(t *testing.T) {
	failures := make(map[*fetch.Record]int)
	for i := range 50 {
		failures[failed("https://example.com/", 400+i, failure.New(failure.BadStatus, "status"))] = 100 - i
	}
	got := failureTable(countsOf(t, failures).Groups(), false, 0)
	if len(got) != maxFailureRows || !strings.HasPrefix(got[0], "   100  400 Bad Request ") ||
		got[maxFailureRows-1] != "  3285  for 45 other reasons" {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestSummaryIsBounded: of more than ten lines those of the highest rank are left out, the later ones first.
func TestSummaryIsBounded(t *testing.T) {
	var lines []summaryLine
	for i := range 14 {
		lines = append(lines, summaryLine{fmt.Sprint(i), i % 5})
	}
	if got := strings.ReplaceAll(joinLines(lines), "\n", " "); got != "0 1 2 3 5 6 7 10 11 12 " {
		t.Errorf("got %s", got)
	}
}

// TestPerSecond: the bandwidth in the summary is a text that --bandwidth reads as the same value.
func TestPerSecond(t *testing.T) {
	for bytes, want := range map[float64]string{1: "1", 999: "999", 1000: "1k", 1.5e6: "1.5M", 10e6: "10M", 2e9: "2G"} {
		got := formatBandwidth(bytes)
		if got != want {
			t.Errorf("%g is %s, want %s", bytes, got, want)
		}
		if back, err := parse.Bandwidth(got); err != nil || back != bytes {
			t.Errorf("%s is read as %g, %v", got, back, err)
		}
	}
}
