package merge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/spool"
	"batchfetch/fetch/spool/spooltest"
)

// part returns a Part with that text.
func part(text string) Part {
	return Part{Name: "part", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// TestMerge: which lines are written, in which order, and what is found.
func TestMerge(t *testing.T) {
	const (
		zero    = `{"type":"success","index":0,"url":"u"}` + "\n"
		one     = `{"type":"success","index":1,"id":{"page":9},"url":"u","body":"\u2028"}` + "\n"
		spaced  = `  {"url": "u", "index": 1, "type": "success"}` + "\n"
		failed1 = `{"type":"failure","index":1,"error":{"kind":"timeout"}}` + "\n"
		three   = `{"type":"success","index":3,"url":"u"}` + "\n"
		page1   = `{"type":"success","index":1,"page":1,"url":"u"}` + "\n"
		page3   = `{"type":"success","index":1,"page":3,"url":"u"}` + "\n"
		entry5  = `{"type":"success","index":9,"entry":"5-0","url":"u"}` + "\n"
		entry5b = `{"type":"success","index":2,"entry":"5-0","url":"u"}` + "\n"
		entry7  = `{"type":"failure","index":0,"entry":"5-10","error":{"kind":"timeout"}}` + "\n"
		entry7b = `{"type":"success","index":4,"url":"u","entry":"5-10"}` + "\n"
		entryP2 = `{"type":"success","index":4,"entry":"6-0","page":2,"url":"u"}` + "\n"
		summary = `{"type":"summary","complete":true}` + "\n"
		message = `{"type":"log","level":"WARN","message":"index"}` + "\n"
	)
	for _, tt := range []struct {
		name     string
		parts    []string
		expected int64
		want     string
		found    string
	}{
		{"nothing", []string{""}, -1, "", "0 of 0, missing 0 [], twice 0 []"},
		{"in order", []string{one, zero}, -1, zero + one, "2 of 2, missing 0 [], twice 0 []"},
		{"other members first", []string{spaced + zero}, -1, zero + spaced, "2 of 2, missing 0 [], twice 0 []"},
		{"a gap", []string{three, one}, -1, one + three, "2 of 2, missing 2 [0 2], twice 0 []"},
		{"a wide gap", []string{`{"type":"success","index":1000000}` + "\n"}, -1, `{"type":"success","index":1000000}` + "\n",
			"1 of 1, missing 1000000 [0-999999], twice 0 []"},
		{"the end is missing", []string{zero}, 5, zero, "1 of 1, missing 4 [1-4], twice 0 []"},
		{"all is missing", []string{""}, 5, "", "0 of 0, missing 5 [0-4], twice 0 []"},
		{"twice", []string{zero + one, one}, 2, zero + one, "2 of 2, missing 0 [], twice 1 [1]"},
		{"the first of two", []string{zero + spaced, one}, 2, zero + spaced, "2 of 2, missing 0 [], twice 1 [1]"},
		{"a failure gives way", []string{failed1 + zero, one}, 2, zero + one,
			"2 of 2, missing 0 [], twice 0 [], superseded 1"},
		{"a failure alone", []string{failed1, zero}, 2, zero + failed1, "1 of 2, missing 0 [], twice 0 []"},
		{"two failures", []string{zero, failed1, failed1}, 2, zero + failed1, "1 of 2, missing 0 [], twice 1 [1]"},
		{"pages", []string{zero + page3, page1}, -1, zero + page1 + page3, "3 of 3, missing 1 [1 page 2], twice 0 []"},
		{"a page in another place", []string{`{"type":"success","index":0,"url":"u","page":2}` + "\n", zero}, -1,
			zero + `{"type":"success","index":0,"url":"u","page":2}` + "\n", "2 of 2, missing 0 [], twice 0 []"},
		{"the first page", []string{page3, zero}, -1, zero + page3, "2 of 2, missing 2 [1 page 1-2], twice 0 []"},
		{"entries of a queue", []string{entry7 + entry5}, 2, entry5 + entry7, "1 of 2, missing 0 [], twice 0 []"},
		{"an entry twice", []string{entry7, entry5, entry7b + entry5b}, 3, entry5 + entry7b,
			"2 of 2, missing 1 [], twice 1 [5-0], superseded 1"},
		{"entries and others", []string{entry5 + one + zero}, -1, zero + one + entry5, "3 of 3, missing 0 [], twice 0 []"},
		{"a page of an entry", []string{entryP2}, -1, entryP2, "1 of 1, missing 1 [6-0 page 1], twice 0 []"},
		{"other lines", []string{summary + zero + message, "\n" + one}, -1, zero + one, "2 of 2, missing 0 [], twice 0 []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spooltest.NoneStaysOpen(t)
			var parts []Part
			for _, text := range tt.parts {
				parts = append(parts, part(text))
			}
			for _, chunk := range []int{0, 1, 60} { // in memory, each line by itself, and one or two at once
				var out bytes.Buffer
				report, err := Merge(parts, &out, Settings{Expected: tt.expected, Chunk: chunk})
				found := fmt.Sprintf("%d of %d, missing %d %v, twice %d %v", report.Successes, report.Records, report.Missing,
					report.MissingAt, report.Twice, report.TwiceAt)
				if report.Superseded > 0 {
					found += fmt.Sprintf(", superseded %d", report.Superseded)
				}
				if err != nil || out.String() != tt.want || found != tt.found {
					t.Errorf("chunk %d: %s, %v, want %s\n%swant\n%s", chunk, found, err, tt.found, out.String(), tt.want)
				}
			}
		})
	}
}

// TestMergeDamaged: a line that is no Record, or not whole, is told with its place; nothing is taken for it.
func TestMergeDamaged(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	const whole = `{"type":"success","index":0}` + "\n"
	long := `{"type":"success","index":0,"url":"` + strings.Repeat("u", 1<<20) + `"}`
	for text, want := range map[string]string{
		whole + "\n" + `{"type":"succ`:          "part:3: the line is not whole: its end is missing",
		whole + `{"type":"success","index":1}`:  "part:2: the line is not whole: its end is missing",
		whole + "https://example.com/\n":        "part:2: no Record of batchfetch: a JSON object with type and index",
		`{"index":0}` + "\n":                    "part:1: no Record of batchfetch: a JSON object with type and index",
		`{"type":"success"}` + "\n":             "part:1: no Record of batchfetch: a JSON object with type and index",
		`{"type":"success","index":-1}` + "\n":  "part:1: no Record of batchfetch: a JSON object with type and index",
		`{"type":"success","index":"0"}` + "\n": "part:1: no Record of batchfetch: a JSON object with type and index",
		`{"type":"other","index":0}` + "\n":     "part:1: no Record of batchfetch: a JSON object with type and index",
		`["success",0]` + "\n":                  "part:1: no Record of batchfetch: a JSON object with type and index",
		whole + long:                            "part:2: the line is not whole: its end is missing",
	} {
		for _, chunk := range []int{0, 100} {
			_, err := Merge([]Part{part(text)}, io.Discard, Settings{Chunk: chunk})
			if err == nil || err.Error() != want {
				t.Errorf("%.40q: %v, want %s", text, err, want)
			}
		}
	}
	broken := errors.New("the disk is broken")
	failing := Part{"part", func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(whole), failingReader{broken})), nil
	}}
	if _, err := Merge([]Part{failing}, io.Discard, Settings{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	missing := Part{"part", func() (io.ReadCloser, error) { return nil, broken }}
	if _, err := Merge([]Part{missing}, io.Discard, Settings{}); err == nil || err.Error() != "part: the disk is broken" {
		t.Error(err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// TestMergeRandom: lines of many sizes, in any order, over any number of parts and chunks come out sorted, byte for
// byte.
func TestMergeRandom(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		lines := make([]string, 1+random.IntN(200))
		for i := range lines {
			lines[i] = fmt.Sprintf(`{"type":"success","index":%d,"body":"%s"}`+"\n", i,
				strings.Repeat("x", random.IntN(1+random.IntN(3000))))
		}
		texts := make([]string, 1+random.IntN(5))
		for _, i := range random.Perm(len(lines)) {
			texts[random.IntN(len(texts))] += lines[i]
		}
		var parts []Part
		for _, text := range texts {
			parts = append(parts, part(text))
		}
		var out bytes.Buffer
		chunk := 1 + random.IntN(20_000)
		report, err := Merge(parts, &out, Settings{Chunk: chunk, Space: spool.NewSpace(1 << 30), Expected: int64(len(lines))})
		if err != nil || report.Missing+report.Twice > 0 || out.String() != strings.Join(lines, "") {
			t.Fatalf("%d lines in %d parts, chunk %d: %+v, %v", len(lines), len(parts), chunk, report, err)
		}
	}
}

// TestMergeLongLines: a line larger than the read buffer and a chunk passes through the temporary file in pieces.
func TestMergeLongLines(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	line := func(index, size int) string {
		return fmt.Sprintf(`{"type":"success","index":%d,"body":"%s"}`+"\n", index, strings.Repeat("y", size))
	}
	lines := []string{line(0, 10), line(1, 3<<20), line(2, 700_000), line(3, 1), line(4, 2<<20)}
	mixed := slices.Clone(lines)
	slices.Reverse(mixed)
	var out bytes.Buffer
	mixed = append(mixed, `{"type":"summary","x":"`+strings.Repeat("z", 1<<20)+"\"}\n")
	report, err := Merge([]Part{part(strings.Join(mixed, ""))}, &out, Settings{Chunk: 500_000, Expected: -1})
	if err != nil || report.Records != 5 || out.String() != strings.Join(lines, "") {
		t.Errorf("%+v, %v, %d bytes", report, err, out.Len())
	}
}

// FuzzParseKey: no line is taken for another than what encoding/json makes of it.
func FuzzParseKey(f *testing.F) {
	f.Add([]byte(`{"type":"success","index":1,"page":2,"url":"u"}`))
	f.Add([]byte(`{"index":1,"type":"failure","error":{}}`))
	f.Add([]byte(`{"type":"summary"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parseMembers(text)
		if usual, isUsual := parseUsual(text); isUsual && json.Valid(text) && (err != nil || usual != k) {
			t.Errorf("%q is %+v and %+v, %v", text, usual, k, err)
		}
		if err == nil && k.kind != other && (k.index < 0 || k.page < 0 || k.kind < 0) {
			t.Errorf("%q is %+v", text, k)
		}
	})
}
