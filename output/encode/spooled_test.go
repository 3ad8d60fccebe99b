package encode

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/encode/encodetest"
)

// spooledLineText returns the line in the temporary file.
func spooledLineText(t testing.TB, r *fetch.Record) string {
	t.Helper()
	if r.LineErr != nil || r.LongLine == nil || r.Line != nil {
		t.Fatalf("no long line, but %d bytes, %v", len(r.Line), r.LineErr)
	}
	var text bytes.Buffer
	if _, err := r.LongLine.WriteTo(&text); err != nil || int64(text.Len()) != r.LongLine.Size() {
		t.Fatalf("%d of %d bytes, %v", text.Len(), r.LongLine.Size(), err)
	}
	return text.String()
}

// checkSpooledLine checks that a body in a file becomes the line that it becomes in memory.
func checkSpooledLine(t testing.TB, contentType, body string, mode BodyMode) {
	t.Helper()
	r := encodetest.Success(contentType, body)
	r.Header = map[string][]string{"X-Y": {"z"}}
	want := string(render(r, mode))
	onDisk := encodetest.Spooled(t, r)
	onDisk.LongLine, onDisk.LineErr = SpoolRecord(onDisk, Layout{Body: mode})
	onDisk.ReleaseBody()
	got := spooledLineText(t, onDisk)
	onDisk.Discard()
	if got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("%s as %q: %.60q of %d bytes becomes\n%.300q, want\n%.300q from byte %d on", mode, contentType, body,
			len(body), got[at:], want[at:], at)
	}
}

// bodyPieces are pieces of bodies that decide between the forms.
var bodyPieces = []string{
	"x", `"`, `\`, `\u00e9`, " ", "\n", "é", "한", "\U0001f600", "\x00", "\x7f", "\u0085", "\u2028", "\ufeff", "\ufffd",
	"\xff", "\xed\xa0\x80", "\xe2\x82", "\xc2", "\xf0\x9f\x98", "\xfe\xff", "\xff\xfe", "\x93\xfa", "\x84\x31\xa4\x37",
	"\x1b$B", "{", "[1]", `"a":`, "}", "1.50",
	`<?xml encoding="koi8-r"?>`,
}

var contentTypes = []string{
	"application/json", "application/problem+json; charset=utf-8", "text/plain", "", "image/png",
	"application/octet-stream", "text/html; charset",
	"text/plain; charset=utf-16", "text/plain; charset=utf-16le", "application/json; charset=utf-16be",
	"text/html; charset=windows-1252",
	"text/html; charset=shift_jis", "application/json; charset=shift_jis", "text/plain; charset=euc-kr",
	"text/plain; charset=gb18030",
	"text/plain; charset=iso-2022-jp", "text/plain; charset=iso-2022-kr", "text/plain; charset=unheard-of",
	"text/plain; charset=x-user-defined", "application/json; charset=big5", "text/xml",
}

var bodyModes = []BodyMode{BodyAuto, BodyText, BodyBase64}

// A body has the same line from a file as from memory, whatever it is and its type. Its pieces lie across the borders
// of the buffers.
func TestSpooledLineIsTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	borders := []int{0, 4 << 10, 32 << 10, 64 << 10}
	for range 400 {
		var tail strings.Builder
		for range rng.IntN(12) {
			tail.WriteString(bodyPieces[rng.IntN(len(bodyPieces))])
		}
		border := max(0, borders[rng.IntN(len(borders))]-rng.IntN(12))
		filler := []string{"a", " ", "가", "x\n", "\x00a", "a\x00", "[],"}[rng.IntN(7)]
		body := strings.Repeat(filler, border/len(filler)) + strings.Repeat("y", border%len(filler))
		switch rng.IntN(5) {
		case 0:
			body = `["` + body + `"]`
		case 1:
			body = "\ufeff[" + body + tail.String() + "1]" + strings.Repeat(" ", rng.IntN(40000))
		case 2:
			body = bodyPieces[rng.IntN(len(bodyPieces))] + body
		}
		if body += tail.String(); body == "" {
			continue // an empty body is never large
		}
		for _, mode := range bodyModes {
			checkSpooledLine(t, contentTypes[rng.IntN(len(contentTypes))], body, mode)
		}
	}
}

// Each form, and each reason why a body does not have it, with and without several buffers before.
func TestSpooledForms(t *testing.T) {
	for _, start := range []int{0, 100_000} {
		a := strings.Repeat("a", start)
		for name, c := range map[string][2]string{
			"JSON":                        {"application/json", ` {"a" : "` + a + `\u2028"} `},
			"JSON with a mark":            {"application/json", "\ufeff[\"" + a + "\"]"},
			"JSON that breaks late":       {"application/json", `["` + a + `"`},
			"JSON that breaks, with NUL":  {"application/json", "[\"" + a + "\x00\"]"},
			"JSON that is not UTF-8":      {"application/json", `["` + a + "\xff\"]"},
			"broken, then not UTF-8":      {"application/json", `["` + a + "\n\"]" + a + "\xff"},
			"JSON cut in a character":     {"application/json", `["` + a + "\xe2\x82"},
			"JSON in UTF-16":              {"application/json", "\xfe\xff" + encodeUTF16("be", `["`+a+`é"]`)},
			"JSON in Shift_JIS":           {"application/json; charset=shift_jis", `["` + a + "\x93\xfa\"]"},
			"text":                        {"text/plain", a + "é\u0085\x7f\n"},
			"text with a mark":            {"text/csv", "\ufeff" + a + "é"},
			"text with two marks":         {"text/csv", "\ufeff\ufeff" + a},
			"a mark that wins":            {"text/csv; charset=iso-8859-1", "\ufeff" + a + "é"},
			"a mark that wins wrongly":    {"text/csv; charset=iso-8859-1", "\ufeff" + a + "\xe9"},
			"a mark of UTF-8 and no more": {"text/csv", "\ufeff"},
			"GB18030 with a mark":         {"text/plain; charset=gb18030", "\x84\x31\x95\x33" + a},
			"XML in ISO-8859-1":           {"text/xml", `<?xml encoding="iso-8859-1"?>` + a + "\xe9"},
			"XML in UTF-16":               {"text/xml", encodeUTF16("le", `<?xml version="1.0"?>`+a+"é")},
			"text with NUL":               {"text/plain", a + "\x00"},
			"text that is not UTF-8":      {"text/plain", a + "\xff"},
			"text cut in a character":     {"text/plain", a + "\xf0\x9f\x98"},
			"UTF-16 behind a mark":        {"text/plain", "\xff\xfe" + encodeUTF16("le", a+"é")},
			"UTF-16 that is none":         {"text/plain", "\xff\xfe" + encodeUTF16("le", a) + "\x00\xd8"},
			"UTF-16 that holds U+FFFD":    {"text/plain", "\xff\xfe" + encodeUTF16("le", a+"\ufffd")},
			"a mark and no more":          {"text/plain", "\xff\xfe"},
			"windows-1252":                {"text/html; charset=windows-1252", a + "\x80\xe9"},
			"windows-1252, not in it":     {"text/html; charset=windows-1252", a + "\x81"},
			"Shift_JIS cut short":         {"text/html; charset=shift_jis", a + "\x93"},
			"GB18030 with U+FFFD":         {"text/html; charset=gb18030", a + "\x84\x31\xa4\x37"},
			"GB18030 with both":           {"text/html; charset=gb18030", a + "\x84\x31\xa4\x37\xff" + a},
			"a charset that is not to be": {"text/html; charset=iso-2022-kr", a + "x"},
			"one that nobody knows":       {"text/html; charset=klingon", a + "é"},
			"bytes":                       {"image/png", a + "\x89PNG"},
			"one byte more":               {"image/png", a + "\x89PNG1"},
			"two bytes more":              {"image/png", a + "\x89PNG12"},
		} {
			t.Run(fmt.Sprint(name, " behind ", start), func(t *testing.T) {
				for _, mode := range bodyModes {
					checkSpooledLine(t, c[0], c[1], mode)
				}
			})
		}
	}
}

func FuzzSpooledLine(f *testing.F) {
	for i, contentType := range contentTypes {
		f.Add(contentType, strings.Join(bodyPieces[i%len(bodyPieces):], ""), uint16(i*3000), uint8(i))
	}
	f.Add("application/json", `["x"]`, uint16(32<<10), uint8(0))
	f.Fuzz(func(t *testing.T, contentType, body string, pad uint16, bits uint8) {
		filler := [...]string{" ", "a", "\ufeff ", "[],"}[bits>>4&3]
		body = strings.Repeat(filler, int(pad)/len(filler)) + body
		if body != "" {
			checkSpooledLine(t, contentType, body, bodyModes[int(bits&15)%len(bodyModes)])
		}
	})
}
