// Package cmd is the command line: flags, wiring, words on the terminal, exit codes.
package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// The exit codes, a contract.
const (
	exitOK      = 0
	exitBroken  = 1   // the run itself broke
	exitUsage   = 2   // nothing was fetched
	exitFailed  = 3   // finished, some requests failed
	exitStopped = 4   // by --fail-fast, --max-failures or --deadline
	exitInt     = 130 // SIGINT
	exitPipe    = 141 // the reader of the output went away
	exitTerm    = 143 // SIGTERM
)

// Main runs the command line and returns its exit code.
func Main(args []string) int {
	signal.Ignore(syscall.SIGPIPE) // a write to a closed pipe is an error that ends the run, not the process
	in := listen()
	defer in.stop()
	return execute(in, args)
}

// interrupts turns signals into the two ways of ending a run: the first closes drain, the second ends ctx.
type interrupts struct {
	ctx   context.Context //nolint:containedctx // the root of the process, handed on as a first parameter everywhere else
	drain chan struct{}
	stop  func()
	code  atomic.Int32 // of the first signal; 0 is none
}

// lastPatience is how long the process outlives a second signal, should its output be stuck.
const lastPatience = 2 * time.Second

func listen() *interrupts {
	ctx, cancel := context.WithCancelCause(context.Background())
	in := &interrupts{ctx: ctx, drain: make(chan struct{})}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	in.stop = func() {
		signal.Stop(signals)
		cancel(nil)
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case received := <-signals:
				if in.code.CompareAndSwap(0, int32(codeOf(received))) {
					close(in.drain)
					continue
				}
				cancel(errors.New("interrupted twice"))
				time.AfterFunc(lastPatience, func() { os.Exit(int(in.code.Load())) })
			}
		}
	}()
	return in
}

func codeOf(received os.Signal) int {
	if received == syscall.SIGTERM {
		return exitTerm
	}
	return exitInt
}
