package cmd

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"batchfetch/fetch"
)

// interrupts are SIGINT and SIGTERM as the two ways of ending a run: the first signal closes drain, the second cancels
// ctx. Before a run has started, the first one ends the process.
type interrupts struct {
	ctx     context.Context //nolint:containedctx // the root of the process, a first parameter everywhere else
	drain   chan struct{}
	stop    func()       // ends the goroutine that receives signals
	code    atomic.Int32 // the exit code of the first signal; 0 is none
	started atomic.Bool
	inWords atomic.Bool // as in console
	cancel  context.CancelCauseFunc
}

// exitDelay is how long the process may take to end in order after its last signal, should its output block.
const exitDelay = 2 * time.Second

// catchInterrupts starts to receive signals, in a goroutine of its own.
func catchInterrupts() *interrupts {
	ctx, cancel := context.WithCancelCause(context.Background())
	in := &interrupts{ctx: ctx, cancel: cancel, drain: make(chan struct{})}
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
				in.handle(received)
			}
		}
	}()
	return in
}

// markStarted records that a run has started: from now on signals end the run in order, instead of the process. inWords
// says how the run writes messages to standard error.
func (in *interrupts) markStarted(inWords bool) {
	in.inWords.Store(inWords)
	in.started.Store(true)
}

func (in *interrupts) handle(received os.Signal) {
	first := in.code.CompareAndSwap(0, int32(signalCode(received)))
	switch {
	case !in.started.Load():
		os.Exit(int(in.code.Load()))
	case first:
		close(in.drain)
		time.AfterFunc(fetch.Defaults().Grace+exitDelay, in.forceExit)
	default:
		in.cancel(errors.New("interrupted twice"))
		time.AfterFunc(exitDelay, in.forceExit)
	}
}

// forceExit ends the process though its output, and perhaps standard error too, blocks.
func (in *interrupts) forceExit() {
	reported := make(chan struct{})
	go func() {
		reportUnlocked(in.inWords.Load(), slog.LevelError, "the output is stuck: the run could not be ended in order")
		close(reported)
	}()
	select {
	case <-reported:
	case <-time.After(exitDelay / 4):
	}
	os.Exit(int(in.code.Load()))
}

// signalCode returns the exit code of a signal: 128 and its number.
func signalCode(received os.Signal) int {
	if received == syscall.SIGTERM {
		return exitTerm
	}
	return exitInt
}
