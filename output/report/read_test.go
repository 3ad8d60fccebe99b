package report

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"
)

// read returns the Data of a text.
func read(t testing.TB, text string) *Data {
	t.Helper()
	d := NewData()
	if err := d.Read("file", strings.NewReader(text)); err != nil && !errors.Is(err, ErrNoRecords) {
		t.Fatal(err)
	}
	return d
}

const (
	aSuccess = `{"type":"success","index":0,"url":"https://a.test/1","status":200,"bytes":5,"wire_bytes":3,` +
		`"body":"x\"}","body_encoding":"text","attempts":2,"redirects":1,` +
		`"started_at":"2026-01-02T03:04:05.678Z","elapsed_ms":31.4,` +
		`"cache":"miss","timing":{"attempt":1,"dns_ms":1.5,"first_byte_ms":20}}`
	aFailure = `{"type":"failure","index":1,"url":"https://b.test/1","status":404,"error":{"kind":"status",` +
		`"message":"404 Not Found"},"attempts":1,"started_at":"2026-01-02T03:04:06.678Z","elapsed_ms":12}`
	aSummary = `{"type":"summary","complete":true,"total":2,"succeeded":1,"failed":1,"skipped":0,"not_started":0,` +
		`"exchanges":4,"retries":1,"by_host":{"https://b.test":{"failed":1}},"elapsed_ms":1012,` +
		`"latency_ms":{"p50":20.1,"p90":31,"p99":31.4,"max":31.4},"limited_by":"network","exit_code":3}`
)

// TestRead: what is counted of lines as runs write them, and of others.
func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, text                       string
		succeeded, failed, runs, untimed int64
		unreadable                       int64
	}{
		{"all kinds", aSuccess + "\n" + aFailure + "\n" + aSummary + "\n", 1, 1, 1, 0, 0},
		{"no end of line", aSuccess, 1, 0, 0, 0, 0},
		{"CR and LF, blank lines, white space", "\n\r\n  " + aSuccess + " \r\n\n\t" + aFailure + "\r\n\r\n", 1, 1, 0, 0, 0},
		{"spaces and null", `{ "type" : "success" , "url" : null, "error":null, "timing":null, "elapsed_ms":null }`,
			1, 0, 0, 1, 0},
		{"members in another order", `{"elapsed_ms":1,"body":{"type":"failure"},"started_at":"2026-01-02T03:04:06Z",` +
			`"type":"success"}`, 1, 0, 0, 0, 0},
		{"messages of a run", `{"type":"log","msg":"x"}` + "\n" + `{"type":"plan"}` + "\n" + aSuccess, 1, 0, 0, 0, 0},
		{"another object", `{"type":"other"}` + "\n" + `{}` + "\n" + `{"a":1}`, 0, 0, 0, 0, 3},
		{"no object", "https://a.test/\n[1]\n\"x\"\n12\n", 0, 0, 0, 0, 4},
		{"torn at the end", aSuccess + "\n" + aSuccess[:80], 1, 0, 0, 0, 1},
		{"torn in a string", aSuccess[:45] + "\n" + aSuccess, 1, 0, 0, 0, 1},
		{"torn, and another behind it", aSuccess[:80] + aSuccess + "\n" + aSuccess, 1, 0, 0, 0, 1},
		{"two in a line", aSuccess + aSuccess + "\n" + aSuccess, 1, 0, 0, 0, 1},
		{"zero bytes of a power cut", aSuccess + "\n\x00\x00\x00\x00\n" + aSuccess, 2, 0, 0, 0, 1},
		{"a zero byte in a line", "{\"type\":\x00\"success\"}\n" + aSuccess, 1, 0, 0, 0, 1},
		{"closed too often", `{"a":]}` + "\n" + `{"a":[}]]}` + "\n" + aSuccess, 1, 0, 0, 0, 2},
		{"no time", `{"type":"failure","error":{"kind":"invalid_request","message":"m"},"input":"x","attempts":0}`,
			0, 1, 0, 1, 0},
		{"times that are none", `{"type":"success","started_at":"0001-01-01T00:00:00Z","elapsed_ms":1}` + "\n" +
			`{"type":"success","started_at":"2026-01-02T03:04:06Z","elapsed_ms":1e300}` + "\n" +
			`{"type":"success","started_at":"2026-01-02T03:04:06Z","elapsed_ms":NaN}` + "\n" +
			`{"type":"success","started_at":5,"elapsed_ms":-3}`, 4, 0, 0, 4, 0},
		{"numbers that are none", `{"type":"success","status":99999999999999999999,"bytes":-5,"attempts":1e9,` +
			`"redirects":"x"}` + "\n" + `{"type":"success","status":-7,"attempts":9223372036854775807}`, 2, 0, 0, 2, 0},
		{"deeply nested", `{"a":` + strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6) + `,"type":"success"}`,
			1, 0, 0, 1, 0},
		{"byte order marks of joined files", "\ufeff" + aSuccess + "\r\n\ufeff" + aFailure + "\r\n", 1, 1, 0, 0, 0},
		{"UTF-16, as PowerShell redirects to", inUTF16("\ufeff" + aSuccess + "\r\n" + aFailure + "\r\n"), 1, 1, 0, 0, 0},
		{"nothing", "", 0, 0, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				d := NewData()
				err := d.Read("file", in)
				if isNone := tt.succeeded+tt.failed+tt.runs == 0 && tt.unreadable > 0; errors.Is(err, ErrNoRecords) != isNone {
					t.Errorf("error %v", err)
				}
				got := fmt.Sprint(d.succeeded, d.failed, len(d.runs), d.untimed, d.unreadable)
				if want := fmt.Sprint(tt.succeeded, tt.failed, tt.runs, tt.untimed, tt.unreadable); got != want {
					t.Errorf("succeeded, failed, runs, untimed, unreadable are %s, want %s", got, want)
				}
				if page := pageOf(t, d); strings.Contains(page, "NaN") || strings.Contains(page, "Inf ") {
					t.Error("a figure of the page is none")
				}
			}
		})
	}
}

// inUTF16 returns a text in UTF-16, little-endian.
func inUTF16(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

// TestReadMembers: what is taken of each member.
func TestReadMembers(t *testing.T) {
	d := read(t, aSuccess+"\n"+aFailure+"\n"+aSummary)
	begun := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixMicro()
	got := fmt.Sprint(d.bytes, d.wireBytes, d.retries, d.redirects, d.statuses[200], d.statuses[404], d.sizes[3],
		d.cached["miss"], d.steps[0].Max(), d.steps[3].Max(), d.attempts, d.begun-begun, d.ended-begun,
		d.latency.Max())
	want := fmt.Sprint(5, 3, 1, 1, 1, 1, 1, 1, 1500*time.Microsecond, 20*time.Millisecond, [6]int64{0, 1, 1}, 0, 1_012_000,
		31400*time.Microsecond)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f := d.causes.sorted()[0]
	if f.Words != "404 Not Found" || f.examples[0] != (example{"https://b.test/1", "404 Not Found"}) {
		t.Errorf("the failure is %+v", f)
	}
	run := Run{Complete: true, Total: 2, Succeeded: 1, Failed: 1, Exchanges: 4, Retries: 1, ElapsedMS: 1012,
		P50: 20.1, P90: 31, P99: 31.4, Max: 31.4, LimitedBy: "network", ExitCode: 3}
	if d.runs[0] != run {
		t.Errorf("the run is %+v", d.runs[0])
	}
	if rows := d.hosts.sorted(); len(rows) != 2 || rows[0].origin != "https://b.test" || rows[0].failed != 1 {
		t.Errorf("the hosts are %+v", rows)
	}
}

// TestReadGolden: every Record that there is an example of is understood.
func TestReadGolden(t *testing.T) {
	names, err := filepath.Glob("../encode/testdata/*.jsonl")
	if err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := read(t, string(text)); d.unreadable > 0 || d.IsEmpty() != strings.HasSuffix(name, "plan.jsonl") {
			t.Errorf("%s: %d lines are unreadable, empty %t", name, d.unreadable, d.IsEmpty())
		}
	}
}

// TestReadBroken: a file that ends in an error is counted up to there, and the page says so.
func TestReadBroken(t *testing.T) {
	d := NewData()
	broken := errors.New("cut <off>")
	err := d.Read("file", io.MultiReader(strings.NewReader(aSuccess+"\n"+aFailure[:20]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || d.succeeded != 1 || d.unreadable != 1 {
		t.Errorf("error %v, %d succeeded, %d unreadable", err, d.succeeded, d.unreadable)
	}
	var page bytes.Buffer
	if err := d.WritePage(&page); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "file could not be read to its end: cut &lt;off&gt;.") {
		t.Error("the page does not say so")
	}
}

// FuzzRead: no text makes it panic, and whatever is valid JSON on one line is counted by its type.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{aSuccess, aFailure, aSummary, "{}", `{"type":"success"}x`,
		"{\"a\":[1,{\"b\":\"\\u00e9\\\\\"}]}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		d := NewData()
		_ = d.Read("fuzz", bytes.NewReader(line)) // an error is that there are no Records
		var record map[string]any
		if bytes.ContainsAny(line, "\n") || !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &record) != nil {
			return
		}
		if bytes.Count(line, []byte("type")) != 1 || bytes.Contains(line, []byte(`\u`)) {
			return // a name may be spelled in several ways, and be there twice
		}
		want := record["type"] == "success" || record["type"] == "failure"
		if got := d.succeeded+d.failed == 1; got != want {
			t.Errorf("counted %t, want %t", got, want)
		}
	})
}
