package cmd

import (
	"errors"
	"syscall"

	"batchfetch/fetch"
	"batchfetch/output"
)

// A result is what a run ended with, and the exit code so far: an output that can't be finished changes both err and
// code.
type result struct {
	summary fetch.Summary
	counts  *output.Counts
	err     error
	code    int

	exitZero   bool // the process exits with 0 in place of exitFailed
	inputEmpty bool // the input was read to its end, and had no request
}

// exitCode returns the exit code of what fetch.Run returned: the first that applies of 1 (141 for a closed pipe),
// 130/143, 4, 3 and 0.
func exitCode(in *interrupts, summary fetch.Summary, err error) int {
	signalled := int(in.code.Load())
	var broken *fetch.OutputError
	var cut *fetch.InputError
	switch {
	case errors.As(err, &broken) && errors.Is(err, syscall.EPIPE):
		if signalled != 0 { // Ctrl-C ends the whole pipeline: the reader has exited for the same reason
			return signalled
		}
		return exitPipe
	case errors.As(err, &broken), errors.As(err, &cut):
		return exitBroken
	case signalled != 0 && !summary.Complete:
		return signalled
	case err != nil:
		return exitBroken
	case summary.Stopped == fetch.StopFailures || summary.Stopped == fetch.StopDeadline:
		return exitStopped
	case summary.Failed > 0:
		return exitFailed
	}
	return exitOK
}

// exitCode returns the exit code of the process.
func (r *result) exitCode() int {
	if r.exitZero && r.code == exitFailed {
		return exitOK
	}
	return r.code
}

// isPublished reports whether the output file of the run takes its name.
func (r *result) isPublished(mode publishMode) bool {
	switch r.code {
	case exitOK, exitFailed:
		isEmptyShard := r.summary.Total == 0 && !r.inputEmpty
		return r.summary.Succeeded > 0 || isEmptyShard || mode == publishAlways
	case exitStopped:
		return mode == publishAlways
	}
	return false
}

// addError records an error of an output, unless the run is broken already.
func (r *result) addError(err error) {
	if err == nil || r.code == exitBroken || r.code == exitPipe {
		return
	}
	r.err, r.code = &fetch.OutputError{Err: err}, exitBroken
}

// breakBy records an error that is none of an output, unless the run is broken already; nil is none.
func (r *result) breakBy(err error) {
	if err != nil && r.code != exitBroken && r.code != exitPipe {
		r.err, r.code = err, exitBroken
	}
}
