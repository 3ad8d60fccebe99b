package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/input"
	"batchfetch/fetch/redact"
	"batchfetch/output"
	"batchfetch/output/terminal"
)

// runFetch is the wiring of a run: inputs become a Source, outputs a Sink, and finish makes the exit code of what
// fetch.Run returns.
func runFetch(in *interrupts, c *config, args []string) int {
	inputs, err := inputsOf(c, args)
	if err != nil {
		return printProblems(os.Stderr, flatten(err))
	}
	o := c.fetch
	var out *outputs
	warn := func(text string) { out.console.report(slog.LevelWarn, text, "") }
	queue, err := openQueue(in.ctx, inputs, &o, warn)
	if err != nil {
		return printOutputError(os.Stderr, err)
	}
	defer func() { _ = queue.close(in.ctx) }() // where the run has not begun
	var inInput, inShard atomic.Int64
	src := selectRequests(c, counting(newSource(in.ctx, inputs, queue, c.reader()), &inInput, nil))
	if c.dryRun {
		return dryRun(in, c, src)
	}
	keeper, err := openLimits(in.ctx, c, warn)
	if err != nil {
		return printOutputError(os.Stderr, err)
	}
	defer keeper.close(in.ctx)
	out, err = openOutputs(c, inputs)
	if err != nil {
		return printOutputError(os.Stderr, err)
	}
	keeper.keep(&o)
	queue.setName(out.resumed)
	out.setOptions(c, &o)
	src = skipDone(src, out, queue)
	cache := openCache(c.cache, &o, out.console)
	counts := output.NewCounts(queue.sink(out.sink(c, o.Changed, o.TempSpace)))
	o.Drain = in.drain

	progress := terminal.NewProgress(counts, o.Live, time.Now())
	src = counting(src, &inShard, progress.SetTotal) // of a pipe, the total is known at its end
	o.Expected = progress.Total
	sink := out.ends.watch(counts, &o)
	endProgress := startProgress(in, c, out, progress, inputs)
	warnRange(inputs, out.console)
	warnNumber(c.output.saveDir, out.console)
	announceRun(in, c, &o, out.console)
	queue.start(in.ctx, in.drain)
	summary, err := fetch.Run(in.ctx, src, sink, o)
	endProgress()

	ended := result{summary: summary, counts: counts, err: err, code: exitCode(in, summary, err),
		exitZero: c.exitZero, inputEmpty: summary.Complete && inInput.Load() == 0}
	ended.breakBy(queue.close(in.ctx))
	code := out.finish(c, ended)
	cache.close(context.WithoutCancel(in.ctx), out, code)
	return code
}

// selectRequests leaves the Requests that this run is to make: those of its shard, and with --unique none twice.
func selectRequests(c *config, src fetch.Source) fetch.Source {
	src = c.shard.Filter(src)
	if c.unique {
		src = input.Unique(src)
	}
	return src
}

// skipDone leaves out the Requests that an earlier run has done (--resume).
func skipDone(src fetch.Source, out *outputs, queue *runQueue) fetch.Source {
	if out.resumed == nil {
		return src
	}
	return input.Skip(src, queue.done(out.resumed.Done))
}

// announceRun warns of what this machine lacks for the run that begins, and notes that it has begun.
func announceRun(in *interrupts, c *config, o *fetch.Options, to *console) {
	warnConcurrency(o.Concurrency, to)
	warnTemp(c, to)
	in.markStarted(to.inWords)
}

// setOptions sets what a run has to know of its outputs.
func (out *outputs) setOptions(c *config, o *fetch.Options) {
	o.Log = newLogger(c, out.console)
	o.Live, o.WarnShortage = new(fetch.Live), warnShortage(out.console)
	if out.bodies != nil {
		o.BodyStore = out.bodies
	}
	if out.archive != nil {
		o.Archive = out.archive.Archive
	}
	if out.resumed != nil {
		o.Committed = out.resumed.Committed
	}
}

// inputsOf returns the inputs that the arguments name, once they are known to go with the flags.
func inputsOf(c *config, args []string) ([]inputArg, error) {
	inputs, err := checkInputs(args, c)
	if err != nil {
		return nil, err
	}
	return inputs, errors.Join(checkStdin(c, inputs), checkBodies(c, inputs))
}

// checkStdin refuses standard input as an input that a flag has read.
func checkStdin(c *config, inputs []inputArg) error {
	for _, in := range inputs {
		if in.name == "-" && c.stdinFlag != "" {
			return &usageError{
				"--" + c.stdinFlag + " reads standard input, which is the input too", "name a file for one of them",
			}
		}
	}
	return nil
}

// checkBodies refuses URLs as inputs where --url is the URL of all.
func checkBodies(c *config, inputs []inputArg) error {
	for _, in := range inputs {
		if c.bodyURL != "" && in.isURL {
			return &usageError{
				"with --url an input is a file of bodies, and a URL is given: " + redact.URLs(in.name),
				"leave out --url, or name a file with a body on each line",
			}
		}
	}
	return nil
}

// warnShortage returns the function that warns of what connections wait for.
func warnShortage(to *console) func(error) {
	return func(why error) {
		to.report(slog.LevelWarn, "requests wait for this machine: "+why.Error(),
			"a smaller --concurrency needs fewer connections at once")
	}
}

// warnConcurrency warns where the limit on open files lowers --concurrency; fetch.Run lowers it.
func warnConcurrency(concurrency int, to *console) {
	if most := fdlimit.Exchanges(); concurrency > most {
		to.report(slog.LevelWarn,
			fmt.Sprintf("--concurrency %d is lowered to %d: no more files may be open", concurrency, most),
			"ulimit -n raises that")
	}
}
