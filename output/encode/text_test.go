package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"batchfetch/output/encode/encodetest"
)

// A string reads back as it was, with U+FFFD for each byte that is not UTF-8.
func TestAppendString(t *testing.T) {
	for text, want := range map[string]string{
		"":                         `""`,
		"plain":                    `"plain"`,
		"é한😀":                      `"é한😀"`,
		`"\/`:                      `"\"\\/"`,
		"\n\r\t\b\f":               `"\n\r\t\u0008\u000c"`,
		"\x00\x1f":                 `"\u0000\u001f"`,
		"\x7e\x7f":                 `"~\u007f"`,
		"\u0080\u009f":             `"\u0080\u009f"`,
		"\u00a0":                   "\"\u00a0\"",
		"\u2027\u2028\u2029\u202f": "\"\u2027\\u2028\\u2029\u202f\"",
		"\u202a\u202e\u2065\u2066": "\"\\u202a\\u202e\u2065\\u2066\"",
		"\u2069\u206a\u200e\u061c": "\"\\u2069\u206a\u200e\u061c\"",
		"\ufffd":                   "\"\ufffd\"",
		"a\xffb":                   `"a\ufffdb"`,
		"\xe2\x80":                 `"\ufffd\ufffd"`,
		"\xed\xa0\x80":             `"\ufffd\ufffd\ufffd"`,
		"\xf0\x9f\x98":             `"\ufffd\ufffd\ufffd"`,
		"<&>":                      `"<&>"`,
	} {
		if got := string(appendString(nil, text)); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
		if got := string(appendString([]byte("before"), []byte(text))); got != "before"+want {
			t.Errorf("%q as bytes becomes %s, want %s", text, got, want)
		}
		checkString(t, text)
	}
	for r := range rune(0x3000) { // every escape, between others and alone
		checkString(t, string(r))
		checkString(t, "a"+string(r)+"한")
	}
}

// appendByRunes is appendString, a character at a time.
func appendByRunes(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r < utf8.RuneSelf && !isPlain[r]:
			dst = appendEscape(dst, byte(r))
		case mustEscape(r, size):
			dst = appendUnicode(dst, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// TestAppendStringByRunes: among other text, each character and each sequence of two bytes, and of three and four at
// the edges of what is a character, stands in a string as by itself.
func TestAppendStringByRunes(t *testing.T) {
	check := func(sequence string) {
		for _, text := range []string{sequence, "я " + sequence + " и\n" + sequence, "a" + sequence + "語" + sequence} {
			if got, want := appendString(nil, text), appendByRunes(nil, text); !bytes.Equal(got, want) {
				t.Fatalf("%q becomes %s, want %s", text, got, want)
			}
		}
	}
	edges := []byte{0x00, 0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xa6, 0xaf, 0xb0, 0xbf, 0xc0, 0xff}
	for lead := 0x80; lead <= 0xff; lead++ {
		check(string([]byte{byte(lead)}))
		for second := range 0x100 {
			check(string([]byte{byte(lead), byte(second)}))
			for _, third := range edges {
				check(string([]byte{byte(lead), byte(second), third}))
				if lead >= 0xf0 {
					check(string([]byte{byte(lead), byte(second), third, 0x80}))
				}
			}
		}
	}
	for r := rune(0x80); r < 0x10ffff; r += 1 + r/0x3000 {
		check(string(r))
	}
}

// checkString checks that encoding/json reads back what appendString was given.
func checkString(t testing.TB, text string) {
	t.Helper()
	line := escapeCommands(appendString(nil, text), 0)
	encodetest.CheckLine(t, append(append([]byte(`{"x":`), line...), "}\n"...))
	var got string
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("%q becomes %s: %v", text, line, err)
	}
	var want strings.Builder
	for _, r := range text {
		want.WriteRune(r) // U+FFFD for each byte that is not UTF-8
	}
	if got != want.String() {
		t.Fatalf("%q reads back as %q, want %q", text, got, want.String())
	}
}

// Milliseconds are truncated to the microsecond, without trailing zeros.
func TestAppendMillis(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 1: "0", 999: "0", time.Microsecond: "0.001", 10 * time.Microsecond: "0.01",
		100 * time.Microsecond: "0.1",
		101 * time.Microsecond: "0.101", 110 * time.Microsecond: "0.11", time.Millisecond: "1",
		31400 * time.Microsecond: "31.4",
		time.Hour:                "3600000", -time.Second: "0", math.MinInt64: "0", math.MaxInt64: "9223372036854.775",
	} {
		if got := string(appendMillis(nil, d)); got != want {
			t.Errorf("%d ns becomes %s, want %s", d, got, want)
		}
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		d := time.Duration(rng.Int64N(1 << (1 + rng.UintN(62))))
		want := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%03d", d.Microseconds()/1000,
			d.Microseconds()%1000), "0"), ".")
		if got := string(appendMillis(nil, d)); got != want && (got != "0" || want != "") {
			t.Fatalf("%d ns becomes %s, want %s", d, got, want)
		}
	}
}

// Times are in UTC, to the millisecond, whatever their zone.
func TestAppendTime(t *testing.T) {
	zone := time.FixedZone("somewhere", 9*3600)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{encodetest.StartedAt, "2026-01-02T03:04:05.678Z"},
		{encodetest.StartedAt.In(zone), "2026-01-02T03:04:05.678Z"},
		{time.Date(2026, 1, 1, 8, 59, 59, 999_999_999, zone), "2025-12-31T23:59:59.999Z"},
		{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "2024-02-29T00:00:00.000Z"},
	} {
		if got := string(appendTime(nil, c.at)); got != strconv.Quote(c.want) {
			t.Errorf("%s becomes %s, want %s", c.at, got, c.want)
		}
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for range 5_000 {
		at := time.UnixMilli(rng.Int64N(253402300800000)).In(zone)
		text, err := strconv.Unquote(string(appendTime(nil, at)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := time.Parse(time.RFC3339Nano, text); err != nil || !got.Equal(at) {
			t.Fatalf("%s becomes %s: %v", at, text, err)
		}
	}
}

// TestTimeAsFormatted: a time is written as time's own layout writes it, in any year, zone and fraction of a second.
func TestTimeAsFormatted(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zone := time.FixedZone("", -5*3600)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	times := []time.Time{{}, time.Unix(0, 0), time.Date(-1, 1, 1, 0, 0, 0, 0, zone), last, last.Add(1), last.In(zone)}
	for range 10_000 {
		times = append(times, time.Unix(rng.Int64N(1e11)-5e10, rng.Int64N(1e9)).In(zone))
	}
	for _, at := range times {
		want := at.UTC().Format(`"2006-01-02T15:04:05.000Z"`)
		if got := string(appendTime(nil, at)); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// BenchmarkTime writes a time, and has time's own layout write it.
func BenchmarkTime(b *testing.B) {
	at, text := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC), make([]byte, 0, 64)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			text = appendTime(text[:0], at)
		}
	})
	b.Run("layout", func(b *testing.B) {
		for b.Loop() {
			text = at.UTC().AppendFormat(text[:0], `"2006-01-02T15:04:05.000Z"`)
		}
	})
}
