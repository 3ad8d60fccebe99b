//go:build !unix

package cmd

import "runtime/debug"

// ignoreSignals does nothing: without these signals a failed write is only an error.
func ignoreSignals() {}

// abortOnCrash makes a crash of the runtime end the process in the way of the system: by itself the runtime would exit
// with 2, which is exitUsage.
func abortOnCrash() { debug.SetTraceback("crash") }
