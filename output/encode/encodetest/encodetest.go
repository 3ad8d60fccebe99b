// Package encodetest has what tests of lines share: Records, and checks of their lines.
package encodetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/spool"
)

// StartedAt is when the Records of Success and Failure were started.
var StartedAt = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// Success returns a plain success with that body.
func Success(contentType, body string) *fetch.Record {
	return &fetch.Record{
		Request: fetch.Request{URL: "https://example.com/a"},
		Status:  200, Protocol: "HTTP/2.0", ContentType: contentType,
		Body: []byte(body), HasBody: true, Bytes: int64(len(body)), WireBytes: int64(len(body)),
		SHA256: sha256.Sum256([]byte(body)), Hashed: true,
		Attempts: 1, StartedAt: StartedAt, Elapsed: 31400 * time.Microsecond,
	}
}

// Failure returns a plain failure.
func Failure(kind failure.Kind, message string) *fetch.Record {
	return &fetch.Record{
		Request:  fetch.Request{URL: "https://example.com/x", Index: 7},
		Failure:  &failure.Failure{Kind: kind, Err: errors.New(message)},
		Attempts: 1, StartedAt: StartedAt, Elapsed: 12 * time.Millisecond,
	}
}

// Members checks line, against the schema too, and returns its members, numbers as text.
func Members(t testing.TB, schema *jsonschema.Schema, line []byte) map[string]any {
	t.Helper()
	CheckLine(t, line)
	if err := Validate(schema, string(line)); err != nil {
		t.Fatalf("against the schema: %v\n%.500s", err, line)
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return object
}

// CheckLine checks that line is one JSON object in UTF-8 without control characters, line separators or a command of a
// CI runner, and a newline.
func CheckLine(t testing.TB, line []byte) {
	t.Helper()
	if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
		t.Fatalf("not one line: %.500q", line)
	}
	if !utf8.Valid(line) {
		t.Fatalf("not UTF-8: %.500q", line)
	}
	if !json.Valid(line) || line[0] != '{' {
		t.Fatalf("not a JSON object: %.500q", line)
	}
	if at := bytes.IndexFunc(line[:len(line)-1], isControl); at >= 0 {
		t.Fatalf("%q stands in the line at byte %d: %.500q", line[at:min(at+3, len(line))], at, line)
	}
	if at := runnerCommand.FindIndex(line); at != nil {
		t.Fatalf("a CI runner obeys %q in %.500q", line[at[0]:at[1]], line)
	}
}

// isControl reports whether a terminal may obey the character or a reader may split lines at it.
func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// ErrBroken is the error of a BrokenWriter.
var ErrBroken = errors.New("no space left on device")

// BrokenWriter is an io.Writer that fails with ErrBroken.
type BrokenWriter struct{}

func (BrokenWriter) Write([]byte) (int, error) { return 0, ErrBroken }

// CheckPrintable checks that text has no control character but newlines, and no command of a CI runner.
func CheckPrintable(t testing.TB, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8: %q", text)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029
		}) {
			t.Errorf("a terminal obeys %q", line)
		}
		if runnerCommand.MatchString(line) {
			t.Errorf("a CI runner obeys %q", line)
		}
	}
}

// runnerCommand is what CI runners obey: ##[…] and ##vso[…] (Azure Pipelines; the first also GitHub Actions) and
// ##teamcity[…] anywhere in a line, ::command:: at its start (GitHub Actions).
var runnerCommand = regexp.MustCompile(`(?i)##[a-z]*\[|^\s*::`)

// CompileSchema compiles a JSON Schema, with formats and content encodings asserted.
func CompileSchema(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// Validate validates a line.
func Validate(schema *jsonschema.Schema, line string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// Nasty has every kind of character that Records escape, and some like them that they don't.
const Nasty = "a\x00\x07\b\t\n\v\f\r\x1b[2J\x7f\u0080\u0085\u009b31m\u009f\u00a0" +
	"\u2027\u2028\u2029\u202a\u202e\u2066\u2069\u200e\u061c\ufeff\U0001f600\"\\/<>&" +
	"##[error]x ##vso[task.setvariable variable=a]b ###[c] ::set-output name=d::e # ## ##1z##["

// Spooled returns a copy of r whose body is in a temporary file.
func Spooled(t testing.TB, r *fetch.Record) *fetch.Record {
	t.Helper()
	spool, err := spool.New()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := spool.Write(r.Body); err != nil {
		t.Fatal(err)
	}
	onDisk := *r
	onDisk.Body, onDisk.Spool = nil, spool
	return &onDisk
}

// WriteRecord encodes r for sink and puts it.
func WriteRecord(t testing.TB, sink fetch.Sink, r *fetch.Record) {
	t.Helper()
	sink.Encode(r)
	if err := sink.Put(r); err != nil {
		t.Fatal(err)
	}
}
