package cmd

import (
	"io"
	"log"
	"os"
	"sync/atomic"
	"time"
)

// ballast is the size in bytes of memory that is allocated and never touched: it takes address space, no RAM. The
// garbage collector counts it as live, so it runs half as often while the rest of the heap is small, as in a run of
// small bodies: over http and h2 a tenth less processor time than without, which more ballast hardly betters, for 8 MiB
// more resident. A large heap hardly notices it.
const ballast = 8 << 20

// ballastAfter is when the ballast is allocated. That starts the garbage collector, which would be a quarter of the
// processor time of a run of one URL.
const ballastAfter = 100 * time.Millisecond

// Main runs the command line and returns its exit code.
func Main(args []string) int {
	var weight atomic.Pointer[[ballast]byte]
	loading := time.AfterFunc(ballastAfter, func() { weight.Store(new([ballast]byte)) })
	defer func() {
		loading.Stop()
		weight.Store(nil) // until now it was live
	}()
	abortOnCrash()
	ignoreSignals()
	appendBoth(os.Stdout, os.Stderr)
	log.SetOutput(io.Discard) // net/http logs a server's surplus bytes there, unescaped
	in := catchInterrupts()
	defer in.cancel(nil)
	code := execute(in, args)
	if code != 0 && code == int(in.code.Load()) {
		in.exit()
	}
	return code
}
