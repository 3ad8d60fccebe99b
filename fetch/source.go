package fetch

import (
	"errors"
	"iter"
)

// A Source yields Requests lazily. The error beside a Request says what to do with it:
// nil runs it; ErrSkipped counts it and no more; a *LineError makes a failure Record of it; anything else ends the input.
type Source = iter.Seq2[Request, error]

// ErrSkipped is yielded with a Request that is not to be asked, such as a duplicate.
var ErrSkipped = errors.New("skipped")

// A LineError is an input line that can't be used. It is data: the run goes on.
type LineError struct {
	// Input is the start of the line, masked, at most 256 bytes.
	Input []byte
	Err   error
}

func (e *LineError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }
