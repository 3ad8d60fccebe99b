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

// A fetchRun is one run of the root command: what it reads and writes, and how it fetches.
type fetchRun struct {
	in      *interrupts
	config  *config
	options fetch.Options
	inputs  []inputArg
	queue   *runQueue    // the input, where that is a queue; else nil
	read    atomic.Int64 // Requests that the inputs had

	limits *runLimits // kept together with other processes; nil is that they are the run's own
	out    *outputs
	cache  *runCache // nil is none
}

// runFetch is the wiring of a run: inputs become a Source, outputs a Sink, and finish makes the exit code of what
// fetch.Run returns.
func runFetch(in *interrupts, c *config, args []string) int {
	r := &fetchRun{in: in, config: c, options: c.fetch}
	var err error
	if r.inputs, err = inputsOf(c, args); err != nil {
		return printProblems(os.Stderr, flatten(err))
	}
	if r.queue, err = openQueue(in.ctx, r.inputs, &r.options, r.warn); err != nil {
		return printOutputError(os.Stderr, err)
	}
	defer func() { _ = r.queue.close(in.ctx) }() // where the run has not begun
	src := r.source()
	if c.dryRun {
		return dryRun(in, c, src)
	}
	if r.limits, err = openLimits(in.ctx, c, r.warn); err != nil {
		return printOutputError(os.Stderr, err)
	}
	defer r.limits.close(in.ctx)
	if err := r.open(); err != nil {
		return printOutputError(os.Stderr, err)
	}
	return r.fetch(skipDone(src, r.out, r.queue))
}

// warn tells of trouble with a server that the run goes on without for a time.
func (r *fetchRun) warn(text string) { r.out.console.report(slog.LevelWarn, text, "") }

// source returns the Requests of the inputs that this run is to make.
func (r *fetchRun) source() fetch.Source {
	all := newSource(r.in.ctx, r.inputs, r.queue, r.config.reader())
	return selectRequests(r.config, counting(all, &r.read, nil))
}

// open opens the outputs and the cache, and completes the options by them.
func (r *fetchRun) open() (err error) {
	if r.out, err = openOutputs(r.config, r.inputs); err != nil {
		return err
	}
	r.limits.keep(&r.options)
	r.queue.setName(r.out.resumed)
	r.out.setOptions(r.config, &r.options)
	r.cache = openCache(r.config.cache, &r.options, r.out.console)
	r.options.Drain = r.in.drain
	return nil
}

// fetch fetches what src yields, finishes the outputs, and returns the exit code.
func (r *fetchRun) fetch(src fetch.Source) int {
	in, c, o, out := r.in, r.config, &r.options, r.out
	counts := output.NewCounts(r.queue.sink(out.sink(c, o.Changed, o.TempSpace)))
	progress := terminal.NewProgress(counts, o.Live, time.Now())
	src = counting(src, new(atomic.Int64), progress.SetTotal) // of a pipe, the total is known at its end
	o.Expected = progress.Total
	sink := out.ends.watch(counts, o)
	endProgress := startProgress(in, c, out, progress, r.inputs)
	r.announce()
	r.queue.start(in.ctx, in.drain)
	summary, err := fetch.Run(in.ctx, src, sink, *o)
	endProgress()

	ended := result{summary: summary, counts: counts, err: err, code: exitCode(in, summary, err),
		exitZero: c.exitZero, inputEmpty: summary.Complete && r.read.Load() == 0}
	ended.breakBy(r.queue.close(in.ctx))
	code := out.finish(c, ended)
	r.cache.close(context.WithoutCancel(in.ctx), out, code)
	return code
}

// announce warns of arguments that may be meant otherwise, and of what this machine lacks for the run that begins, and
// notes that it has begun.
func (r *fetchRun) announce() {
	to := r.out.console
	warnRange(r.inputs, to)
	warnNumber(r.config.output.saveDir, to)
	warnForms(&r.config.output, r.config.quiet, to)
	warnConcurrency(r.options.Concurrency, to)
	warnTemp(r.config, to)
	r.in.markStarted(to.inWords)
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
