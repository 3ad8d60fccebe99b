package input

import (
	"bufio"
	"errors"
	"io"
)

// newTexts returns the texts of in. Text in UTF-16 is decoded.
func newTexts(in io.Reader, form Form) texts {
	buffered := DecodeUTF16(bufio.NewReaderSize(in, readSize))
	if form == FormAuto || form == "" {
		form = detect(buffered)
	}
	switch form {
	case FormCSV, FormTSV:
		return newTable(buffered, form)
	case FormJSON:
		return newJSONArray(buffered)
	case FormSitemap:
		return newSitemap(buffered)
	}
	return &lineReader{in: bufio.NewReaderSize(&lineEnds{in: buffered}, readSize)}
}

// CheckHeader returns what is wrong with the header of a table; nil also for an empty input, and for other forms.
func CheckHeader(in io.Reader, form Form) error {
	t, isTable := newTexts(in, form).(*table)
	if !isTable {
		return nil
	}
	err := t.readHeader()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
