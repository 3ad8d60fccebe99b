package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// compactInPieces compacts text in pieces of step bytes, or fewer where one would end within a character.
func compactInPieces(text []byte, step int) ([]byte, bool) {
	var c compactor
	line, good := []byte("before"), true
	for rest := text; len(rest) > 0 && good; {
		n := min(step, len(rest))
		if n < len(rest) {
			n = max(lenWholeCharacters(rest[:n]), 1)
			for n < len(rest) && !utf8.RuneStart(rest[n]) {
				n++
			}
		}
		line, good = c.append(line, rest[:n])
		rest = rest[n:]
	}
	if good {
		line, good = c.end(line)
	}
	return bytes.TrimPrefix(line, []byte("before")), good
}

// compacted returns what json.Compact and our escapes make of a text; nil where it can't be embedded.
func compacted(text []byte) []byte {
	var line bytes.Buffer
	if !utf8.Valid(text) || json.Compact(&line, text) != nil || nesting(text) > maxBodyDepth {
		return nil
	}
	return escapeTail(line.Bytes(), 0)
}

// nesting returns the depth of a valid JSON text.
func nesting(text []byte) (deepest int) {
	level, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '[' || c == '{'):
			level++
			deepest = max(deepest, level)
		case !quoted && (c == ']' || c == '}'):
			level--
		}
	}
	return deepest
}

func brackets(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// compactSeeds are texts that are JSON, or nearly.
var compactSeeds = []string{
	``, ` `, `1`, `-0`, `-`, `01`, `-01`, `1.`, `1.5`, `.5`, `1e`, `1e+`, `1E-400`, `1e5.`, `-1.50e+07 `, `1-`, `+1`,
	`1e1e1`, `0e0`, `0x1`, `- 1`, `12 3`,
	`true`, `false`, `null`, `tru`, `nul `, `truefalse`, `[true,false,null]`, `nulL`, `tr ue`,
	`""`, `"`, `"a`, `"\"`, `"\\"`, `"\u12aF\/\b\f\n\r\t\""`, `"\u12g4"`, `"\u12"`, `"\x"`, `"\U0041"`, "\"\t\"",
	"\"\x00\"", "\"a\nb\"",
	"\"\x7f\"", "\"\u0080\u009f\u00a0\u2027\u2028\u2029\u202a\"", "\"한글\U0001f600\"", "\"\xff\"", "\"\xc2\"",
	"\"\xe2\x80\"", "\"\xed\xa0\x80\"", "한", "[\u2028]", "\u00a0 1", "\x7f", "\ufeff1",
	`[]`, `{}`, `[ ]`, `{ }`, `[,]`, `[1,]`, `[,1]`, `[1 2]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{1:1}`,
	`{"a" 1}`, `{"a"::1}`, `{"a":1 "b":2}`,
	`[}`, `{]`, `[1}`, `{"a":1]`, `]`, `}`, `,`, `:`, `[:]`, `["a":1]`, `{"a",1}`, `1,2`, `{}{}`, `[][]`, `[1]]`,
	" {\r\n\t\"a\" : [ 1.50 , { \"b c\" : \" d \" } ] }\n", `{"a":1,"a":2}`, "\v1", "[1\f]", "1\u0085",
	`{"long names and values of more than eight bytes, twice over":"and \"quotes\" in them, and \\ too"}`,
	strings.Repeat(`{"a":[`, 70) + strings.Repeat(`]}`, 70), strings.Repeat(`{"a":[`, 70) + strings.Repeat(`}]`, 70),
	strings.Repeat("[", 64) + `{"a":1}` + strings.Repeat("]", 64),
	strings.Repeat("[", 65) + strings.Repeat("]", 64),
}

func sameAsEncodingJSON(t *testing.T, text []byte, step int) {
	t.Helper()
	line, good := compactInPieces(text, step)
	want := compacted(text)
	if good != (want != nil) {
		t.Fatalf("in pieces of %d: %.200q is taken: %t, want %t", step, text, good, want != nil)
	}
	if good && !bytes.Equal(line, want) {
		t.Fatalf("in pieces of %d: %.200q becomes %.200q, want %.200q", step, text, line, want)
	}
	if usual, taken := compactUsual(nil, text); taken && !bytes.Equal(usual, want) {
		t.Fatalf("at once %.200q becomes %.200q, want %.200q", text, usual, want)
	}
}

// The compactor accepts UTF-8 that encoding/json accepts, and returns its compact form with our escapes, wherever the
// pieces end.
func TestCompact(t *testing.T) {
	for _, text := range compactSeeds {
		for step := 1; step <= len(text)+1; step++ {
			sameAsEncodingJSON(t, []byte(text), step)
		}
	}
}

// Every byte after every start of a token, and every pair of bytes.
func TestCompactOfEveryByte(t *testing.T) {
	starts := []string{"", "[", "[1", "[1,", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `"`, `"\`, `"\u`, `"\u123`, "-",
		"0", "12", "1.", "1.5", "1e", "1e+", "1e5", "t", "[nul"}
	for _, start := range starts {
		for a := range 256 {
			for _, end := range []string{"", "]", "}", `"`, `":1}`, "1", "1]", "1}", "}]", "rue", "l]"} {
				sameAsEncodingJSON(t, []byte(start+string([]byte{byte(a)})+end), 3)
			}
		}
	}
}

// maxBodyDepth levels are accepted, and brackets in strings do not count.
func TestCompactNesting(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"the deepest", brackets(maxBodyDepth), true},
		{"one deeper", brackets(maxBodyDepth + 1), false},
		{"objects", strings.Repeat(`{"":`, maxBodyDepth) + "1" + strings.Repeat("}", maxBodyDepth), true},
		{"in strings", `["` + strings.Repeat("[{", maxBodyDepth) + `"]`, true},
		{"side by side", "[" + strings.Repeat(brackets(maxBodyDepth-1)+",", 3) + "1]", true},
		{"one that is not closed", strings.Repeat("[", 200) + strings.Repeat("]", 199), false},
		{"closed by the other bracket", strings.Repeat("[", 200) + "}" + strings.Repeat("]", 199), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if line, good := compactInPieces([]byte(c.text), 1000); good != c.want || good && string(line) != c.text {
				t.Errorf("taken: %t, want %t", good, c.want)
			}
		})
	}
}

func FuzzCompact(f *testing.F) {
	for i, text := range compactSeeds {
		f.Add([]byte(text), uint16(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, step uint16) {
		given := bytes.Clone(text)
		sameAsEncodingJSON(t, text, int(step)+1)
		sameAsEncodingJSON(t, text, 1)
		if !bytes.Equal(given, text) {
			t.Fatal("the text was written to")
		}
	})
}

// BenchmarkCompact compares the compactor with json.Compact, on 64 KB of each kind of body.
func BenchmarkCompact(b *testing.B) {
	for name, unit := range map[string]string{
		"numbers": `[1234567,8.25,-1e9],`, "short": `{"id":12,"ok":true,"name":"abc"},`,
		"spaced": "{\n    \"id\": 12,\n    \"name\": \"abc\"\n  },\n  ",
		"python": `{"id": 12, "ok": true, "name": "abc", "price": 8.25}, `,
		"long":   `"` + strings.Repeat("the quick brown fox ", 20) + `",`, "hangul": `"한국어 텍스트가 여기에 있습니다",`,
	} {
		text := []byte("[" + strings.Repeat(unit, (64<<10)/len(unit)) + "0]")
		dst := make([]byte, 0, 2*len(text))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, good := appendValue(dst, text, BodyJSON); !good {
					b.Fatal("not taken")
				}
			}
		})
		b.Run(fmt.Sprint(name, "-encoding-json"), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if json.Compact(bytes.NewBuffer(dst), text) != nil {
					b.Fatal("not taken")
				}
			}
		})
	}
}
