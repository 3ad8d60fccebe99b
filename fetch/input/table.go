package input

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A table is an input in CSV (RFC 4180) or TSV: each row is the text of a JSON line.
type table struct {
	limited *limitedReader
	lines   *lineCounter
	rows    rowReader
	comma   rune
	header  []string // the names of the columns; nil before it was read
	url, id int      // columns; -1 is none
	marked  bool     // a line that names the separator is above the header
	number  int64
	text    []byte
	ahead   func() ([]string, error) // the next row, where it was read before it was due; nil is none
}

func newTable(in *bufio.Reader, form Form) *table {
	skipMarks(in)
	header, isEndedByReturn := firstLine(in)
	limited := &limitedReader{in: in}
	if isEndedByReturn {
		limited.in = &lineEnds{in: in}
	}
	t := &table{limited: limited, id: -1}
	t.comma, t.marked = separatorOf(header, form)
	if t.comma == '\t' {
		t.rows = newTabReader(limited)
		return t
	}
	t.lines = &lineCounter{in: limited}
	rows := csv.NewReader(t.lines)
	rows.FieldsPerRecord, rows.ReuseRecord, rows.Comma = -1, true, t.comma
	t.rows = rows
	return t
}

// A rowReader is what a table needs of a csv.Reader.
type rowReader interface {
	Read() ([]string, error)
	FieldPos(field int) (line, column int) // of the row read last
}

// separatorOf returns what separates the columns of a table by its first line, and whether that is no header but names
// the separator, as sep=; does for Excel.
func separatorOf(first []byte, form Form) (separator rune, isMark bool) {
	mark, isMark := bytes.CutPrefix(bytes.Trim(first, `" `), []byte("sep="))
	if isMark && len(mark) == 1 && bytes.Contains([]byte(",;\t|"), mark) {
		return rune(mark[0]), true
	}
	if form == FormTSV {
		return '\t', false
	}
	for _, separator := range ",;\t" {
		if bytes.ContainsRune(first, separator) {
			return separator, false
		}
	}
	return ',', false
}

// firstLine returns the first line of in, as far as it fits into the buffer, and whether it ends with a carriage return
// alone.
func firstLine(in *bufio.Reader) (line []byte, isEndedByReturn bool) {
	for n := 1; ; n = min(in.Buffered(), in.Size()) + 1 {
		start, err := in.Peek(n)
		start, _ = in.Peek(max(len(start), in.Buffered()))
		isAll := err != nil || len(start) == in.Size()
		switch end := bytes.IndexAny(start, "\r\n"); {
		case end < 0 && isAll:
			return start, false
		case end >= 0 && (end+1 < len(start) || isAll):
			return start[:end], start[end] == '\r' && !bytes.HasPrefix(start[end+1:], []byte("\n"))
		}
	}
}

// isTableHeader reports whether a line is the header of a table with a column named url.
func isTableHeader(line []byte) bool {
	if len(line) > 4<<10 || bytes.Contains(line, []byte("://")) {
		return false
	}
	for _, separator := range [...]string{",", "\t", ";"} {
		names := strings.Split(string(line), separator)
		isURL := func(name string) bool { return strings.EqualFold(strings.Trim(name, ` "`), "url") }
		if len(names) > 1 && slices.ContainsFunc(names, isURL) {
			return true
		}
	}
	return false
}

// A headerError is that a table has no usable header.
type headerError struct{ problem string }

func (e *headerError) Error() string { return e.problem }

// readHeader reads the names of the columns.
func (t *table) readHeader() error {
	t.limited.reset()
	row, err := t.rows.Read()
	if t.marked && err == nil {
		row, err = t.rows.Read()
	}
	var malformed *csv.ParseError
	switch {
	case errors.As(err, &malformed), errors.Is(err, errElementTooLong):
		return &headerError{"the header can't be read: " + err.Error()}
	case err != nil:
		return err // an empty input has no rows
	}
	t.header = slices.Clone(row)
	t.url = -1
	for i, name := range t.header {
		name = strings.Trim(name, " ")
		t.header[i] = name
		var column *int
		switch {
		case strings.EqualFold(name, "url"):
			column = &t.url
		case name == "id":
			column = &t.id
		default:
			continue
		}
		if *column >= 0 {
			return &headerError{fmt.Sprintf("two columns are named %s", name)}
		}
		*column = i
	}
	if t.url < 0 {
		return &headerError{fmt.Sprintf("no column is named url, but %q", strings.Join(t.header, ", "))}
	}
	return nil
}

func (t *table) place() (int64, bool) { return t.number, false }

func (t *table) next() ([]byte, error) {
	if t.header == nil {
		if err := t.readHeader(); err != nil {
			return nil, err
		}
	}
	row, err := t.nextRow()
	var malformed *csv.ParseError
	switch {
	case errors.Is(err, errElementTooLong):
		return nil, errElementTooLong
	case errors.As(err, &malformed):
		return nil, t.malformedRow(malformed)
	case err != nil:
		return nil, err
	}
	line, _ := t.rows.FieldPos(0)
	t.number = int64(line)
	for len(row) > len(t.header) && row[len(row)-1] == "" {
		row = row[:len(row)-1] // a separator at the end of each row
	}
	if len(row) > len(t.header) {
		return nil, &textError{[]byte(strings.Join(row, string(t.comma))),
			fmt.Errorf("the row has %d fields, and the header %d", len(row), len(t.header))}
	}
	return t.appendLine(row), nil
}

// malformedRow returns the error of a row. A quote that is never closed takes the lines below into its row: that is the
// end of the input where it takes all of them, as where the program that writes it is killed.
func (t *table) malformedRow(e *csv.ParseError) error {
	lines := ""
	if e.Line > e.StartLine {
		row, err := t.nextRow()
		if errors.Is(err, io.EOF) && errors.Is(e.Err, csv.ErrQuote) && t.lines.isBehind(e.Line, e.Column) {
			return fmt.Errorf("a quote that line %d opens is never closed: %w", e.StartLine, io.ErrUnexpectedEOF)
		}
		t.ahead = func() ([]string, error) { return row, err }
		lines = fmt.Sprintf(", lines %d to %d", e.StartLine, e.Line)
	}
	t.number = int64(e.StartLine)
	return &textError{err: fmt.Errorf("no row of CSV%s: %w", lines, e.Err)}
}

// A lineCounter knows the number and the length of the line that was read last.
type lineCounter struct {
	in      io.Reader
	number  int // from 1
	length  int // in bytes, with what ends it
	isEnded bool
}

// Read is io.Reader's.
func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	for text := p[:n]; len(text) > 0; {
		if c.isEnded || c.number == 0 {
			c.number, c.length, c.isEnded = c.number+1, 0, false
		}
		end := bytes.IndexByte(text, '\n') + 1
		if c.isEnded = end > 0; !c.isEnded {
			end = len(text)
		}
		c.length += end
		text = text[end:]
	}
	return n, err
}

// isBehind reports whether a place, of a csv.ParseError, is at the end of the line that was read last: encoding/csv
// counts its column, from 1, without the \r of the end.
func (c *lineCounter) isBehind(line, column int) bool { return line == c.number && column >= c.length }

// nextRow returns the next row that is not blank: spreadsheets write the empty rows below a table as separators alone.
func (t *table) nextRow() ([]string, error) {
	if ahead := t.ahead; ahead != nil {
		t.ahead = nil
		return ahead()
	}
	for {
		t.limited.reset()
		row, err := t.rows.Read()
		isBlank := err == nil && !slices.ContainsFunc(row, func(value string) bool { return value != "" })
		if !isBlank {
			return row, err
		}
	}
}

// appendLine makes the JSON line of a row.
func (t *table) appendLine(row []string) []byte {
	line := map[string]any{"url": ""}
	meta := map[string]string{}
	for i, value := range row {
		switch i {
		case t.url:
			line["url"] = strings.TrimSpace(value)
		case t.id:
			if value != "" {
				line["id"] = value
			}
		default:
			meta[t.header[i]] = value
		}
	}
	if len(meta) > 0 {
		line["meta"] = meta
	}
	t.text, _ = json.Marshal(line) // of strings
	return t.text
}
