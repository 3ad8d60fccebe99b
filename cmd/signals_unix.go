//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// ignoreSignals ignores SIGPIPE and SIGXFSZ, so that a write to a closed pipe, or past the limit on file sizes, is an
// error in place of the end of the process.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }

// abortOnCrash makes a crash of the runtime (a panic, no memory, SIGQUIT) end the process by SIGABRT: by itself the
// runtime would exit with 2, which is exitUsage. No core is written, which would hold the secrets of the run, unless
// GOTRACEBACK=crash asks for one.
func abortOnCrash() {
	if os.Getenv("GOTRACEBACK") != "crash" {
		var cores syscall.Rlimit
		if syscall.Getrlimit(syscall.RLIMIT_CORE, &cores) == nil {
			cores.Cur = 0
			_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &cores) // lowering it is always allowed
		}
	}
	debug.SetTraceback("crash")
}
