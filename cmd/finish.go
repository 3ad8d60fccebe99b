package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/file"
)

// finish closes every output, gives the output file its name where the run is to replace it, writes the summary as the
// last word, and returns the exit code.
func (out *outputs) finish(c *config, r result) int {
	isQuiet := c.quiet && r.code == exitOK
	to := out.summaryPlace(c.output, isQuiet)
	if out.file == nil || to != out.records {
		out.close(c, &r)
	}
	written := writeSummary(to, &r)
	if out.file != nil && to == out.records { // the summary is part of the file
		out.close(c, &r)
	}
	for _, live := range []io.WriteCloser{out.failures, out.summary} {
		if live != nil {
			r.addError(live.Close())
		}
	}
	out.ends.write(&r)
	switch {
	case r.code == exitPipe:
	case !out.console.inWords:
		out.report(append(hostNotes(r.summary), out.notes(c, &r)...))
		out.tellActions(c, &r)
		if written != r.exitCode() { // the last place for it
			writeSummary(out.console.stderr, &r)
		}
	case isQuiet && r.code == exitOK: // closing may have changed it
		out.report(out.notes(c, &r))
		out.tellActions(c, &r)
	default:
		out.printSummary(c, &r, append(hostNotes(r.summary), out.notes(c, &r)...))
		out.tellActions(c, &r)
	}
	return r.exitCode()
}

// report writes the notes as messages of the run.
func (out *outputs) report(notes []note) {
	for _, n := range notes {
		out.console.report(n.level, n.text, n.hint)
	}
}

// summaryPlace returns where the summary Record goes; nil is standard error, or nowhere.
func (out *outputs) summaryPlace(f outputFlags, isQuiet bool) io.Writer {
	switch {
	case out.summary != nil:
		return out.summary
	case f.summary == "-", f.failures == "-" && !isQuiet:
		return out.records
	}
	return nil
}

// writeSummary writes the summary Record to a place and returns the exit code in it; -1 where it could not be written,
// or the place is nil.
func writeSummary(to io.Writer, r *result) int {
	if to == nil {
		return -1
	}
	code := r.exitCode()
	if _, err := to.Write(encode.AppendSummary(nil, &r.summary, code)); err != nil {
		r.addError(err)
		return -1
	}
	return code
}

// close closes the outputs of Records and bodies. Errors go to r.
func (out *outputs) close(c *config, r *result) {
	if out.order != nil {
		r.addError(out.order.Close())
	}
	if out.packed != nil {
		r.addError(out.packed.Close())
	}
	out.closeFile(c, r)
	if out.bodies != nil {
		r.addError(out.bodies.Close())
	}
}

// closeFile flushes saved bodies to disk and then closes the output file, whose Records name them. It takes its name
// where the run is to replace what has it; otherwise it stays FILE.part.
func (out *outputs) closeFile(c *config, r *result) {
	if out.bodies != nil {
		r.addError(out.bodies.CheckStillThere())
	}
	if out.resumed != nil {
		if name := c.output.output; c.output.repack && out.archive == nil && output.IsPacked(name) && r.code == exitOK {
			out.notRepacked = out.resumed.Repack(func(to io.Writer, from io.Reader) error {
				return output.Repack(name, to, from)
			})
		}
		r.addError(out.resumed.Close())
		return
	}
	if out.bodies != nil {
		r.addError(out.bodies.Sync())
	}
	if out.file == nil {
		return
	}
	if r.isPublished(c.output.publish) {
		r.addError(out.file.Commit())
	} else {
		r.addError(out.file.Abandon())
	}
	if part := out.file.Part(); part != "" {
		if _, err := os.Stat(part); err == nil {
			out.withheld = part
		}
	}
}

// hostNotes returns the notes about hosts.
func hostNotes(sum fetch.Summary) []note {
	var notes []note
	for _, text := range expiredHints(sum) {
		notes = append(notes, note{slog.LevelWarn, "Credentials", text, "-H @file is read again when it changes"})
	}
	for _, text := range slices.Concat(watchedHints(sum), unpolledHints(sum), pagesHints(sum)) {
		notes = append(notes, note{level: slog.LevelWarn, label: "Note", text: text})
	}
	return notes
}

// notes returns the notes of a run that has ended.
func (out *outputs) notes(c *config, r *result) []note {
	var notes []note
	if r.inputEmpty {
		notes = append(notes, note{level: slog.LevelWarn, text: noRequests})
	}
	if r.err != nil && r.code == exitBroken {
		notes = append(notes, note{slog.LevelError, "Error", r.err.Error(), outputHint(r.err)})
	}
	if out.resumed != nil && r.code != exitOK && r.code != exitFailed && !errors.As(r.err, new(*file.LostError)) {
		notes = append(notes, note{level: slog.LevelWarn, label: "Output",
			text: "not all is done: the same command goes on from here"})
	}
	if out.notRepacked != nil {
		notes = append(notes, note{slog.LevelWarn, "Output", "it is whole, in many compressed members, and could not be " +
			"repacked: " + out.notRepacked.Error(), "readers that stop after the first need batchfetch merge"})
	}
	if out.bodies != nil && out.resumed == nil && (isSignal(r.code) || r.code == exitStopped) {
		notes = append(notes, note{slog.LevelWarn, "Bodies",
			"not all is done: the bodies that are whole are in " + c.output.saveDir,
			"the same command with --skip-existing leaves them alone; with -o FILE --resume it goes on from here by itself"})
	}
	if out.withheld != "" {
		notes = append(notes, out.withheldNote(c, r))
	}
	return notes
}

// withheldNote returns the note of an output file that has not taken its name.
func (out *outputs) withheldNote(c *config, r *result) note {
	n := note{level: slog.LevelWarn, label: "Output"}
	why := "the run is not complete"
	if r.code == exitOK || r.code == exitFailed {
		why = "nothing succeeded"
	}
	if r.isPublished(publishAlways) {
		n.hint = "--publish always replaces it anyway"
	}
	state := "is as it was"
	if _, err := os.Stat(c.output.output); errors.Is(err, fs.ErrNotExist) {
		state = "is not there"
	}
	n.text = fmt.Sprintf("%s %s, as %s; the new output is %s", c.output.output, state, why, out.withheld)
	return n
}
