package fetch

import (
	"errors"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/spool"
)

// A LimitsError is the error of a run that ended because Options.Limiter failed.
type LimitsError struct{ Err error }

func (e *LimitsError) Error() string { return "the limits can't be kept: " + e.Err.Error() }

// Unwrap returns the error of the Limiter.
func (e *LimitsError) Unwrap() error { return e.Err }

// An OutputError is the error of a run that ended because an output failed: the Sink, a BodyStore or a temporary file.
type OutputError struct{ Err error }

func (e *OutputError) Error() string {
	var body *storeError
	var temporary *spool.Error
	if errors.As(e.Err, &body) || errors.As(e.Err, &temporary) { // they say themselves what could not be written
		return e.Err.Error()
	}
	return "writing the output: " + e.Err.Error()
}

// Unwrap returns the error of the output.
func (e *OutputError) Unwrap() error { return e.Err }

// An InputError is the error of a run whose Source yielded an error that is neither ErrSkipped nor a *LineError.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the Source's error.
func (e *InputError) Unwrap() error { return e.Err }

// A storeError is an error of a BodyStore that ends the run: one that is no *Failure.
type storeError struct{ err error }

func (e *storeError) Error() string { return "saving a body: " + e.err.Error() }

// Unwrap returns the BodyStore's error.
func (e *storeError) Unwrap() error { return e.err }

// storeFailure returns an error of a BodyStore as it is, where it is a *Failure, which concerns one Request, or nil;
// else a *Failure of Kind IO around a storeError, which ends the run.
func storeFailure(err error) error {
	var known *failure.Failure
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &failure.Failure{Kind: failure.IO, Err: &storeError{err}}
}

// spoolFailure returns a *Failure of Kind IO around an error of a temporary file. One with a *spool.Error in it ends
// the run.
func spoolFailure(err error) error {
	return &failure.Failure{Kind: failure.IO, Err: err, Option: failure.TempDir}
}

// isShortage reports whether an error of a file ends no run: too many files are open, or there is no room for a
// temporary one. Both end with what others hold.
func isShortage(err error) bool { return fdlimit.IsExhausted(err) || spool.IsFull(err) }

// storageErrorOf returns the error in a failure that ends the run: a *storeError or a *spool.Error; nil is none.
func storageErrorOf(f *failure.Failure) error {
	if f == nil { // first: the targets of errors.As escape to the heap
		return nil
	}
	var store *storeError
	var spool *spool.Error
	switch {
	case isShortage(f):
		return nil
	case errors.As(f, &store):
		return store
	case errors.As(f, &spool):
		return spool
	}
	return nil
}
