package input

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// A tabReader reads the rows of TSV. A field may be in quotes, as spreadsheets write one that has tabs or line ends in
// it; a quote that begins none is text, as each is in most TSV ("Weird Al" Yankovic). A field that would have both tabs
// and line ends is none, too: such a quote took the rows below it for its text.
type tabReader struct {
	in    *bufio.Reader
	ahead []string // lines that may belong to a field in quotes
	last  int      // number of the line that was taken last
	first int      // number of the line that the last row begins with
	end   error    // of in
}

func newTabReader(in io.Reader) *tabReader { return &tabReader{in: bufio.NewReader(in)} }

// FieldPos is csv.Reader's, of the line alone.
func (r *tabReader) FieldPos(int) (line, column int) { return r.first, 1 }

// Read returns the next row; empty lines are none.
func (r *tabReader) Read() ([]string, error) {
	line := ""
	for line == "" {
		var err error
		if line, err = r.peek(0); err != nil {
			return nil, err
		}
		r.take(1)
	}
	r.first = r.last
	var row []string
	for isMore := true; isMore; {
		value, rest, inQuotes := r.quoted(line)
		if !inQuotes {
			value, line, isMore = strings.Cut(line, "\t")
		} else {
			_, line, isMore = strings.Cut(rest, "\t")
		}
		row = append(row, value)
	}
	return row, nil
}

// quoted returns the field in quotes that text begins with, and what follows it in the line that it ends in; false
// where it begins with none. It takes the lines of the field.
func (r *tabReader) quoted(text string) (value, rest string, isQuoted bool) {
	rest, isQuoted = strings.CutPrefix(text, `"`)
	var field strings.Builder
	hasTab := false
	for lines := 0; isQuoted; {
		part, after, isClosed := strings.Cut(rest, `"`)
		field.WriteString(part)
		hasTab = hasTab || strings.Contains(part, "\t")
		switch {
		case hasTab && (lines > 0 || !isClosed), lines > maxQuotedLines:
			return "", "", false
		case !isClosed:
			var err error
			if rest, err = r.peek(lines); err != nil {
				return "", "", false
			}
			lines++
			field.WriteByte('\n')
		case strings.HasPrefix(after, `"`): // two are one
			field.WriteByte('"')
			rest = after[1:]
		case after == "" || after[0] == '\t':
			r.take(lines)
			return field.String(), after, true
		default:
			return "", "", false
		}
	}
	return "", "", false
}

// maxQuotedLines bounds what is read ahead for the end of a field in quotes.
const maxQuotedLines = 1000

// peek returns the line that n others come before, without its end.
func (r *tabReader) peek(n int) (string, error) {
	for len(r.ahead) <= n {
		if r.end != nil {
			return "", r.end
		}
		line, err := r.in.ReadString('\n')
		r.end = err
		if line == "" || err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		r.ahead = append(r.ahead, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
	}
	return r.ahead[n], nil
}

// take removes n lines that were peeked at.
func (r *tabReader) take(n int) {
	r.ahead = r.ahead[n:]
	r.last += n
}
