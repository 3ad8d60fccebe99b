package cmd

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"batchfetch/fetch"
	"batchfetch/output"
)

// outputs is where everything goes that a run writes.
type outputs struct {
	stdout, stderr   io.Writer // each Write is whole lines; they share a lock
	screen           *output.Screen
	human            bool // standard error is a terminal
	stdoutIsTerminal bool
	file             *output.File
	failures         io.WriteCloser // nil: standard error, or among the successes
	summary          io.WriteCloser // nil: with the failures
	order            *output.InOrder
	bodies           *output.Bodies // nil: bodies stand in the Records
}

// openOutputs opens every file before anything is fetched.
func openOutputs(s *settings, inputs []input) (*outputs, error) {
	out := &outputs{human: term.IsTerminal(int(os.Stderr.Fd())), stdoutIsTerminal: term.IsTerminal(int(os.Stdout.Fd()))}
	out.screen = output.NewScreen(os.Stderr)
	out.stderr = out.screen
	out.stdout = out.screen.Beside(os.Stdout)
	if err := spareInputs(s, inputs); err != nil {
		return nil, err
	}
	var err error
	if s.output != "" && s.output != "-" {
		out.file, err = output.Create(s.output)
		if errors.Is(err, output.ErrBusy) {
			return nil, &usageError{"--output: " + err.Error(), "wait for it, or name another file"}
		}
		if err != nil {
			return nil, fmt.Errorf("--output: %w", err)
		}
		out.stdout = out.file
	}
	if out.failures, err = openLive("failures", s.failures); err != nil {
		return nil, err
	}
	if s.saveDir != "" {
		if out.bodies, err = output.OpenBodies(s.saveDir, s.name); err != nil {
			return nil, fmt.Errorf("--save-dir: %w", err)
		}
	}
	out.summary, err = openLive("summary", s.summary)
	return out, err
}

func openLive(flag, name string) (io.WriteCloser, error) {
	if name == "" || name == "-" {
		return nil, nil
	}
	f, err := output.CreateLive(name)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return f, nil
}

// spareInputs makes sure that no output empties a file that is still to be read.
func spareInputs(s *settings, inputs []input) error {
	var wrong []error
	for _, in := range inputs {
		read, err := os.Stat(in.name)
		if err != nil || in.url || !read.Mode().IsRegular() {
			continue
		}
		for flag, name := range map[string]string{"failures": s.failures, "summary": s.summary, "output": s.output + ".part"} {
			if written, err := os.Stat(name); err == nil && os.SameFile(read, written) {
				wrong = append(wrong, &usageError{fmt.Sprintf("--%s would empty the input %s", flag, in.name), "write to another file, and move it when the run has ended"})
			}
		}
	}
	return errors.Join(wrong...)
}

// sink returns where Records go.
func (out *outputs) sink(s *settings) (fetch.Sink, error) {
	successes := output.NewJSONL(out.stdout, s.body)
	var sink fetch.Sink
	switch {
	case s.failures == "-":
		sink = successes
	case out.failures != nil:
		sink = output.Split{Success: successes, Failure: output.NewJSONL(out.failures, s.body)}
	case out.human:
		sink = output.Split{Success: successes, Failure: output.NewReadable(out.screen)}
	default:
		sink = output.Split{Success: successes, Failure: output.NewJSONL(out.stderr, s.body)}
	}
	if out.human && out.failures != nil {
		sink = output.Split{Success: successes, Failure: output.Tee{Sink: output.NewJSONL(out.failures, s.body), Also: output.NewReadable(out.screen)}}
	}
	if !s.ordered {
		return sink, nil
	}
	out.order = output.NewInOrder(sink)
	return out.order, nil
}

// logger returns nil where nothing is to be logged, so that nothing is prepared for it either.
func (out *outputs) logger(s *settings) *slog.Logger {
	if !s.verbose && s.fetch.Slow == 0 {
		return nil
	}
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelDebug
	}
	return slog.New(output.NewLogHandler(out.stderr, level, out.human))
}
