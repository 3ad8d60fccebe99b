package cmd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"batchfetch/fetch"
	"batchfetch/output/encode"
	"batchfetch/output/terminal"
)

// finish writes the summary, gives the output its name and returns the exit code.
func (out *outputs) finish(s *settings, r report) int {
	quiet := s.quiet && r.code == exitOK
	to := out.summaryTo(s, r.code, quiet)
	if out.file != nil && to == out.stdout {
		out.writeSummary(to, &r)
		out.settle(&r)
	} else {
		out.settle(&r)
		out.writeSummary(to, &r)
	}
	if r.code == exitPipe {
		return r.code
	}
	if out.human && !quiet {
		tellSummary(out.stderr, s, r)
	}
	if r.err != nil && r.code == exitBroken {
		out.tell(slog.LevelError, r.err.Error(), outputHint(r.err))
	}
	if out.resumed != nil && r.code != exitOK && r.code != exitFailed {
		out.tell(slog.LevelWarn, "not all is done: the same command goes on from here", "")
	}
	if part := out.leftOver(); part != "" {
		out.tell(slog.LevelWarn, "the output is not complete: what had arrived by then is in "+part, "")
	}
	return r.code
}

// tell says something once the run has begun: in words on a terminal, as a log line where programs read.
func (out *outputs) tell(level slog.Level, text, hint string) {
	say(out.stderr, out.human, level, text, hint)
}

// sayAlone says it past the lock that a stuck write may hold.
func sayAlone(level slog.Level, text, hint string) {
	say(os.Stderr, term.IsTerminal(int(os.Stderr.Fd())), level, text, hint)
}

func say(w io.Writer, human bool, level slog.Level, text, hint string) {
	switch {
	case human && level == slog.LevelError:
		tellError(w, text, hint)
		return
	case human:
		tellNote(w, text)
		return
	}
	var attrs []slog.Attr
	if hint != "" {
		attrs = append(attrs, slog.String("hint", hint))
	}
	slog.New(terminal.NewLogHandler(w, level, false)).LogAttrs(context.Background(), level, text, attrs...)
}

// settle renames a finished output, leaves that of an aborted run where it is, and closes what was opened.
func (out *outputs) settle(r *report) {
	if out.order != nil {
		out.failed(r, out.order.Close())
	}
	if out.packed != nil {
		out.failed(r, out.packed.Close())
	}
	out.settleFiles(r)
	if out.bodies != nil {
		out.failed(r, out.bodies.Close())
	}
}

// settleFiles brings bodies to disk before the Records that point to them.
func (out *outputs) settleFiles(r *report) {
	if out.bodies != nil {
		out.failed(r, out.bodies.CheckStillThere())
	}
	if out.resumed != nil {
		out.failed(r, out.resumed.Close())
		return
	}
	if out.bodies != nil {
		out.failed(r, out.bodies.Sync())
	}
	if out.file == nil {
		return
	}
	switch r.code {
	case exitOK, exitFailed, exitStopped:
		out.failed(r, out.file.Commit())
	default:
		out.failed(r, out.file.Abandon())
	}
}

// failed notes an error of an output, unless the run broke before.
func (out *outputs) failed(r *report, err error) {
	if err == nil || r.code == exitBroken || r.code == exitPipe {
		return
	}
	r.err, r.code = &fetch.OutputError{Err: err}, exitBroken
}

// leftOver names the unfinished output of a run that did not come to its end.
func (out *outputs) leftOver() string {
	if out.file == nil || out.file.Part() == "" {
		return ""
	}
	if _, err := os.Stat(out.file.Part()); err != nil {
		return ""
	}
	return out.file.Part()
}

// summaryTo says where the summary Record goes; nil is nowhere.
func (out *outputs) summaryTo(s *settings, code int, quiet bool) io.Writer {
	switch {
	case out.summary != nil:
		return out.summary
	case s.summary == "-":
		return out.stdout
	case out.failures != nil:
		return out.failures
	case quiet || code == exitPipe:
		return nil
	case s.failures == "-":
		return out.stdout
	case !out.human:
		return out.stderr
	}
	return nil
}

// writeSummary writes the summary Record and closes the files that were written as the run went.
func (out *outputs) writeSummary(to io.Writer, r *report) {
	var err error
	if to != nil {
		_, err = to.Write(encode.AppendSummary(nil, &r.summary, r.code))
	}
	if err != nil && !out.human && r.code != exitPipe { // the last place that is left
		_, _ = out.stderr.Write(encode.AppendSummary(nil, &r.summary, exitBroken))
	}
	for _, live := range []io.WriteCloser{out.failures, out.summary} {
		if live != nil {
			err = errors.Join(err, live.Close())
		}
	}
	out.failed(r, err)
}
