package cmd

import (
	"context"
	"os"
	"runtime"
	"sync"

	"batchfetch/output/terminal"
)

// startProgress shows the progress of a run until the returned function ends it, in goroutines that this awaits. They
// also count the inputs, for the bar's total and --max-failures p%, flush the output of --resume once a second, and say
// when a signal drains the run.
func startProgress(
	in *interrupts, c *config, out *outputs, progress *terminal.Progress, inputs []inputArg,
) (end func()) {
	ctx, cancel := context.WithCancel(in.ctx)
	var running sync.WaitGroup
	end = func() { cancel(); running.Wait() }
	running.Go(func() {
		select {
		case <-in.drain:
			progress.Drain()
			if out.console.stderrIsTerminal {
				printNotice(out.console.stderr, "interrupted: waiting up to "+formatDuration(c.fetch.Grace)+
					" for requests in progress; press Ctrl-C again to cancel", "")
			}
		case <-ctx.Done():
		}
	})
	if out.resumed != nil {
		running.Go(func() { out.resumed.KeepSynced(ctx) })
	}
	mode := chooseProgress(c, out)
	counts := mode != progressNone || c.fetch.MaxFailurePercent > 0
	if counts && c.shard.Of <= 1 { // which lines are in a shard is known only after they were parsed
		running.Go(func() {
			if total, known := countRequests(ctx, inputs, c.reader()); known {
				progress.SetTotal(total)
			}
		})
	}
	if mode == progressNone {
		return end
	}
	running.Go(func() {
		if mode == progressBar {
			progress.DrawBar(ctx, out.console.screen)
			return
		}
		progress.WriteLines(ctx, out.console.stderr)
	})
	return end
}

// chooseProgress returns --progress. For auto it is a bar on a terminal, and lines on one that can't clear a line
// (terminfo's dumb).
func chooseProgress(c *config, out *outputs) progressMode {
	switch {
	case c.progress != progressAuto:
		return c.progress
	case c.quiet || !out.console.stderrIsTerminal:
		return progressNone
	}
	switch os.Getenv("TERM") {
	case "dumb":
		return progressPlain
	case "":
		if runtime.GOOS != "windows" { // which has no TERM
			return progressPlain
		}
	}
	return progressBar
}
