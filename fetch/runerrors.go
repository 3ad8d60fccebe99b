package fetch

import (
	"errors"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/spool"
)

// An OutputError ends a run whose Sink failed.
type OutputError struct{ Err error }

func (e *OutputError) Error() string {
	var body *storeError
	var temporary *spool.Error
	if errors.As(e.Err, &body) || errors.As(e.Err, &temporary) { // they say themselves what could not be written
		return e.Err.Error()
	}
	return "writing the output: " + e.Err.Error()
}

// Unwrap returns the Sink's error.
func (e *OutputError) Unwrap() error { return e.Err }

// An InputError ends a run whose Source broke off half-way.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the Source's error.
func (e *InputError) Unwrap() error { return e.Err }

// A storeError breaks the run.
type storeError struct{ err error }

func (e *storeError) Error() string { return "saving a body: " + e.err.Error() }

// Unwrap returns the Keeper's error.
func (e *storeError) Unwrap() error { return e.err }

// storeFailure tells what concerns one Request from what breaks the run.
func storeFailure(err error) error {
	var known *failure.Failure
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &failure.Failure{Kind: failure.IO, Err: &storeError{err}}
}

// spoolFailure makes a failure of what breaks the run.
func spoolFailure(err error) error { return &failure.Failure{Kind: failure.IO, Err: err} }

// brokenDisk returns what breaks the run in a failure: an error of the Keeper, or of a temporary file; else nil. Too
// many open files break no run.
func brokenDisk(f *failure.Failure) error {
	if f == nil { // before errors.As makes the compiler allocate what it fills in
		return nil
	}
	var store *storeError
	var spool *spool.Error
	switch {
	case fdlimit.IsExhausted(f):
		return nil
	case errors.As(f, &store):
		return store
	case errors.As(f, &spool):
		return spool
	}
	return nil
}
