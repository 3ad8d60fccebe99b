package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"batchfetch/output/actions"
	"batchfetch/output/file"
)

// tellActions writes annotations, where the runner sees them, and the job summary of a step of GitHub Actions.
func (out *outputs) tellActions(c *config, r *result) {
	if !c.actions.isStep {
		return
	}
	run := actions.Run{Headline: countsLine(c, r.summary), Stopped: stopReason(c, r), Failed: r.exitCode() != exitOK,
		Summary: &r.summary, Groups: r.counts.Groups()}
	if run.Stopped == "" && r.err != nil && r.code == exitBroken {
		run.Stopped = "Error: " + r.err.Error()
	}
	if to := out.annotationPlace(c); to != nil {
		_, _ = io.WriteString(to, run.Annotations()) // as in printError
	}
	if c.actions.summary == "" {
		return
	}
	if err := appendStepSummary(c, run.Markdown()); err != nil {
		out.console.report(slog.LevelWarn, "the job summary can't be written: "+err.Error(), "")
	}
}

// annotationPlace returns the stream that the runner reads: standard error; or standard output, unless it has Records,
// where standard error is a file of JSON lines, which annotations would break. nil is none.
func (out *outputs) annotationPlace(c *config) io.Writer {
	switch {
	case !isRegularStream(os.Stderr) || out.console.inWords:
		return out.console.stderr
	case isFile(c.output.output) && !isRegularStream(os.Stdout):
		return out.console.stdout
	}
	return nil
}

func isRegularStream(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// appendStepSummary appends to the job summary of the step. What is there stays as it is: it is not written where both
// are larger than the runner takes.
func appendStepSummary(c *config, text string) error {
	name := c.actions.summary
	for _, w := range writtenFiles(c.output) {
		if file.SameFile(w.name, name) {
			return fmt.Errorf("--%s and $GITHUB_STEP_SUMMARY are one file, %s", w.flag, name)
		}
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", name)
	case info.Size()+int64(len(text)) > actions.MaxStepSummary:
		return fmt.Errorf("%s has %d bytes already, and a step can have 1 MiB", name, info.Size())
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text) // one write, as others may append too
	return errors.Join(err, f.Close())
}
