package actions

import (
	"fmt"
	"html"
	"io"
	"regexp"
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

// hostile are texts of a server that try to be a workflow command, or markup.
var hostile = []string{
	"\n::error::owned", "\r::add-mask::x", "%0A::error::owned", "%0a::set-output name=a::b", "##[error]owned",
	"\u2028::warning::x", "::stop-commands::t", " ::debug::x", "x##vso[task.setvariable variable=a]b", encodetest.Nasty,
	"| a | b |\n| --- | --- |", "<script>alert(1)</script>", "[a](javascript:b)", "![a](//b.test/c.png)",
	"@everyone #1 GH-1",
	"`a` **b** ~~c~~ __d__ $e$", "www.a.test https://a.test/b", "&lt;b&gt; &#60;b&#62;", ":smile:", "- [ ] a", "    a",
	"\xff\xfe", strings.Repeat("\u20ac::", 2000), "a\\|b", "-->", "```\n", "===", "<!-- ", "1. a", "> a",
}

// run returns a Run with these failures, of several causes.
func run(t testing.TB, records ...*fetch.Record) *Run {
	counts := output.NewCounts(output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone}))
	s := &fetch.Summary{Exchanges: 7, FailedByHost: map[string]int64{}, ByStatus: map[int]int64{200: 3, 404: 1},
		Latency: fetch.Latency{Count: 7, P50: 1500 * time.Microsecond}, LimitedBy: fetch.LimitHostRate}
	for _, r := range records {
		encodetest.WriteRecord(t, counts, r)
	}
	return &Run{Headline: "3 of 4 fetched; 1 failed", Failed: true, Summary: s, Groups: counts.Groups()}
}

// failed returns a failure of that status.
func failed(status int, url, message string) *fetch.Record {
	r := encodetest.Failure(failure.BadStatus, message)
	r.Status, r.Request.URL = status, url
	return r
}

// TestAnnotations: one for each cause, with an example, an error only where the step fails.
func TestAnnotations(t *testing.T) {
	r := run(t, failed(404, "https://a.test/1,2", "404 Not Found"), failed(404, "https://b.test/", "404 Not Found"),
		encodetest.Failure(failure.DNS, "no address: 50%\nof them"))
	const want = "::error title=batchfetch%3A 2 failed%3A 404 Not Found::for example https://a.test/1,2: 404 Not Found\n" +
		"::error title=batchfetch%3A 1 failed%3A name lookup failed::for example https://example.com/x: " +
		"no address: 50%25 of them\n"
	if got := r.Annotations(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	r.Failed, r.Stopped = false, "Stopped: --deadline 1m has passed"
	if got := r.Annotations(); strings.Contains(got, "error") ||
		!strings.HasPrefix(got, "::warning title=batchfetch::Stopped: --deadline 1m has passed\n::warning ") {
		t.Errorf("got %s", got)
	}
	var many []*fetch.Record
	for status := 400; status < 430; status++ {
		many = append(many, failed(status, "https://a.test/", "no"))
	}
	if got := run(t, many...).Annotations(); strings.Count(got, "\n") != maxAnnotations ||
		!strings.HasSuffix(got, "::21 failed for 21 other reasons\n") {
		t.Errorf("got %s", got)
	}
	if got := run(t).Annotations(); got != "" {
		t.Errorf("without failures there is %s", got)
	}
}

// TestHostileText: whatever a server says, each line of the annotations is a command of ours, which the runner decodes
// to one line, and in Markdown all of it is text.
func TestHostileText(t *testing.T) {
	command := regexp.MustCompile(`^::error title=[^:,\r\n]*::[^\r\n]*$`)
	decode := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	for _, text := range hostile {
		bad := failed(404, "https://a.test/"+text, text)
		unusable := encodetest.Failure(failure.InvalidRequest, text)
		unusable.Request.URL, unusable.Request.File, unusable.Request.Line, unusable.Input = "", text, 3, []byte(text)
		r := run(t, bad, unusable)
		r.Headline, r.Stopped, r.Summary.LimitedHost = text, text, text
		r.Summary.FailedByHost = map[string]int64{text: 1, "https://b.test": 2}
		for i, g := range r.Groups {
			g.Words = text + string(rune('a'+i))
		}
		encodetest.CheckPrintable(t, strings.ReplaceAll(r.Annotations(), "::error title", "error title"))
		for line := range strings.Lines(r.Annotations()) {
			line = strings.TrimSuffix(line, "\n")
			if !command.MatchString(line) || strings.ContainsAny(decode.Replace(line), "\r\n") {
				t.Errorf("%.60q becomes the line %.300q", text, line)
			}
		}
		checkMarkdown(t, r.Markdown(), text)
	}
}

// checkMarkdown checks that nothing in Markdown is markup but our tables, and that the text is in it.
func checkMarkdown(t *testing.T, markdown, text string) {
	t.Helper()
	encodetest.CheckPrintable(t, markdown)
	ours := regexp.MustCompile(`^(### batchfetch|\| ---:? \|( ---:? \|)*|\| -[-: |]*|\| \| \||)$`)
	reference := regexp.MustCompile(`&#[0-9]+;`)
	for line := range strings.Lines(markdown) {
		line = strings.TrimSuffix(line, "\n")
		rest := reference.ReplaceAllString(line, "")
		if !ours.MatchString(line) && strings.ContainsAny(strings.Trim(strings.ReplaceAll(rest, " | ", ""), "| "),
			"!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~") {
			t.Errorf("%.60q becomes %.300q", text, line)
		}
	}
	want := encode.Printable(shorten(text))
	if shown := html.UnescapeString(markdown); !strings.Contains(shown, want) {
		t.Errorf("%.60q is not in %.300q", want, shown)
	}
}

// TestBounded: a run of very many causes and hosts has a job summary that GitHub takes.
func TestBounded(t *testing.T) {
	long := strings.Repeat("~", 5000)
	var many []*fetch.Record
	for status := 100; status < 1000; status++ {
		r := failed(status, "https://a.test/"+long, long)
		many = append(many, r)
	}
	r := run(t, many...)
	for i := range 1000 {
		r.Summary.FailedByHost[fmt.Sprint("https://", i, long)] = 1
		r.Summary.ByStatus[i] = 1
	}
	got := r.Markdown()
	if len(got) > MaxStepSummary/2 || !utf8.ValidString(got) || strings.Count(got, "\n") > 4*maxRows {
		t.Errorf("%d bytes, %d lines", len(got), strings.Count(got, "\n"))
	}
	for _, want := range []string{"| 850 | 850 other reasons | |\n", "| 950 | 950 other hosts |\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}
