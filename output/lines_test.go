package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"batchfetch/fetch"
)

var startedAt = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// success returns a plain success whose answer is body.
func success(contentType, body string) *fetch.Record {
	return &fetch.Record{
		Request: fetch.Request{URL: "https://example.com/a"},
		Status:  200, Protocol: "HTTP/2.0", ContentType: contentType,
		Body: []byte(body), HasBody: true, Bytes: int64(len(body)), WireBytes: int64(len(body)),
		SHA256: sha256.Sum256([]byte(body)), Hashed: true,
		Attempts: 1, StartedAt: startedAt, Elapsed: 31400 * time.Microsecond,
	}
}

// failure returns a plain failure.
func failure(kind fetch.Kind, message string) *fetch.Record {
	return &fetch.Record{
		Request:  fetch.Request{URL: "https://example.com/x", Index: 7},
		Failure:  &fetch.Failure{Kind: kind, Err: errors.New(message)},
		Attempts: 1, StartedAt: startedAt, Elapsed: 12 * time.Millisecond,
	}
}

// render returns the line of r.
func render(r *fetch.Record, mode BodyMode) []byte { return appendRecord(nil, r, mode) }

// members checks that line is what every line of ours is, and returns what encoding/json reads in it, numbers as text.
func members(t testing.TB, schema *jsonschema.Schema, line []byte) map[string]any {
	t.Helper()
	checkLine(t, line)
	if err := validate(schema, string(line)); err != nil {
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

// checkLine makes sure that line is one whole JSON object in UTF-8 that no terminal obeys and no reader cuts in two.
func checkLine(t testing.TB, line []byte) {
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
	if at := bytes.IndexFunc(line[:len(line)-1], obeyed); at >= 0 {
		t.Fatalf("%q stands in the line at byte %d: %.500q", line[at:min(at+3, len(line))], at, line)
	}
}

// obeyed says which characters a terminal may obey or a reader may cut a line at.
func obeyed(r rune) bool {
	return r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029
}

// raw returns the text of one top-level member as it stands in line.
func raw(t testing.TB, line []byte, name string) string {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return string(object[name])
}

// A lineSink keeps the lines put into it, in order of arrival.
type lineSink struct {
	lines   []string
	seqs    []int64
	flushes []bool
	err     error
}

func (*lineSink) Encode(r *fetch.Record) { r.Line = render(r, BodyAuto) }

func (s *lineSink) Put(r *fetch.Record) error {
	if s.err != nil {
		return s.err
	}
	line := string(r.Line)
	if r.LongLine != nil {
		var text strings.Builder
		if _, err := r.LongLine.WriteTo(&text); err != nil {
			return err
		}
		line = text.String()
		r.Discard()
	}
	s.lines, s.seqs = append(s.lines, line), append(s.seqs, r.Seq)
	return nil
}

func (s *lineSink) Flush(last bool) error {
	s.flushes = append(s.flushes, last)
	return s.err
}

func (s *lineSink) all() string { return strings.Join(s.lines, "") }

var errBroken = errors.New("no space left on device")

// A brokenWriter takes nothing.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
