package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/term"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/journal"
	"batchfetch/output/terminal"
)

// runFetch is the wiring of a run: inputs to Source, Sinks to files and streams, and what is said at the end.
func runFetch(in *interrupts, s *settings, args []string) int {
	inputs, err := findInputs(args)
	if err != nil {
		return tellProblems(os.Stderr, flatten(err))
	}
	for _, in := range inputs {
		if in.name == "-" && s.stdinFor != "" {
			return tellProblems(os.Stderr, []error{&usageError{"--" + s.stdinFor + " reads standard input, which is the input too", "name a file for one of them"}})
		}
	}
	src := s.shard.Part(source(inputs))
	if s.unique {
		src = fetch.Unique(src)
	}
	if s.dryRun {
		return dryRest(in, s, src)
	}
	out, err := openOutputs(s, inputs)
	if err != nil {
		return tellOutput(os.Stderr, err)
	}
	if out.bodies != nil {
		s.fetch.Keeper = out.bodies
	}
	if out.resumed != nil {
		src = fetch.Skip(src, out.resumed.Done)
		s.fetch.Committed = out.resumed.Committed
	}
	kept := openCache(s, out)
	counts := output.NewCounts(out.sink(s))
	s.fetch.Drain = in.drain
	s.fetch.Log = out.logger(s)
	s.fetch.Live = new(fetch.Live)

	watching, stopWatching := context.WithCancel(in.ctx)
	watched := out.watch(watching, in, s, counts, inputs)
	if most := fetch.MostConcurrency(); s.fetch.Concurrency > most {
		out.tell(slog.LevelWarn, fmt.Sprintf("--concurrency %d is lowered to %d: no more files may be open", s.fetch.Concurrency, most), "ulimit -n raises that")
	}
	in.begin()
	summary, err := fetch.Run(in.ctx, src, counts, s.fetch)
	stopWatching()
	watched()

	code := out.finish(s, report{summary: summary, counts: counts, err: err, code: exitCode(in, summary, err)})
	kept.close(context.WithoutCancel(in.ctx), out, code)
	return code
}

// exitCode is the first that applies of 2, 1, 130/143, 4, 3 and 0.
func exitCode(in *interrupts, summary fetch.Summary, err error) int {
	signalled := int(in.code.Load())
	var broken *fetch.OutputError
	var cut *fetch.InputError
	switch {
	case errors.As(err, &broken) && errors.Is(err, syscall.EPIPE):
		if signalled != 0 { // Ctrl-C reaches the whole pipeline: the reader went away over that
			return signalled
		}
		return exitPipe
	case errors.As(err, &broken), errors.As(err, &cut):
		return exitBroken
	case signalled != 0 && !summary.Complete:
		return signalled
	case err != nil:
		return exitBroken
	case summary.Stopped == fetch.StopFailures || summary.Stopped == fetch.StopDeadline:
		return exitStopped
	case summary.Failed > 0:
		return exitFailed
	}
	return exitOK
}

// dryRest is dryRun of what an earlier run has left to do.
func dryRest(in *interrupts, s *settings, src fetch.Source) int {
	if !s.resume {
		return dryRun(in, src)
	}
	done, err := journal.Read(s.output, journal.Settings{AppendRequest: s.fetch.AppendAsked})
	if err != nil {
		return tellOutput(os.Stderr, describeOutput(err))
	}
	return dryRun(in, fetch.Skip(src, done.Done))
}

// dryRun counts the requests of each host and prints a line for each; nothing is asked.
func dryRun(in *interrupts, src fetch.Source) int {
	in.begin()
	var hosts fetch.Hosts
	var err error
	counted := make(chan struct{})
	go func() { // may be blocked in a read when a signal ends the process
		defer close(counted)
		hosts, err = fetch.CountHosts(src, tellUnusable())
	}()
	select {
	case <-counted:
	case <-in.drain:
		return int(in.code.Load())
	}
	var broken error
	if err == nil {
		broken = encode.WritePlan(os.Stdout, hosts)
	}
	switch {
	case err != nil:
		sayAlone(slog.LevelError, err.Error(), "")
		return exitBroken
	case errors.Is(broken, syscall.EPIPE):
		return exitPipe
	case broken != nil:
		return tellOutput(os.Stderr, broken)
	case hosts.Invalid > 0:
		return exitFailed
	}
	return exitOK
}

// tellUnusable returns what writes the failure Record of a line that can't be used.
func tellUnusable() func(fetch.Request, *fetch.LineError) {
	sink := fetch.Sink(output.NewJSONL(os.Stderr, encode.BodyNone))
	if term.IsTerminal(int(os.Stderr.Fd())) {
		sink = terminal.NewFailures(os.Stderr, "a run with --failures FILE keeps them all")
	}
	return func(request fetch.Request, line *fetch.LineError) {
		record := &fetch.Record{Request: request, Input: line.Input, Failure: &fetch.Failure{Kind: fetch.InvalidRequest, Err: line.Err}}
		sink.Encode(record)
		_ = errors.Join(sink.Put(record), sink.Flush(false)) // the exit code tells as well
	}
}

// flatten lists the errors that were joined.
func flatten(err error) []error {
	joined, several := err.(interface{ Unwrap() []error }) // what errors.Join made, and nothing below it
	if !several {
		return []error{err}
	}
	var list []error
	for _, each := range joined.Unwrap() {
		list = append(list, flatten(each)...)
	}
	return list
}

// report is what there is to say once a run is over.
type report struct {
	summary fetch.Summary
	counts  *output.Counts
	err     error
	code    int
}

// stoppedBy says in words what ended a run early.
func (r report) stoppedBy(s *settings) string {
	if r.code == exitInt || r.code == exitTerm {
		return "interrupted"
	}
	switch r.summary.Stopped {
	case fetch.StopFailures:
		if s.failFast {
			return "stopped at the first failure (--fail-fast)"
		}
		return "stopped: more failures than --max-failures allows"
	case fetch.StopDeadline:
		return fmt.Sprintf("stopped: --deadline %s has passed", shortDuration(s.fetch.Deadline))
	case fetch.StopDrain, fetch.StopCanceled:
		return "interrupted"
	case fetch.StopInput:
		return "the input broke off"
	case fetch.StopOutput:
		return "the output can't be written"
	}
	return ""
}

// seconds is a duration as a person reads it.
func seconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
