//go:build !unix

package cmd

import (
	"os"
	"runtime/debug"
	"syscall"
)

// endSignals are those that end a run in order.
var endSignals = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// ignoreSignals does nothing: without these signals a failed write is only an error.
func ignoreSignals() {}

// dieBySignal does nothing: a process is not ended by signals here.
func dieBySignal(syscall.Signal) {}

// catchQuit does nothing: there is no SIGQUIT here.
func catchQuit(chan<- os.Signal) {}

func isQuit(os.Signal) bool { return false }

// abortOnCrash makes a crash of the runtime end the process in the way of the system: by itself the runtime would exit
// with 2, which is exitUsage.
func abortOnCrash() { debug.SetTraceback("crash") }
