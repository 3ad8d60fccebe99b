package input

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A jsonArray is an input that is one JSON array, read element by element.
type jsonArray struct {
	limited *limitedReader
	in      *json.Decoder
	begun   bool
	number  int64
	element json.RawMessage
}

func newJSONArray(in *bufio.Reader) *jsonArray {
	skipMarks(in)
	limited := &limitedReader{in: in}
	return &jsonArray{limited: limited, in: json.NewDecoder(limited)}
}

func (a *jsonArray) place() (int64, bool) { return a.number, false }

func (a *jsonArray) next() ([]byte, error) {
	a.limited.reset()
	if !a.begun {
		opening, err := a.in.Token()
		if errors.Is(err, io.EOF) {
			return nil, err // an empty input
		}
		if err != nil || opening != json.Delim('[') {
			return nil, &headerError{"the input is no JSON array"}
		}
		a.begun = true
	}
	if !a.in.More() {
		return nil, a.end()
	}
	a.number++
	a.element = a.element[:0]
	if err := a.in.Decode(&a.element); err != nil {
		switch {
		case errors.Is(err, errElementTooLong):
			return nil, errElementTooLong
		case errors.Is(err, io.EOF): // Decode's where nothing follows a comma: no end of the input
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("the JSON array breaks off: %w", err)
	}
	return a.element, nil
}

// end reads the end of the array: io.EOF where nothing follows it.
func (a *jsonArray) end() error {
	switch closing, err := a.in.Token(); {
	case errors.Is(err, errElementTooLong):
		return errElementTooLong
	case err != nil || closing != json.Delim(']'):
		return fmt.Errorf("the JSON array breaks off: %w", io.ErrUnexpectedEOF)
	}
	if _, err := a.in.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON array")
	}
	return io.EOF
}
