package cmd

import (
	"errors"
	"log/slog"
	"os"
	"syscall"

	"golang.org/x/term"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/journal"
	"batchfetch/output/terminal"
)

// dryRun is --dry-run; with --resume it leaves out what an earlier run has done.
func dryRun(in *interrupts, c *config, src fetch.Source) int {
	if !c.output.resume {
		return printPlan(in, src)
	}
	done, err := journal.Read(c.output.output, journal.Settings{AppendRequest: c.fetch.AppendCanonical, MaxPages: c.fetch.MaxPages})
	if err != nil {
		return printOutputError(os.Stderr, describeOutput("output", err))
	}
	return printPlan(in, input.Skip(src, done.Done))
}

// printPlan counts the requests of each host and writes a line for each to standard output; nothing is fetched.
func printPlan(in *interrupts, src fetch.Source) int {
	in.markStarted()
	var hosts input.HostCounts
	var err error
	counted := make(chan struct{})
	go func() { // not awaited after a signal: it may be blocked in a read
		defer close(counted)
		hosts, err = input.CountHosts(src, failureWriter())
	}()
	select {
	case <-counted:
	case <-in.drain:
		return int(in.code.Load())
	}
	var broken error
	if err == nil {
		broken = encode.WritePlan(stream{os.Stdout}, hosts)
	}
	switch {
	case err != nil:
		reportUnlocked(slog.LevelError, err.Error())
		return exitBroken
	case errors.Is(broken, syscall.EPIPE):
		return exitPipe
	case broken != nil:
		return printOutputError(os.Stderr, broken)
	case hosts.Invalid > 0:
		return exitFailed
	}
	return exitOK
}

// failureWriter returns a function that writes the failure of an invalid input line to standard error: a Record, or
// words on a terminal.
func failureWriter() func(fetch.Request, *fetch.LineError) {
	sink := fetch.Sink(output.NewJSONL(stream{os.Stderr}, encode.BodyNone))
	if term.IsTerminal(int(os.Stderr.Fd())) {
		sink = terminal.NewFailures(stream{os.Stderr}, "a run with --failures FILE keeps them all")
	}
	return func(request fetch.Request, line *fetch.LineError) {
		record := &fetch.Record{
			Request: request, Input: line.Input,
			Failure: &failure.Failure{Kind: failure.InvalidRequest, Err: line.Err},
		}
		sink.Encode(record)
		_ = errors.Join(sink.Put(record), sink.Flush(false)) // the exit code reports invalid lines, too
	}
}
