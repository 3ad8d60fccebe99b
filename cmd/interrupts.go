package cmd

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"batchfetch/fetch"
)

// interrupts are the endSignals as the two ways of ending a run: the first signal closes drain, the second
// cancels ctx. Before a run has started, the first one ends the process. One that was ignored when the process began
// stays ignored, as by nohup(1), or for what a shell runs in the background.
type interrupts struct {
	ctx     context.Context //nolint:containedctx // the root of the process, a first parameter everywhere else
	drain   chan struct{}
	caught  chan struct{} // closed when signals are received; until then they have their default actions
	code    atomic.Int32  // the exit code of the first signal; 0 is none
	first   time.Time     // when the first signal came; of the goroutine that receives them
	started atomic.Bool
	inWords atomic.Bool // as in console
	cancel  context.CancelCauseFunc
}

// oneSignal is how long after the first signal others belong to it: timeout(1) and process managers send one to the
// process and another to its group, microseconds later.
const oneSignal = time.Second

// exitDelay is how long the process may take to end in order after its last signal, should its output block.
const exitDelay = 2 * time.Second

// catchInterrupts starts to receive signals, in a goroutine of its own that ends with ctx. It does not wait until they
// are received: the runtime makes a thread for that and hands each signal over to it, which takes 0.3 ms.
func catchInterrupts() *interrupts {
	ctx, cancel := context.WithCancelCause(context.Background())
	in := &interrupts{ctx: ctx, cancel: cancel, drain: make(chan struct{}), caught: make(chan struct{})}
	go in.receive()
	return in
}

// receive handles signals until ctx ends.
func (in *interrupts) receive() {
	signals := make(chan os.Signal, 2)
	for _, each := range endSignals {
		if !signal.Ignored(each) {
			signal.Notify(signals, each)
		}
	}
	catchQuit(signals)
	close(in.caught)
	for {
		select {
		case <-in.ctx.Done():
			return
		case received := <-signals:
			in.handle(received)
		}
	}
}

// markStarted records that a run has started: from now on signals end the run in order, instead of the process. inWords
// says how the run writes messages to standard error.
func (in *interrupts) markStarted(inWords bool) {
	<-in.caught
	in.inWords.Store(inWords)
	in.started.Store(true)
}

func (in *interrupts) handle(received os.Signal) {
	if isQuit(received) {
		dieBySignal(received.(syscall.Signal)) //nolint:forcetypeassert // as every signal of the system
		os.Exit(exitQuit)
	}
	first := in.code.CompareAndSwap(0, int32(signalCode(received)))
	switch {
	case !in.started.Load():
		in.exit()
	case first:
		in.first = time.Now()
		close(in.drain)
		time.AfterFunc(fetch.Defaults().Grace+exitDelay, in.forceExit)
	case time.Since(in.first) < oneSignal:
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
	in.exit()
}

// exit ends the process by the first signal: a shell that runs it in a loop ends too, as by one that nothing catches.
func (in *interrupts) exit() {
	code := int(in.code.Load())
	dieBySignal(syscall.Signal(code - signalBase))
	os.Exit(code) // of the first process of a container, which no signal of its own ends
}

// isSignal reports whether an exit code is that of a signal which ends a run in order.
func isSignal(code int) bool { return slices.Contains(endSignals, syscall.Signal(code-signalBase)) }

// signalCode returns the exit code of a signal: 128 and its number.
func signalCode(received os.Signal) int {
	if number, ok := received.(syscall.Signal); ok {
		return signalBase + int(number)
	}
	return exitInt
}
