package terminal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// The line of a failure has its URL, kind, message and attempts.
func TestFailuresLine(t *testing.T) {
	masked := encodetest.Failure(failure.TLS, "tls: certificate for a.example, not b.example")
	masked.Request.URL = "https://ann:pw@b.example/"
	thrice := encodetest.Failure(failure.BadStatus, "503 Service Unavailable")
	thrice.Attempts = 3
	line := encodetest.Failure(failure.InvalidRequest, "no url")
	line.Request, line.Input = fetch.Request{}, []byte(`{"id":1}`)
	plain := encodetest.Failure(failure.DNS, "no address")
	canceled := encodetest.Failure(failure.Canceled, "stopped by an interrupt")
	for want, r := range map[string]*fetch.Record{
		"failed: https://example.com/x: dns: no address\n":                                plain,
		"failed: https://***@b.example/: tls: certificate for a.example, not b.example\n": masked,
		"failed: https://example.com/x: status: 503 Service Unavailable (3 attempts)\n":   thrice,
		"failed: {\"id\":1}: invalid_request: no url\n":                                   line,
		"": canceled,
	} {
		r.Body, r.HasBody = []byte("kept no longer"), true
		var out strings.Builder
		encodetest.WriteRecord(t, NewFailures(&out, "--failures FILE keeps them all"), r)
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
		if r.Body != nil {
			t.Error("the body is kept")
		}
	}
}

// The line of an input line that can't be used has its file and line; those of arguments and other failures have none.
func TestFailuresNamesFileAndLine(t *testing.T) {
	at := func(kind failure.Kind, url, file string, line int64, input string) *fetch.Record {
		r := encodetest.Failure(kind, "why")
		r.Request = fetch.Request{URL: url, File: file, Line: line}
		r.Input = []byte(input)
		return r
	}
	for want, r := range map[string]*fetch.Record{
		"failed: urls.txt:3: no url: invalid_request: why\n": at(failure.InvalidRequest, "", "urls.txt", 3,
			"no url"),
		"failed: -:12: ftp://***@a.example/: invalid_request: why\n": at(failure.InvalidRequest,
			"ftp://ann:pw@a.example/", "-", 12, "ftp"),
		"failed: ftp://a.example/: invalid_request: why\n": at(failure.InvalidRequest, "ftp://a.example/", "",
			0, ""),
		"failed: https://a.example/: dns: why\n": at(failure.DNS, "https://a.example/", "urls.txt", 3,
			""),
		"failed: a\uFFFD[2J b.txt:1: \uFFFD: invalid_request: why\n": at(failure.InvalidRequest, "", "a\x1b[2J\nb.txt", 1,
			"\x1b"),
	} {
		var out strings.Builder
		encodetest.WriteRecord(t, NewFailures(&out, "--failures FILE keeps them all"), r)
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}

// What servers and inputs say is written as printable text.
func TestFailuresIsSafe(t *testing.T) {
	const evil = "\x1b[2J\x9b1A\b\r\n\u202e\u2028\x7f\xff"
	for _, r := range []*fetch.Record{
		{Request: fetch.Request{URL: "http://a/" + evil}, Failure: &failure.Failure{Kind: failure.IO,
			Err: errors.New(evil)}},
		{Input: []byte(evil), Failure: &failure.Failure{Kind: failure.InvalidRequest, Err: errors.New("x" + evil)}},
	} {
		var out strings.Builder
		encodetest.WriteRecord(t, NewFailures(&out, "--failures FILE keeps them all"), r)
		encodetest.CheckPrintable(t, out.String())
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("not one line: %q", out.String())
		}
	}
}

// Twenty failures a second are shown; the others are counted.
func TestFailuresShowsTwentyASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		sink := NewFailures(&out, "--failures FILE keeps them all")
		burst := func(n int) []string {
			out.Reset()
			for i := range n {
				encodetest.WriteRecord(t, sink, encodetest.Failure(failure.DNS, fmt.Sprint("number ", i)))
			}
			return strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
		}
		if got := burst(50); len(got) != maxPerSecond || !strings.Contains(got[19], "number 19") {
			t.Errorf("a burst shows %d lines: %q", len(got), got)
		}
		time.Sleep(999 * time.Millisecond)
		if got := burst(1); len(got) != 1 || got[0] != "" {
			t.Errorf("within the second: %q", got)
		}
		time.Sleep(time.Millisecond)
		got := burst(1)
		if len(got) != 2 || !strings.Contains(got[0], "31 more") || !strings.Contains(got[0], "--failures") ||
			!strings.Contains(got[1], "number 0") {
			t.Errorf("in the next second: %q", got)
		}
		time.Sleep(5 * time.Second)
		if got := burst(1); len(got) != 1 || !strings.Contains(got[0], "number 0") {
			t.Errorf("nothing was kept back, yet: %q", got)
		}
	})
}

// The last Flush writes how many were not shown; one before does not.
func TestFailuresTellsTheRestAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		sink := NewFailures(&out, "--failures FILE keeps them all")
		for range maxPerSecond + 3 {
			encodetest.WriteRecord(t, sink, encodetest.Failure(failure.DNS, "no address"))
		}
		out.Reset()
		if err := sink.Flush(false); err != nil || out.Len() != 0 {
			t.Errorf("in between: %q, %v", out.String(), err)
		}
		if err := sink.Flush(true); err != nil || !strings.Contains(out.String(), "3 more") {
			t.Errorf("at the end: %q, %v", out.String(), err)
		}
		out.Reset()
		if err := sink.Flush(true); err != nil || out.Len() != 0 {
			t.Errorf("written twice: %q, %v", out.String(), err)
		}
	})
}

func TestFailuresReturnsTheWritersError(t *testing.T) {
	sink := NewFailures(encodetest.BrokenWriter{}, "--failures FILE keeps them all")
	r := encodetest.Failure(failure.DNS, "no address")
	sink.Encode(r)
	if err := sink.Put(r); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("got %v", err)
	}
}

// A Tee passes each Record on and shows it.
func TestTee(t *testing.T) {
	var file, screen strings.Builder
	sink := Tee{Sink: output.NewJSONL(&file, encode.Layout{Body: encode.BodyAuto}),
		Also: NewFailures(&screen, "--failures FILE keeps them all")}
	for range maxPerSecond + 5 {
		encodetest.WriteRecord(t, sink, encodetest.Failure(failure.DNS, "no address\x1b"))
	}
	if err := sink.Flush(true); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(file.String(), `"type":"failure"`); got != maxPerSecond+5 {
		t.Errorf("%d Records in the file, want all", got)
	}
	encodetest.CheckPrintable(t, screen.String())
	if !strings.Contains(screen.String(), "failed: https://example.com/x: dns: no address") {
		t.Errorf("shown: %q", screen.String())
	}

	r := encodetest.Failure(failure.DNS, "no address")
	broken := Tee{Sink: brokenSink{}, Also: NewFailures(&screen, "--failures FILE keeps them all")}
	broken.Encode(r)
	if err := broken.Put(r); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("put: %v", err)
	}
	if err := broken.Flush(true); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("flush: %v", err)
	}
}

// brokenSink fails every call.
type brokenSink struct{}

func (brokenSink) Encode(*fetch.Record) {}

func (brokenSink) Put(*fetch.Record) error { return encodetest.ErrBroken }

func (brokenSink) Flush(bool) error { return encodetest.ErrBroken }
