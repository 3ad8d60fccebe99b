package encode

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// isPortable reads a text in pieces of so many bytes.
func isPortable(text []byte, piece int) bool {
	var c portabilityCheck
	for len(text) > 0 {
		n := min(piece, len(text))
		if !c.read(text[:n]) {
			return false
		}
		text = text[n:]
	}
	return c.end()
}

// TestPortable: the values that make a common reader refuse a whole file, and their neighbours that don't. jq 1.6 and
// later, PostgreSQL 15, DuckDB 1.x, pandas and Polars each refuse some.
func TestPortable(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a":[1,-2.5,true,null,"x"],"b":{}}`: true,

		`9223372036854775807`: true, `18446744073709551615`: true, `18446744073709551616`: false,
		`-9223372036854775808`: true, `-9223372036854775809`: false, `[123456789012345678901234567890]`: false,
		`{"n":100000000000000000000}`: false, `{"n":100000000000000000000.0}`: true,

		`1e308`: true, `1e309`: false, `-1e400`: false, `1e-400`: true, `[1.5E+300]`: true, `[1.5E+999]`: false,
		`0.` + strings.Repeat("0", 500) + `1`: true, `1` + strings.Repeat("0", 400): false,
		`1.` + strings.Repeat("7", 2000) + "e5": true, `1.` + strings.Repeat("7", 2000) + "E-99": true,
		`0.` + strings.Repeat("0", 2000) + "1e999": true, `0.` + strings.Repeat("0", 2000) + "1e5000": false,
		`1.` + strings.Repeat("0", 2000): true, `1.` + strings.Repeat("0", 2000) + "e400": false, `1e99999`: false,

		`"\ud83d\ude00"`: true, `"\uD83D\uDE00\ud83d\ude00"`: true, `"\ud83d"`: false, `"\ude00"`: false,
		`"\ud83dx"`: false, `"\ud83d\n"`: false, `"\ud83d\ud83d\ude00"`: false, `"\ude00\ud83d"`: false,
		`"\uD83D"`: false, `"\ude00\ude00"`: false, `"\ud83d\u0041"`: false, `"\ud83d\ue000"`: false, `"\ud83d\ud9ff"`: false,
		`{"\ud83d":1}`: false, `"\\ud83d"`: true, `"\\\ud83d"`: false, `"\ud7ff\ue000"`: true,
		`{"":1}`: false, `[{"a":"","b":{"" :1}}]`: false, `{"a":"","b":["",""],"\n":""}`: true, `""`: true,
		`{"a":1,"":{}}`: false, "{\"\"\n\t :1}": false, `{"\"":1}`: true, `[1,""]`: true,

		`"\u0000"`: false, `"\u0001"`: true, `"\\u0000"`: true, `"1e999 18446744073709551616"`: true,
	} {
		for _, piece := range []int{1, 2, 3, 7, len(text)} {
			if got := isPortable([]byte(text), piece); got != want {
				t.Errorf("%.60s in pieces of %d: %t", text, piece, got)
			}
		}
		for _, whole := range []string{text, "[" + text + behind + "]"} {
			if compact, usual := compactUsual(nil, []byte(whole)); usual && !want {
				t.Errorf("%.60s is of the usual kind: %s", whole, compact)
			}
		}
	}
}

// TestBodyModes: the form of each body in each mode, in memory.
func TestBodyModes(t *testing.T) {
	const asJSON, asText, asBase64 = "json", "text", "base64"
	for _, tt := range []struct {
		name, contentType, body string
		auto, json, string      string // body_encoding
	}{
		{"JSON", "application/json", `{"a": 1}`, asJSON, asJSON, asText},
		{"JSON with half of a pair", "application/json", `{"a":"\ud800"}`, asText, asJSON, asText},
		{"JSON with a large integer", "application/json", `[18446744073709551616]`, asText, asJSON, asText},
		{"JSON with a large number", "application/json", `[1e400]`, asText, asJSON, asText},
		{"JSON with a NUL", "application/json", `["\u0000"]`, asText, asJSON, asText},
		{"no JSON", "application/json", `{`, asText, asText, asText},
		{"no JSON nor text", "application/json", "\xff", asBase64, asBase64, asBase64},
		{"text", "text/plain", "x", asText, asText, asText},
		{"binary", "image/png", "\x89PNG", asBase64, asBase64, asBase64},
		{"nothing", "application/json", "", asText, asText, asText},
	} {
		r := &fetch.Record{HasBody: true, Body: []byte(tt.body)}
		r.ContentType = tt.contentType
		for mode, want := range map[BodyMode]string{
			BodyAuto: tt.auto, BodyJSON: tt.json, BodyString: tt.string, BodyText: asText, BodyBase64: asBase64,
		} {
			line := append(appendBody([]byte(`{"x":0`), r, mode), '}')
			var got struct {
				Body     json.RawMessage
				Encoding string `json:"body_encoding"`
			}
			if err := json.Unmarshal(line, &got); err != nil || got.Encoding != want {
				t.Errorf("%s, %s: %s, %v, want %s", tt.name, mode, line, err, want)
			}
			var text string
			isString := json.Unmarshal(got.Body, &text) == nil
			if isString == (want == asJSON) && tt.body[:1] != `"` {
				t.Errorf("%s, %s: %s", tt.name, mode, line)
			}
			if mode == BodyString && want == asText && text != tt.body {
				t.Errorf("%s is %q, not as it came", tt.name, text)
			}
		}
	}
}

// FuzzPortable: what is of the usual kind is portable, and pieces make no difference.
func FuzzPortable(f *testing.F) {
	for _, seed := range []string{`{"a":[1e99,-0.5,"\ud83d\ude00"]}`, `[18446744073709551616,"\u0000"]`, `"\ud800"`} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		if !json.Valid(text) {
			return
		}
		whole := isPortable(text, len(text))
		if pieces := isPortable(text, max(1, piece)); pieces != whole {
			t.Errorf("%q is %t, in pieces of %d %t", text, whole, piece, pieces)
		}
		if _, usual := compactUsual(nil, text); usual && !whole {
			t.Errorf("%q is of the usual kind", text)
		}
		var value any
		if whole && !bytes.Contains(text, []byte("e-")) && json.Unmarshal(text, &value) != nil {
			t.Errorf("%q is portable", text)
		}
	})
}
