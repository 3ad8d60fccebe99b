package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// Any text reads back from its JSON string, with U+FFFD for each byte that is not UTF-8.
func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", "plain", encodetest.Nasty, "\xff\xfe", "\xed\xa0\x80", "한\xea\xb8",
		strings.Repeat("a", 70) + "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkString(t, text)
		if asBytes := appendString(nil, []byte(text)); string(asBytes) != string(appendString(nil, text)) {
			t.Fatalf("bytes become %s", asBytes)
		}
	})
}

// appendValue accepts exactly what is valid JSON, and keeps its value, on one line, numbers digit for digit.
func FuzzAppendValue(f *testing.F) {
	for _, seed := range []string{``, `1`, `-0`, `1e400`, ` {"a" : [1.50, null, "\u2028\ud800"] } `, `{"a":1,"a":2}`,
		`[1,]`, `01`, `{}x`,
		"[\"\x7f\u0085\u2028\"]", `"`, `nul`, "[\"\xff\"]", strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		given := bytes.Clone(text)
		line, ok := appendValue([]byte("before"), text, BodyJSON)
		if !bytes.Equal(text, given) {
			t.Fatal("the body was written to")
		}
		if want := json.Valid(text) && utf8.Valid(text) && nesting(text) <= maxBodyDepth; ok != want {
			t.Fatalf("taken: %t, want %t", ok, want)
		}
		value, kept := bytes.CutPrefix(line, []byte("before"))
		if !kept {
			t.Fatal("what stood before is gone")
		}
		if !ok {
			if len(value) > 0 {
				t.Fatalf("half a value is left behind: %q", value)
			}
			return
		}
		encodetest.CheckLine(t, append(append([]byte(`{"x":`), value...), "}\n"...))
		if got, want := decode(t, value), decode(t, text); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s became %s", text, value)
		}
	})
}

// decode reads one value, numbers as text.
func decode(t *testing.T, text []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// Whatever the request and the response, the Record is one line that satisfies the schema.
func FuzzAppendRecord(f *testing.F) {
	schema := encodetest.CompileSchema(f, Schema())
	f.Add("application/json", []byte(`{"a":1.50}`), "https://example.com/", "x", uint8(0))
	f.Add("application/problem+json; charset=utf-16", []byte("\xfe\xff\x00{\x00}"), "https://a:b@example.com/", "\x7f",
		uint8(1))
	f.Add("text/html; charset=euc-kr", []byte("\xc7\xd1\xff"), encodetest.Nasty, encodetest.Nasty, uint8(2))
	f.Add("text/plain; charset=iso-2022-kr", []byte("\x1b$)C"), "", "\xff", uint8(3))
	f.Add("image/png", []byte{0, 255}, "http://***@a/", "***", uint8(7))
	f.Add(`text/plain; charset="`, []byte("\u2028"), "//@", "\u0085", uint8(255))
	f.Fuzz(func(t *testing.T, contentType string, body []byte, url, text string, bits uint8) {
		mode := [...]BodyMode{BodyAuto, BodyText, BodyBase64, BodyNone}[bits&3]
		r := encodetest.Success(contentType, string(body))
		r.HasBody = bits&4 == 0
		r.Request.URL = "u" + url
		r.RemoteAddr, r.Protocol = text, "HTTP/"+text
		r.Header = http.Header{text: {url, text}}
		if bits&8 != 0 {
			r.Request.Header = http.Header{text: {url}, "Cookie": {text}}
			r.Request.Method, r.Request.Path = text, text
		}
		if bits&16 != 0 {
			r.Request.Body, r.Request.BodyForm = body, fetch.BodyBase64
		}
		if bits&32 != 0 {
			r.Failure = &failure.Failure{Kind: failure.InvalidRequest, Err: errors.New("e" + text)}
			r.Input, r.Request.File, r.Request.Line = []byte(url), text, 1
		}
		line := render(r, mode)
		encodetest.CheckLine(t, line)
		encodetest.Members(t, schema, withoutHugeNumbers(line))
		if r.Failure == nil && r.HasBody && mode != BodyNone {
			checkBody(t, line, body)
		}
	})
}

// checkBody checks that the body can be restored from the line: base64 exactly, JSON on one line.
func checkBody(t *testing.T, line, body []byte) {
	t.Helper()
	var object struct {
		Body     json.RawMessage
		Encoding string `json:"body_encoding"`
	}
	if err := json.Unmarshal(line, &object); err != nil {
		t.Fatal(err)
	}
	switch object.Encoding {
	case "base64":
		text := strings.Trim(string(object.Body), `"`)
		if got, err := base64.StdEncoding.DecodeString(text); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("base64 of %q, %v, is not %q", got, err, body)
		}
	case "json":
		if bytes.ContainsAny(object.Body, "\r\n") {
			t.Fatalf("more than a line: %s", object.Body)
		}
	case "text":
		if object.Body[0] != '"' {
			t.Fatalf("text is %s", object.Body)
		}
	default:
		t.Fatalf("body_encoding is %q", object.Encoding)
	}
}

// withoutHugeNumbers keeps the schema's validator from computing 1e999999999.
func withoutHugeNumbers(line []byte) []byte {
	var object map[string]json.RawMessage
	if json.Unmarshal(line, &object) != nil || !strings.Contains(string(object["body_encoding"]), "json") {
		return line
	}
	object["body"] = json.RawMessage(`0`)
	short, err := json.Marshal(object)
	if err != nil {
		return line
	}
	return append(escapeTail(short, 0), '\n')
}

// No control character is left, and printable text does not change.
func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"plain 한글", encodetest.Nasty, "\xff\x1b[2J", "\u061c\u2066", "::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Printable(text)
		encodetest.CheckPrintable(t, "batchfetch: "+got) // no line begins with it: a leading :: is no command
		if strings.Contains(got, "\n") {
			t.Fatalf("more than a line: %q", got)
		}
		if Printable(got) != got {
			t.Fatalf("%q is not done: %q", text, got)
		}
	})
}

// Any duration is a JSON number of milliseconds, exact to the microsecond.
func FuzzAppendMillis(f *testing.F) {
	for _, seed := range []int64{0, 1, 999, 1000, 31_400_000, -1, 1 << 62} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, nanos int64) {
		text := appendMillis(nil, time.Duration(nanos))
		got, ok := new(big.Rat).SetString(string(text))
		if !ok || !json.Valid(text) {
			t.Fatalf("%d ns becomes %s", nanos, text)
		}
		if want := big.NewRat(max(nanos, 0)/1000, 1000); got.Cmp(want) != 0 {
			t.Fatalf("%d ns becomes %s", nanos, text)
		}
	})
}
