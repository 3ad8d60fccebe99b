package cmd

import (
	"errors"
	"log/slog"
	"os"
	"syscall"

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
		return printPlan(in, c, src)
	}
	done, err := journal.Read(c.output.output,
		journal.Settings{AppendRequest: c.appendRequest, MaxPages: c.fetch.MaxPages, Part: shardName(c.shard)})
	if err != nil {
		return printOutputError(os.Stderr, describeOutput("output", err))
	}
	return printPlan(in, c, input.Skip(src, done.Done))
}

// printPlan counts the requests of each host and writes a line for each to standard output; nothing is fetched.
func printPlan(in *interrupts, c *config, src fetch.Source) int {
	in.markStarted(c.inWords())
	var hosts input.HostCounts
	var err error
	counted := make(chan struct{})
	go func() { // not awaited after a signal: it may be blocked in a read
		defer close(counted)
		hosts, err = input.CountHosts(src, failureWriter(c.inWords()))
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
		reportUnlocked(c.inWords(), slog.LevelError, err.Error())
		return exitBroken
	case errors.Is(broken, syscall.EPIPE):
		return exitPipe
	case broken != nil:
		writeMessage(os.Stderr, c.inWords(), slog.LevelError, broken.Error(), outputHint(broken))
		return exitBroken
	case hosts.Total == 0:
		writeMessage(os.Stderr, c.inWords(), slog.LevelWarn, noRequests, "")
	case hosts.Invalid > 0 && !c.exitZero:
		return exitFailed
	}
	return exitOK
}

// failureWriter returns a function that writes the failure of an invalid input line to standard error: a Record, or
// words.
func failureWriter(inWords bool) func(fetch.Request, *fetch.LineError) {
	sink := fetch.Sink(output.NewJSONL(stream{os.Stderr}, encode.Layout{Body: encode.BodyNone}))
	if inWords {
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
