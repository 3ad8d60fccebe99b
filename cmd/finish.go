package cmd

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"

	"batchfetch/output/encode"
)

// finish writes the summary, closes every output, gives the output file its name where the run was complete, and
// returns the exit code.
func (out *outputs) finish(c *config, r result) int {
	quiet := c.quiet && r.code == exitOK
	if !out.console.human && !quiet {
		for _, hint := range expiredHints(r.summary) {
			out.console.report(slog.LevelWarn, hint, "-H @file is read again when it changes")
		}
		for _, hint := range slices.Concat(watchedHints(r.summary), unpolledHints(r.summary)) {
			out.console.report(slog.LevelWarn, hint, "")
		}
	}
	to := out.summaryWriter(c.output, r.code, quiet)
	if out.file != nil && to == out.records { // the summary is part of the file
		out.writeSummary(to, &r)
		out.close(&r)
	} else {
		out.close(&r)
		out.writeSummary(to, &r)
	}
	if r.code == exitPipe {
		return r.code
	}
	if out.console.human && !quiet {
		printSummary(out.console.stderr, c, r)
	}
	if r.err != nil && r.code == exitBroken {
		out.console.report(slog.LevelError, r.err.Error(), outputHint(r.err))
	}
	if out.resumed != nil && r.code != exitOK && r.code != exitFailed {
		out.console.report(slog.LevelWarn, "not all is done: the same command goes on from here", "")
	}
	if part := out.partFile(); part != "" {
		out.console.report(slog.LevelWarn, "the output is not complete: what had arrived by then is in "+part, "")
	}
	return r.code
}

// close closes the outputs of Records and bodies. Errors go to r.
func (out *outputs) close(r *result) {
	if out.order != nil {
		r.addError(out.order.Close())
	}
	if out.packed != nil {
		r.addError(out.packed.Close())
	}
	out.closeFile(r)
	if out.bodies != nil {
		r.addError(out.bodies.Close())
	}
}

// closeFile flushes saved bodies to disk and then closes the output file, whose Records name them. A complete one is
// renamed; that of an aborted run stays FILE.part.
func (out *outputs) closeFile(r *result) {
	if out.bodies != nil {
		r.addError(out.bodies.CheckStillThere())
	}
	if out.resumed != nil {
		r.addError(out.resumed.Close())
		return
	}
	if out.bodies != nil {
		r.addError(out.bodies.Sync())
	}
	if out.file == nil {
		return
	}
	switch r.code {
	case exitOK, exitFailed, exitStopped:
		r.addError(out.file.Commit())
	default:
		r.addError(out.file.Abandon())
	}
}

// partFile returns the name of the unfinished output that an aborted run leaves; "" is none.
func (out *outputs) partFile() string {
	if out.file == nil || out.file.Part() == "" {
		return ""
	}
	if _, err := os.Stat(out.file.Part()); err != nil {
		return ""
	}
	return out.file.Part()
}

// summaryWriter returns where the summary Record goes; nil is nowhere.
func (out *outputs) summaryWriter(f outputFlags, code int, quiet bool) io.Writer {
	switch {
	case out.summary != nil:
		return out.summary
	case f.summary == "-":
		return out.records
	case out.failures != nil:
		return out.failures
	case quiet || code == exitPipe:
		return nil
	case f.failures == "-":
		return out.records
	case !out.console.human:
		return out.console.stderr
	}
	return nil
}

// writeSummary writes the summary Record to to, where that is not nil, and closes the files of --failures and
// --summary.
func (out *outputs) writeSummary(to io.Writer, r *result) {
	var err error
	if to != nil {
		_, err = to.Write(encode.AppendSummary(nil, &r.summary, r.code))
	}
	if err != nil && !out.console.human && r.code != exitPipe { // standard error is left
		_, _ = out.console.stderr.Write(encode.AppendSummary(nil, &r.summary, exitBroken))
	}
	for _, live := range []io.WriteCloser{out.failures, out.summary} {
		if live != nil {
			err = errors.Join(err, live.Close())
		}
	}
	r.addError(err)
}
