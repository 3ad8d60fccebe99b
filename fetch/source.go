package fetch

import (
	"errors"
	"fmt"
	"iter"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
)

// A Source is an iterator of Requests, read by one goroutine as far ahead as Options.Lookahead allows. The error beside
// a Request says what to do with it: nil starts it; ErrSkipped only counts it in Summary.Skipped; a *LineError makes a
// Record with a Failure of Kind InvalidRequest of it; any other error ends the run with an *InputError.
type Source = iter.Seq2[Request, error]

// ErrSkipped is yielded with a Request that is not to be started, such as a duplicate.
var ErrSkipped = errors.New("skipped")

// ErrDone is the ErrSkipped of a Request that has succeeded in an earlier run: for Options.MaxFailurePercent it counts.
var ErrDone = fmt.Errorf("%w: done by an earlier run", ErrSkipped)

// A LineError is the reason why a line of the input can't be used. It is data: the run goes on.
type LineError struct {
	// Input is the start of the line, with secrets masked; at most 256 bytes. Empty says that the Request beside it is
	// what the line asks, and only can't be started.
	Input []byte
	// Err says what is wrong with the line.
	Err error
}

func (e *LineError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// ErrNoURL is the Err of a LineError for a line that is JSON and has no URL.
var ErrNoURL = errors.New("no url")

// ErrTable is the Err of a LineError for a line that is the header of a table with a column named url.
var ErrTable = errors.New("the header of a table, CSV or TSV")

// A ForeignLineError is the Err of a LineError for a line of a file that is for another program. It says what it is.
type ForeignLineError string

func (e ForeignLineError) Error() string { return string(e) }

// failure returns the Failure for the Record of the line.
func (e *LineError) failure() *failure.Failure {
	f := &failure.Failure{Kind: failure.InvalidRequest, Err: e.Err}
	var foreign ForeignLineError
	switch {
	case errors.As(e.Err, &foreign):
		f.Option = "migration"
	case errors.Is(e.Err, httpurl.ErrNoScheme):
		f.Option = failure.AnyScheme
	case errors.Is(e.Err, ErrNoURL):
		f.Option = "url"
	case errors.Is(e.Err, ErrTable):
		f.Option = "input"
	}
	return f
}
