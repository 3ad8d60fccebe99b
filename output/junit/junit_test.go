package junit

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// newRun returns a Run whose Failures put passes Records to.
func newRun() (r *Run, put func(t testing.TB, record *fetch.Record, url string)) {
	hosts := output.NewHosts(output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone}))
	failures := NewFailures(hosts)
	r = &Run{Started: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC), Failures: failures, Hosts: hosts,
		Summary: &fetch.Summary{Complete: true, Elapsed: 2 * time.Second}}
	return r, func(t testing.TB, record *fetch.Record, url string) {
		record.Request.URL = url
		encodetest.WriteRecord(t, failures, record)
	}
}

// write returns the file, and its suites by their names.
func write(t testing.TB, r *Run) (string, map[string]testSuite) {
	t.Helper()
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Suites []testSuite `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text.String()), &file); err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	suites := make(map[string]testSuite)
	for _, suite := range file.Suites {
		suites[suite.Name] = suite
	}
	return text.String(), suites
}

// UnmarshalXMLAttr reads what MarshalXMLAttr writes.
func (s *seconds) UnmarshalXMLAttr(attr xml.Attr) error {
	d, err := time.ParseDuration(attr.Value + "s")
	*s = seconds(d)
	return err
}

// TestWrite: a host is a suite, a failure is a case, successes of a host are one.
func TestWrite(t *testing.T) {
	r, put := newRun()
	r.Summary.Succeeded = 2
	put(t, encodetest.Success("text/plain", "x"), "https://a.test/1")
	put(t, encodetest.Success("text/plain", "x"), "https://A.test:443/2")
	put(t, encodetest.Success("text/plain", "x"), "https://c.test/2")
	put(t, encodetest.Failure(failure.BadStatus, "404 Not Found"), "https://user:s3cret@a.test/3")
	put(t, encodetest.Failure(failure.DNS, "no address"), "https://b.test/")
	put(t, encodetest.Failure(failure.Canceled, "stopped"), "https://b.test/2")
	unusable := encodetest.Failure(failure.InvalidRequest, "no URL")
	unusable.Request.File, unusable.Request.Line, unusable.Input = "urls.txt", 7, []byte("nonsense")
	put(t, unusable, "")
	text, suites := write(t, r)
	if strings.Contains(text, "s3cret") {
		t.Error("a secret is in the file")
	}
	a := suites["https://a.test"]
	if a.Tests != 2 || a.Failures != 1 || len(a.Cases) != 2 || a.Timestamp != "2026-01-02T03:04:05" ||
		a.Cases[0].Name != "requests that succeeded" || a.Cases[0].Failure != nil ||
		a.Cases[1].Name != "https://***@a.test/3" || a.Cases[1].Class != "batchfetch.https://a_test" ||
		a.Cases[1].Failure.Type != "status" || a.Cases[1].Failure.Message != "404 Not Found" ||
		time.Duration(a.Cases[1].Time) != 12*time.Millisecond || a.Properties.All[0] != (property{"succeeded", "2"}) {
		t.Errorf("got %+v", a)
	}
	if b := suites["https://b.test"]; b.Tests != 2 || b.Failures != 1 || b.Skipped != 1 || b.Cases[1].Skipped == nil {
		t.Errorf("got %+v", b)
	}
	if c := suites["https://c.test"]; c.Tests != 1 || c.Failures != 0 {
		t.Errorf("got %+v", c)
	}
	if o := suites["other requests"]; o.Tests != 1 || o.Cases[0].Name != "urls.txt:7: nonsense" {
		t.Errorf("got %+v", o)
	}
	if run := suites["batchfetch"]; run.Failures != 0 || run.Tests != 1 || time.Duration(run.Time) != 2*time.Second {
		t.Errorf("got %+v", run)
	}
	r.Summary.Complete, r.Summary.Stopped, r.ExitCode = false, fetch.StopDeadline, 4
	if _, suites = write(t, r); suites["batchfetch"].Cases[0].Failure.Message != "exit code 4, stopped by deadline" {
		t.Errorf("got %+v", suites["batchfetch"])
	}
	checkSchemas(t, text)
}

// TestAnyText: what XML can't have is replaced, and what it means something in is escaped.
func TestAnyText(t *testing.T) {
	r, put := newRun()
	for i, text := range []string{
		encodetest.Nasty, "]]></failure><x>&amp;<!-- --><![CDATA[", "\x00\x01\x0b\ufffe\uffff\xff\xed\xa0\x80",
		"\U000e0001\U0010ffff", strings.Repeat("\u20ac", 5000), "a\r\nb\tc",
	} {
		bad := encodetest.Failure(failure.Protocol, text)
		bad.FinalURL = "https://z.test/" + text
		put(t, bad, fmt.Sprintf("https://a.test/%d?%s", i, text))
		odd := encodetest.Failure(failure.InvalidRequest, text)
		odd.Input, odd.Request.File, odd.Request.Line = []byte(text), text, 1
		put(t, odd, "")
	}
	text, suites := write(t, r)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' || r == 0xfffe || r == 0xffff
	}) {
		t.Error("the file has a character that XML has not")
	}
	if n := len(suites["https://a.test"].Cases) + len(suites["other requests"].Cases); n != 12 {
		t.Errorf("%d cases are read, want 12", n)
	}
	checkSchemas(t, text)
}

// TestBounded: of a run with very many hosts and failures the file has so many of each, and the counts of the others.
func TestBounded(t *testing.T) {
	r, put := newRun()
	const hosts, each = 3000, 8
	for i := range hosts {
		for j := range each {
			put(t, encodetest.Failure(failure.DNS, strings.Repeat("m", 2000)), fmt.Sprintf("https://h%d.test/%d", i, j))
		}
		put(t, encodetest.Success("text/plain", ""), fmt.Sprintf("https://h%d.test/", i))
	}
	text, suites := write(t, r)
	cases, more := 0, 0
	for _, suite := range suites {
		cases += len(suite.Cases)
		for _, c := range suite.Cases {
			if c.Name == "requests that failed and are not listed" {
				n := 0
				_, _ = fmt.Sscanf(c.Failure.Message, "%d", &n)
				more += n
			}
		}
	}
	if len(suites) > 2*maxSuites+2 || cases > maxCases+4*maxSuites || more != hosts*each-maxCases {
		t.Errorf("%d suites, %d cases, %d more failures of %d bytes", len(suites), cases, more, len(text))
	}
}

// TestBrokenOutput: an error of the file is returned.
func TestBrokenOutput(t *testing.T) {
	r, _ := newRun()
	if err := r.Write(encodetest.BrokenWriter{}); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("got %v", err)
	}
}

// checkSchemas validates a file by the XML Schemas in the folder that JUNIT_SCHEMAS names, with xmllint: JUnit.xsd of
// windyroad/JUnit-Schema and junit-10.xsd of Jenkins' xUnit plugin.
func checkSchemas(t *testing.T, text string) {
	t.Helper()
	schemas, err := filepath.Glob(filepath.Join(os.Getenv("JUNIT_SCHEMAS"), "*.xsd"))
	if err != nil || os.Getenv("JUNIT_SCHEMAS") == "" {
		return
	}
	for _, schema := range schemas {
		lint := exec.CommandContext(t.Context(), "xmllint", "--noout", "--schema", schema, "-")
		lint.Stdin = strings.NewReader(text)
		if out, err := lint.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s\n%.3000s", schema, err, out, text)
		}
	}
}
