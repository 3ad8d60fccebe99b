package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"batchfetch/fetch"
)

// readLines returns the lines that a lineReader makes of in. One that is too long is written as "line N is cut".
func readLines(t testing.TB, in io.Reader) (lines []string) {
	t.Helper()
	l := newLineReader(in)
	for {
		text, err := l.next()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		if l.tooLong {
			text = fmt.Appendf(nil, "line %d is cut", l.number)
		}
		lines = append(lines, string(text))
	}
}

// encodeUTF16 encodes ASCII text as UTF-16, big-endian or little-endian, with a byte order mark or without.
func encodeUTF16(text string, big, mark bool) string {
	var out []byte
	if mark {
		text = "\uFEFF" + text
	}
	for _, c := range []byte(strings.ReplaceAll(text, "\uFEFF", "")) {
		if big {
			out = append(out, 0, c)
		} else {
			out = append(out, c, 0)
		}
	}
	switch {
	case mark && big:
		return "\xfe\xff" + string(out)
	case mark:
		return "\xff\xfe" + string(out)
	}
	return string(out)
}

// TestLines: the lines of a lineReader, for streams read at once and in halves.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", 100<<10) // more than the buffer holds
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one line", "a\n", []string{"a"}},
		{"no newline at the end", "a\nb", []string{"a", "b"}},
		{"a carriage return at the end", "a\r\nb\r", []string{"a", "b"}},
		{"CRLF", "a\r\nb\r\n", []string{"a", "b"}},
		{"blank lines count", "\n\na\n", []string{"", "", "a"}},
		{"space at either end", " \ta \t\n", []string{"a"}},
		{"space inside stays", "a b\n", []string{"a b"}},
		{"a UTF-8 mark", "\xef\xbb\xbfa\nb\n", []string{"a", "b"}},
		{"a UTF-8 mark and nothing else", "\xef\xbb\xbf", []string{""}},
		{"marks of files that were joined", "\xef\xbb\xbf\xef\xbb\xbfa\n\xef\xbb\xbf b\n", []string{"a", "b"}},
		{"a mark within a line stays", "a\xef\xbb\xbfb\n", []string{"a\xef\xbb\xbfb"}},
		{"UTF-16 without a mark", encodeUTF16("http\nb\n", true, false), []string{"http", "b"}},
		{"UTF-16 without a mark, little end first", encodeUTF16("http\nb\n", false, false), []string{"http", "b"}},
		{"UTF-16, little end first", encodeUTF16("a\r\nb", false, true), []string{"a", "b"}},
		{"UTF-16, big end first", encodeUTF16("a\nb\n", true, true), []string{"a", "b"}},
		{"half a mark", "\xff", []string{"\xff"}},
		{"longer than the buffer", "a\n" + long + "\nb\n", []string{"a", long, "b"}},
		{"longer than the buffer, at the end", long, []string{long}},
		{"as long as is usable", strings.Repeat("x", maxJSONLine) + "\r\nb\n",
			[]string{strings.Repeat("x", maxJSONLine), "b"}},
		{"too long to be kept", "a\n" + strings.Repeat("x", maxJSONLine+100<<10) + "\nb\n",
			[]string{"a", "line 2 is cut", "b"}},
		{"too long, at the end", strings.Repeat("x", maxJSONLine+100<<10), []string{"line 1 is cut"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.in), iotest.HalfReader(strings.NewReader(tt.in))} {
				if got := readLines(t, in); !slices.Equal(got, tt.want) {
					t.Errorf("got %s, want %s", describeLines(got), describeLines(tt.want))
				}
			}
		})
	}
}

// describeLines shortens lines for a message: the start of each, and its length.
func describeLines(lines []string) string {
	var words []string
	for _, line := range lines {
		words = append(words, fmt.Sprintf("%.20q (%d)", line, len(line)))
	}
	return strings.Join(words, " ")
}

// endlessLine is a reader of n bytes without a newline.
type endlessLine struct{ n int64 }

func (e *endlessLine) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := int64(min(len(p), int(e.n)))
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.n -= n
	return int(n), nil
}

// TestLineMemoryIsBounded: for a stream without a newline no more memory is allocated than for the longest usable line.
func TestLineMemoryIsBounded(t *testing.T) {
	l := newLineReader(&endlessLine{n: 64 << 20})
	if _, err := l.next(); err != nil || !l.tooLong {
		t.Fatalf("cut %t, error %v", l.tooLong, err)
	}
	if cap(l.longLine) > 2*maxJSONLine {
		t.Errorf("holds %d bytes", cap(l.longLine))
	}
}

// TestLineErrorEndsTheLines: a line that an error cuts off is not returned.
func TestLineErrorEndsTheLines(t *testing.T) {
	boom := errors.New("boom")
	l := newLineReader(io.MultiReader(strings.NewReader("a\nhalf a li"), iotest.ErrReader(boom)))
	if text, err := l.next(); string(text) != "a" || err != nil {
		t.Fatal(string(text), err)
	}
	if text, err := l.next(); !errors.Is(err, boom) {
		t.Errorf("half a line is returned: %q, %v", text, err)
	}
}

// collect returns all that a Source yields.
func collect(source fetch.Source) (requests []fetch.Request, errs []error) {
	for r, err := range source {
		requests, errs = append(requests, r), append(errs, err)
	}
	return requests, errs
}

// TestReaderCountsRequestsNotLines: the Index counts the Requests of all inputs of a Reader, Line all lines of one.
func TestReaderCountsRequestsNotLines(t *testing.T) {
	var rd Reader
	const in = "# head\n\nhttp://a.test/\n  # tail\n{\"bad\n{\"url\":\"http://b.test/\"}\n"
	requests, errs := collect(Concat(rd.Lines(strings.NewReader(in), "one.txt"), rd.URLs([]string{"http://c.test/"}),
		rd.Lines(strings.NewReader("http://d.test/"), "two.txt")))
	var got []string
	for i, r := range requests {
		word := "good"
		if errs[i] != nil {
			word = "bad"
		}
		got = append(got, fmt.Sprintf("%d %s:%d %s %s", r.Index, r.File, r.Line, word, r.URL))
	}
	want := []string{"0 one.txt:3 good http://a.test/", "1 one.txt:5 bad ", "2 one.txt:6 good http://b.test/",
		"3 :0 good http://c.test/", "4 two.txt:1 good http://d.test/"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestUnusableLineEndsNoSource: an unusable line is a LineError with 256 bytes of its text, and the next line follows.
func TestUnusableLineEndsNoSource(t *testing.T) {
	_, errs := collect(new(Reader).Lines(strings.NewReader("{"+strings.Repeat("x", 1000)+"\nhttp://a.test/\n"), ""))
	var line *fetch.LineError
	if len(errs) != 2 || !errors.As(errs[0], &line) || errs[1] != nil {
		t.Fatalf("got %v", errs)
	}
	if len(line.Input) != 256 || line.Input[0] != '{' {
		t.Errorf("keeps %q", line.Input)
	}
}

// TestInputThatBreaksSaysWhere: an error of the reader names the input and the last line.
func TestInputThatBreaksSaysWhere(t *testing.T) {
	boom := errors.New("boom")
	in := io.MultiReader(strings.NewReader("http://a.test/\n"), iotest.ErrReader(boom))
	_, errs := collect(new(Reader).Lines(in, "urls.txt"))
	if len(errs) != 2 || !errors.Is(errs[1], boom) || errs[1].Error() != "reading urls.txt after line 1: boom" {
		t.Errorf("got %v", errs)
	}
}

// TestSourceStopsWhenAsked: a loop that ends early does not read the rest of the input.
func TestSourceStopsWhenAsked(t *testing.T) {
	in := strings.NewReader(strings.Repeat("http://a.test/\n", 100000))
	for range Concat(new(Reader).Lines(in, ""), new(Reader).URLs([]string{"http://b.test/"})) {
		break
	}
	if in.Len() == 0 {
		t.Error("the whole input was read for one request")
	}
}

// TestOurOwnOutputIsInput: lines of our own output without a request are skipped in every form. Count recognizes the
// form in which we write them.
func TestOurOwnOutputIsInput(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		count      int64
	}{
		{"a summary", `{"type":"summary","complete":true,"total":8}`, 1},
		{"a log line", `{"type":"log","time":"2026-01-02T03:04:05Z","level":"WARN"}`, 1},
		{"a plan", `{"type":"plan","host":"http://a.test","requests":5}`, 1},
		{"a plan's end", `{"type":"plan","total":5}`, 1},
		{"a summary with spaces", `{"type": "summary", "total": 8}`, 2},
		{"a summary with its members sorted", `{"complete":true,"total":8,"type":"summary"}`, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.line + "\nhttp://a.test/\n"
			requests, errs := collect(new(Reader).Lines(strings.NewReader(in), ""))
			if len(requests) != 1 || errs[0] != nil || requests[0].Index != 0 {
				t.Errorf("got %v, %v", requests, errs)
			}
			if n, err := new(Reader).Count(strings.NewReader(in)); n != tt.count || err != nil {
				t.Errorf("counts %d, %v", n, err)
			}
		})
	}
}

// TestCountAgrees: Count is the number of Requests that Lines yields.
func TestCountAgrees(t *testing.T) {
	const in = "\uFEFF# x\nhttp://a.test/\r\n\n{\"url\":\"http://u.test/\"}\n{bad\n" +
		"{\"type\":\"failure\",\"url\":\"http://u.test/\"}\nnonsense"
	requests, _ := collect(new(Reader).Lines(strings.NewReader(in), ""))
	n, err := new(Reader).Count(strings.NewReader(in))
	if err != nil || n != int64(len(requests)) || n != 5 {
		t.Errorf("counts %d (%v) of %d", n, err, len(requests))
	}
	boom := errors.New("boom")
	if _, err := new(Reader).Count(iotest.ErrReader(boom)); !errors.Is(err, boom) {
		t.Errorf("a broken input counts as %v", err)
	}
}

// FuzzLineReader compares a lineReader with splitting the whole input at once.
func FuzzLineReader(f *testing.F) {
	for _, seed := range []string{"", "a", "a\nb\r\n", "\n\n", " a \n", "\xef\xbb\xbfa", "\xef\xbb\xbf\xef\xbb\xbfa",
		"\r\n\r", "a\x00b\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, is16 := orderOfUTF16(in[:min(len(in), 4)]); is16 {
			return // which TestLines covers
		}
		var want []string
		for line := range bytes.SplitAfterSeq(in, []byte("\n")) {
			if len(line) == 0 {
				continue
			}
			line = bytes.TrimSpace(line)
			for marked := true; marked; {
				line, marked = bytes.CutPrefix(line, []byte("\xef\xbb\xbf"))
				line = bytes.TrimSpace(line)
			}
			want = append(want, string(line))
		}
		if got := readLines(t, iotest.OneByteReader(bytes.NewReader(in))); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
