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
	human            bool // standard error is a terminal
	stdoutIsTerminal bool
}

func newConsole() *console {
	screen := terminal.NewScreen(stream{os.Stderr})
	return &console{
		stdout:           screen.Beside(stream{os.Stdout}),
		stderr:           screen,
		screen:           screen,
		human:            term.IsTerminal(int(os.Stderr.Fd())),
		stdoutIsTerminal: term.IsTerminal(int(os.Stdout.Fd())),
	}
}

// report writes a message of the run to standard error: in words on a terminal, else as a log Record.
func (c *console) report(level slog.Level, text, hint string) {
	writeMessage(c.stderr, c.human, level, text, hint)
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
	return slog.New(terminal.NewLogHandler(to.stderr, level, to.human))
}
