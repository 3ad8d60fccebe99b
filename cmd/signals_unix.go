//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// endSignals are those that end a run in order. SIGXCPU is the soft limit on CPU time (ulimit -S -t). With it, SIGUSR1
// and SIGUSR2 job engines say that they will kill a job: Grid Engine with s_rt, s_cpu and -notify, Slurm with --signal.
var endSignals = []syscall.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGXCPU, syscall.SIGUSR1, syscall.SIGUSR2,
}

// ignoreSignals ignores SIGPIPE and SIGXFSZ, so that a write to a closed pipe, or past the limit on file sizes, is an
// error in place of the end of the process.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }

// dieBySignal ends the process by a signal with its default action, if the system lets it.
func dieBySignal(which syscall.Signal) {
	if os.Getpid() == 1 { // signals without a handler don't come to the first process of a container
		return
	}
	signal.Reset(which)
	setDefaultAction(which)
	_ = syscall.Kill(os.Getpid(), which)
	time.Sleep(100 * time.Millisecond) // another thread may receive it
}

// catchQuit makes SIGQUIT a signal that signals receives, unless a user of GOTRACEBACK=crash wants the runtime to show
// what each goroutine does. Whether it was ignored when the process began is not known; a shell ignores it together
// with SIGINT, for what it runs in the background.
func catchQuit(signals chan<- os.Signal) {
	switch {
	case signal.Ignored(syscall.SIGINT):
		signal.Ignore(syscall.SIGQUIT)
	case os.Getenv("GOTRACEBACK") != "crash":
		signal.Notify(signals, syscall.SIGQUIT)
	}
}

// isQuit reports whether a signal ends the process at once.
func isQuit(received os.Signal) bool { return received == syscall.SIGQUIT }

// abortOnCrash makes a crash of the runtime (a panic, no memory) end the process by SIGABRT: by itself the
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
