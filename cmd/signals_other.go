//go:build !unix

package cmd

// ignoreSignals does nothing: without these signals a failed write is only an error.
func ignoreSignals() {}
