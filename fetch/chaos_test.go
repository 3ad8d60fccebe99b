package fetch_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/fetch/judge"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/terminal"
)

// fault is a server that misbehaves in one way, and the outcome that a request to it must have.
type fault struct {
	topic string // the part of HTTP that it is about
	name  string
	line  string                              // the input line; $HOST is the server's address; empty is http://$HOST/
	wrap  func(c net.Conn) net.Conn           // applied to each connection first; nil is plain TCP
	serve func(c net.Conn, in *requestReader) // runs for each connection, which is then closed

	kind     failure.Kind // of the failure; empty is a success
	message  string       // a part of the failure's message
	encoding string       // a success's body_encoding; empty is text, "none" no body at all
	body     string       // a success's body as its Record has it, JSON and base64 as they are written
}

// recordLine is what the test reads of a Record's line.
type recordLine struct {
	Type         string          `json:"type"`
	Index        int             `json:"index"`
	Body         json.RawMessage `json:"body"`
	BodyEncoding string          `json:"body_encoding"`
	Error        struct {
		Kind    failure.Kind `json:"kind"`
		Message string       `json:"message"`
	} `json:"error"`
}

// text returns the body in the form that fault.body has.
func (r *recordLine) text() string {
	var text string
	if r.BodyEncoding != "json" && json.Unmarshal(r.Body, &text) == nil {
		return text
	}
	return string(r.Body)
}

// chaosOptions returns the Options of the run. The timeouts are as short as a slow machine allows.
func chaosOptions(t testing.TB) fetch.Options {
	o := fetch.Defaults()
	o.Concurrency, o.Retries, o.MaxBody, o.BodyMemory = 200, 0, 1<<20, 64<<10
	o.RetryOn = judge.RetryOn{} // nor are refusals retried
	o.StallTimeout, o.KeepHeader, o.TLS = 12*time.Second, true, getTestCA(t).clientConfig()
	return o
}

// TestChaos checks that every fault has the right outcome, and that nothing a server sends reaches a terminal
// unescaped.
func TestChaos(t *testing.T) {
	log.SetOutput(io.Discard) // net/http logs trailing bytes
	defer log.SetOutput(os.Stderr)
	faults := allFaults(t)
	servers := &faultServers{open: make(map[net.Conn]bool)}
	defer servers.close()
	var text strings.Builder
	for _, f := range faults {
		line := f.line
		if line == "" {
			line = "http://$HOST/"
		}
		text.WriteString(strings.ReplaceAll(line, "$HOST", servers.start(t, f)) + "\n")
	}
	var lines bytes.Buffer
	readable := readableSink{Sink: output.NewJSONL(&lines, encode.Layout{Body: encode.BodyAuto})}
	summary, err := fetch.Run(t.Context(), new(input.Reader).Lines(strings.NewReader(text.String()), "input"), &readable,
		chaosOptions(t))
	if err != nil || summary.Total != int64(len(faults)) || !summary.Complete {
		t.Fatalf("%+v, %v", summary, err)
	}
	got := make([]*recordLine, len(faults))
	for line := range bytes.Lines(lines.Bytes()) {
		r := new(recordLine)
		if err := json.Unmarshal(line, r); err != nil || got[r.Index] != nil {
			t.Fatalf("%v in the line %q", err, line)
		}
		wantPrintable(t, "a line", bytes.TrimSuffix(line, []byte("\n")))
		got[r.Index] = r
	}
	for _, line := range readable.lines {
		wantPrintable(t, "a line for a person", bytes.TrimSuffix(line, []byte("\n")))
	}
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			f.check(t, got[i])
			t.Log(f.describe(got[i]))
		})
	}
}

// check compares a Record with the outcome that the fault must have.
func (f *fault) check(t *testing.T, r *recordLine) {
	switch {
	case r == nil:
		t.Fatal("no record")
	case r.Error.Kind != f.kind:
		t.Fatalf("got %q (%s), body %.100q", r.Error.Kind, r.Error.Message, r.text())
	case f.kind != "":
		if !strings.Contains(r.Error.Message, f.message) || len(r.Error.Message) > 500 || f.message == "" {
			t.Errorf("says %.600q, want %q in it", r.Error.Message, f.message)
		}
	case f.encoding == "none":
		if r.Body != nil || r.BodyEncoding != "" {
			t.Errorf("has the body %.100q", r.text())
		}
	default:
		want := f.encoding
		if want == "" {
			want = "text"
		}
		if r.BodyEncoding != want || r.text() != f.body {
			t.Errorf("got %s %.200q, want %s %.200q", r.BodyEncoding, r.text(), want, f.body)
		}
	}
}

// readableSink also renders failures for people.
type readableSink struct {
	fetch.Sink
	mu    sync.Mutex
	lines [][]byte
}

// Encode implements Sink.
func (servers *readableSink) Encode(r *fetch.Record) {
	if r.Failure != nil {
		terminal.NewFailures(io.Discard, "").Encode(r)
		servers.mu.Lock()
		servers.lines = append(servers.lines, r.Line)
		servers.mu.Unlock()
	}
	servers.Sink.Encode(r)
}

// wantPrintable checks that a line holds no control character.
func wantPrintable(t *testing.T, what string, line []byte) {
	t.Helper()
	if at := bytes.IndexFunc(line, func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }); at >= 0 {
		t.Errorf("%s holds the control character %q: %q", what, line[at], line[max(0, at-60):min(len(line), at+60)])
	}
}

// toBase64 returns text in base64.
func toBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// allFaults returns the faults of one run.
func allFaults(t testing.TB) []fault {
	return slices.Concat(
		withTopic("status", statusFaults), withTopic("header", headerFaults), withTopic("length", lengthFaults),
		withTopic("chunks", chunkFaults),
		withTopic("no body", bodilessFaults), withTopic("codings", codingFaults(t)), withTopic("charsets", charsetFaults),
		withTopic("silence", silenceFaults),
		withTopic("redirects", redirectFaults), withTopic("Location", locationFaults), withTopic("input", lineFaults),
		withTopic("TLS", tlsFaults(t)), withTopic("HTTP/2", http2Faults(t)))
}

// withTopic sets the topic of faults.
func withTopic(what string, faults []fault) []fault {
	faults = slices.Clone(faults)
	for i := range faults {
		faults[i].topic = what
	}
	return faults
}

// describe returns a line with the fault and its outcome, for go test -v.
func (f *fault) describe(r *recordLine) string {
	if r.Type == "failure" {
		return fmt.Sprintf("ROW\t%s\t%s\t%s\t%.120s", f.topic, f.name, r.Error.Kind, r.Error.Message)
	}
	return fmt.Sprintf("ROW\t%s\t%s\tsuccess\t%s of %d bytes", f.topic, f.name, r.BodyEncoding, len(r.text()))
}
