package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// behind is an element for the end of an array: what stands before it is as far from the end as skipUsual reads.
const behind = `,"not near the end"`

// TestCompactUsual: texts of the usual kind are read at once, and what is none is left to the compactor.
func TestCompactUsual(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string // want is empty for a text that is left to the compactor
	}{
		{"members and numbers", `{"id": 12, "x": [-0.5, 1e9, 0, -1E-7, 2.5e+3], "ok":true}`,
			`{"id":12,"x":[-0.5,1e9,0,-1E-7,2.5e+3],"ok":true}`},
		{"an indented one", "{\r\n                \"a\": null,\n\t\"b\": false\n}\n", `{"a":null,"b":false}`},
		{"empty ones", ` [ { } , [ ] , "" ] `, `[{},[],""]`},
		{"a scalar", " 17\n", "17"},
		{"long fractions", `[1.12345678,12.123456789012345678901e5,1.1234567890123456]`,
			`[1.12345678,12.123456789012345678901e5,1.1234567890123456]`},
		{"a fraction of 2000 digits", `1.` + strings.Repeat("7", 2000) + `e-99`,
			`1.` + strings.Repeat("7", 2000) + `e-99`},
		{"a string", `"x"`, `"x"`},
		{"escapes", `["\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"]`, `["\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"]`},
		{"other scripts", `["ünïque — 한글 😀"]`, `["ünïque — 한글 😀"]`},
		{"63 levels", strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat("[", 63) + strings.Repeat("]", 63)},

		{"64 levels", strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		{"a line separator", "[\"\u2028\"]", ""},
		{"a C1 control", "[\"\u0085\"]", ""},
		{"DEL", "[\"\x7f\"]", ""},
		{"a control", "[\"\n\"]", ""},
		{"no UTF-8", "[\"\xff\"]", ""},
		{"UTF-8 cut", "[\"\xc3", ""},
		{"an overlong form", "[\"\xc0\xaf\"]", ""},
		{"a surrogate in UTF-8", "[\"\xed\xa0\x80\"]", ""},
		{"nothing", "", ""},
		{"space", " ", ""},
		{"two", "1 2", ""},
		{"a NUL behind it", "1\x00", ""},
		{"a NUL within", "[1,\x00]", ""},
		{"a form feed", "[1,\f2]", ""},
		{"a comma too many", "[1,]", ""},
		{"no value", `{"a":}`, ""},
		{"no name", `{1:2}`, ""},
		{"no colon", `{"a" 1}`, ""},
		{"the other bracket", `[1}`, ""},
		{"a comma behind the last member", `{"a":1,}`, ""},
		{"a comma for a colon", `{"a",1}`, ""},
		{"a name alone", `{"a"}`, ""},
		{"a second name alone", `{"a":1,"b"}`, ""},
		{"a value for a name", `{1}`, ""},
		{"a value for the second name", `{"a":1,true}`, ""},
		{"an empty name", `{"":1}`, ""},
		{"an open object in 64 levels", strings.Repeat("[", 64) + `{"a":"not near the end"`, ""},
		{"two objects open of 65", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 63), ""},
		{"two arrays open of 65", strings.Repeat("[", 65) + "1" + strings.Repeat("]", 63), ""},
		{"a member without an object", `"one"` + behind + ":1", ""},
		{"open", `[1`, ""},
		{"closed too often", `1]`, ""},
		{"closed once too few", strings.Repeat("[", 40) + "1" + strings.Repeat("]", 39), ""},
		{"a colon in a number", "1:5", ""},
		{"a colon in a fraction", "1.5:5", ""},
		{"a letter behind a number", "12x", ""},
		{"a letter behind a fraction", "1.5x", ""},
		{"a leading zero", "01", ""},
		{"no digit", "-", ""},
		{"no digit behind the point", "1.", ""},
		{"no digit behind e", "1e+", ""},
		{"a wrong escape", `"\x"`, ""},
		{"a wrong \\u", `"\u12g4"`, ""},
		{"a \\u cut", `"\u12`, ""},
		{"half a word", "tru", ""},
		{"another word", "falsy", ""},
		{"a digit with its high bit set", "1\xb2", ""},
		{"a fraction with such a digit", "1.5\xb2", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line, usual := compactUsual([]byte("before "), []byte(tt.text))
			if want := "before " + tt.want; string(line) != want || usual != (tt.want != "") {
				t.Errorf("got %q, %t, want %q", line, usual, want)
			}
			sameAsCompactor(t, []byte(tt.text))
			sameAsCompactor(t, []byte("["+tt.text+behind+"]"))
			if _, usual = compactUsual(nil, []byte("["+tt.text+behind+"]")); usual && tt.want == "" {
				t.Error("it is taken where it is not near the end")
			}
			sameAsCompactor(t, []byte(`{"a":`+tt.text+`,"b":["c"`+behind+`]}`))
		})
	}
}

// TestCompactUsualOfMoreValues: nothing but white space follows the outermost value.
func TestCompactUsualOfMoreValues(t *testing.T) {
	for _, text := range []string{"[1]", "{}", "[{}]]", `[{"a":[]}]}`, "1", `[1],"a":1`} {
		if _, usual := compactUsual(nil, []byte(text+behind)); usual {
			t.Errorf("%q is taken", text+behind)
		}
		if _, usual := compactUsual(nil, []byte(text+behind+":2")); usual {
			t.Errorf("%q is taken", text+behind+":2")
		}
	}
}

// TestCompactUsualOfEveryRun: what stands between white space is kept, however long it is.
func TestCompactUsualOfEveryRun(t *testing.T) {
	for n := range 70 {
		run := strings.Repeat("~", n)
		sameAsCompactor(t, []byte(`["`+run+`" , "`+run+"\",\n"+`{"n`+run+`":1 } ]`))
		sameAsCompactor(t, []byte(`["`+run+`" , "`+run+"\",\n"+`{"n`+run+`":1 }`+behind+"]"))
	}
}

// TestCompactUsualAtEveryOffset: eight bytes at a time or one, what ends a string is found at each place.
func TestCompactUsualAtEveryOffset(t *testing.T) {
	for _, odd := range []struct {
		bytes string
		usual bool
	}{{`\"`, true}, {`\u00e9`, true}, {"é", true}, {"한", true}, {"힣", true}, {"—", true}, {"😀", true}, {"", true},
		{"\x00", false}, {"\x1f", false}, {"\x7f", false}, {"\x80", false}, {"\xff", false}, {"\u0085", false},
		{"\u2028", false}, {"\u2066", false}, {"\xed\xa0\x80", false}, {"\xe3\x80", false}, {"\xe3\xc0\x80", false},
		{"\xc3a", false}, {"\xdf\xc0", false}, {"\xe3\x80\xff", false}, {"\xe3a\x80", false}, {`\x`, false}, {`"`, false}} {
		for before := range 18 {
			for after := range 18 {
				text := []byte(`["` + strings.Repeat("~", before) + odd.bytes + strings.Repeat(" ", after) + `",1]`)
				if _, usual := compactUsual(nil, text); usual != odd.usual {
					t.Fatalf("%q is taken: %t", text, usual)
				}
				sameAsCompactor(t, text)
				sameAsCompactor(t, []byte(`["`+strings.Repeat("~", before)+odd.bytes+`,"x"`+behind+"]"))
				sameAsCompactor(t, []byte(`[{"`+strings.Repeat("~", before)+odd.bytes+`:["x"`+behind+"]}]"))
			}
		}
	}
}

// TestCompactUsualCutAnywhere: a text that ends within any of its tokens is refused, near the end of what is read at
// once too.
func TestCompactUsualCutAnywhere(t *testing.T) {
	text := `{"name":"some words","n":[1.5e3,7.12345678901234567890123456789,1234567,-3,true,false,null],"e":"\u00e9é",` +
		"\n                    \"o\":{} , \"last\" : 1234567.12345678901234567890123456789}"
	for n := range len(text) {
		if _, usual := compactUsual(nil, []byte(text[:n])); usual {
			t.Errorf("%q is taken", text[:n])
		}
	}
	if _, usual := compactUsual(nil, []byte(text)); !usual {
		t.Error("the whole text is not taken")
	}
}

// sameAsCompactor fails the test where compactUsual takes a text that the compactor refuses, or that is not portable,
// or makes another one of it, whether or not there is room for it already.
func sameAsCompactor(t *testing.T, text []byte) {
	t.Helper()
	var c portableJSON
	want, valid := c.append([]byte("before"), text)
	if valid {
		want, valid = c.end(want)
	}
	for _, dst := range [][]byte{[]byte("before"), append(make([]byte, 0, len(text)+6), "before"...)} {
		line, usual := compactUsual(dst, text)
		if usual && (!valid || !bytes.Equal(line, want)) {
			t.Errorf("%q is %q, by the compactor %q, %t", text, line, want, valid)
		}
	}
}

// FuzzCompactUsual holds compactUsual against the compactor.
func FuzzCompactUsual(f *testing.F) {
	for _, text := range compactSeeds {
		f.Add([]byte(text))
	}
	f.Add([]byte("{\n                    \"a\": [1.5e3, \"\\u00e9\"]\n}"))
	f.Add([]byte(`{"a":[1.25,-3,10,"x"],"b":{},"c":"not near the end"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		sameAsCompactor(t, text)
		sameAsCompactor(t, []byte("["+string(text)+behind+"]"))
	})
}

// BenchmarkRows measures 92 KB as an API answers: rows of the same members, with the white space of several writers.
func BenchmarkRows(b *testing.B) {
	var rows []string
	for i := range 760 {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"name":"item-%d","price":%.1f,"tags":["a","b","c"],"in_stock":%t,`+
			`"about":"Some words on item %d."}`, i, i, float64(i)*1.5, i%3 == 0, i))
	}
	compact := `{"items":[` + strings.Join(rows, ",") + `]}`
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(compact), "", "  "); err != nil {
		b.Fatal(err)
	}
	for _, text := range []struct{ name, text string }{
		{"compact", compact}, {"indented", indented.String()},
		{"spaced", strings.NewReplacer(`":`, `": `, `,"`, `, "`, `},`, `}, `).Replace(compact)},
	} {
		b.Run(text.name, func(b *testing.B) {
			body, dst := []byte(text.text), make([]byte, 0, 2*len(text.text))
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, usual := compactUsual(dst, body); !usual {
					b.Fatal("not taken")
				}
			}
		})
	}
}

// TestIndexOdd: the first byte is found, whatever stands behind it.
func TestIndexOdd(t *testing.T) {
	for want := range 8 {
		for _, behind := range []uint64{0, highs} {
			odd := (0x80 | behind<<8) << (8 * want)
			if got := indexOdd(odd); got != want {
				t.Errorf("%#016x: %d, want %d", odd, got, want)
			}
		}
	}
}
