package cmd

import (
	"io"
	"log/slog"
	"os"

	"batchfetch/output/terminal"

	"golang.org/x/term"
)

// A console is standard output and standard error during a run. Each Write is whole lines; both share a lock with the
// progress bar, so that they don't mix with it.
type console struct {
	stdout, stderr   io.Writer
	screen           *terminal.Screen
	inWords          bool // standard error is for a person: it has words, and no JSON lines
	stderrIsTerminal bool
	stdoutIsTerminal bool
}

func newConsole(c *config) *console {
	screen := terminal.NewScreen(stream{os.Stderr})
	return &console{
		stdout:           screen.Beside(stream{os.Stdout}),
		stderr:           screen,
		screen:           screen,
		inWords:          c.inWords(),
		stderrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		stdoutIsTerminal: term.IsTerminal(int(os.Stdout.Fd())),
	}
}

// inWords reports whether standard error is for a person: a terminal, a mail of cron (--quiet), a log (--progress
// plain). Otherwise it has JSON lines; the two are never mixed.
func (c *config) inWords() bool {
	return c.quiet || c.progress == progressPlain || c.progress == progressBar || term.IsTerminal(int(os.Stderr.Fd()))
}

// openInPlace returns the output of a flag that names a pipe, a device or a stream of the process: what it is given is
// whole beside other processes of ours, as on standard output, and beside standard error where that is the same.
func (c *console) openInPlace(f *os.File) io.WriteCloser {
	to := stream{f}
	named, err1 := f.Stat()
	stderr, err2 := os.Stderr.Stat()
	if err1 == nil && err2 == nil && os.SameFile(named, stderr) {
		return inPlace{c.screen.Beside(to), to}
	}
	return inPlace{to, to}
}

// An inPlace is a stream, within what keeps it from mixing with others of this process.
type inPlace struct {
	within io.Writer
	stream
}

// Write is io.Writer's.
func (o inPlace) Write(p []byte) (int, error) { return o.within.Write(p) }

// ReadFrom writes all of a line in pieces.
func (o inPlace) ReadFrom(line io.Reader) (int64, error) { return io.Copy(o.within, line) }

// columns returns the width of the terminal that standard error is; 0 where it is none.
func (c *console) columns() int {
	if !c.stderrIsTerminal {
		return 0
	}
	return c.screen.Columns()
}

// report writes a message of the run to standard error: in words or as a log Record.
func (c *console) report(level slog.Level, text, hint string) {
	writeMessage(c.stderr, c.inWords, level, text, hint)
}

// newLogger returns the log of exchanges (-v, --slow) on standard error. It is nil where nothing is logged, so that
// the run makes no log records either.
func newLogger(c *config, to *console) *slog.Logger {
	if !c.verbose && c.fetch.Slow == 0 {
		return nil
	}
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(terminal.NewLogHandler(to.stderr, level, to.inWords))
}
