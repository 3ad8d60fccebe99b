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
	"batchfetch/output/file"
	"batchfetch/output/journal"
	"batchfetch/output/savedir"
	"batchfetch/output/terminal"
)

// outputs is where everything goes that a run writes.
type outputs struct {
	stdout, stderr   io.Writer // each Write is whole lines; they share a lock
	screen           *terminal.Screen
	human            bool // standard error is a terminal
	stdoutIsTerminal bool
	file             *file.Atomic
	resumed          *journal.Output // in place of file with --resume
	packed           io.WriteCloser  // compresses into file; nil where its name does not ask for that
	failures         io.WriteCloser  // nil: standard error, or among the successes
	summary          io.WriteCloser  // nil: with the failures
	order            *output.InOrder
	bodies           *savedir.Dir // nil: bodies stand in the Records
}

// openOutputs opens every file before anything is fetched, and empties none before all are open.
func openOutputs(s *settings, inputs []input) (out *outputs, err error) {
	if err := errors.Join(spareInputs(s, inputs), tellApart(s)); err != nil {
		return nil, err
	}
	out = &outputs{human: term.IsTerminal(int(os.Stderr.Fd())), stdoutIsTerminal: term.IsTerminal(int(os.Stdout.Fd()))}
	out.screen = terminal.NewScreen(os.Stderr)
	out.stderr = out.screen
	out.stdout = out.screen.Beside(os.Stdout)
	defer func() {
		if err != nil && out.file != nil {
			out.file.Discard()
		}
		if err != nil && out.resumed != nil {
			out.resumed.Discard()
		}
	}()
	if s.saveDir != "" {
		if out.bodies, err = savedir.Open(s.saveDir, s.name); err != nil {
			return out, fmt.Errorf("--save-dir: %w", err)
		}
	}
	if isFile(s.output) {
		if err = out.openOutput(s); err != nil {
			return out, describeOutput(err)
		}
	}
	if out.bodies != nil {
		out.spare(s, inputs)
	}
	return out, out.openLive(s)
}

// spare keeps bodies from taking the place of what the run reads or writes.
func (out *outputs) spare(s *settings, inputs []input) {
	out.bodies.Reserve(s.read...)
	for _, in := range inputs {
		if !in.url {
			out.bodies.Reserve(in.name)
		}
	}
	for _, file := range written(s) {
		out.bodies.Reserve(file[1])
	}
}

// openOutput opens the file that -o names.
func (out *outputs) openOutput(s *settings) (err error) {
	if s.resume {
		out.resumed, err = journal.Open(s.output, journal.Settings{AppendRequest: s.fetch.AppendAsked, SaveDir: out.bodies})
		if err == nil {
			out.stdout, err = output.PackEachWrite(s.output, out.resumed)
		}
		return err
	}
	if out.file, err = file.Create(s.output, journal.LockExisting); err != nil {
		return err
	}
	out.stdout = out.file
	if out.packed, err = output.Pack(s.output, out.file); out.packed != nil {
		out.stdout = out.packed
	}
	return err
}

// describeOutput tells what is wrong with the command line from a file that can't be written.
func describeOutput(err error) error {
	var stale *journal.ResumeError
	switch {
	case errors.As(err, &stale):
		return &usageError{"--resume: " + stale.Problem, stale.Hint}
	case errors.Is(err, file.ErrBusy):
		return &usageError{"--output: " + err.Error(), "wait for it, or name another file"}
	}
	return fmt.Errorf("--output: %w", err)
}

// isFile tells the name of a file from nothing and from standard output.
func isFile(name string) bool { return name != "" && name != "-" }

// openLive opens the files that are written as the run goes.
func (out *outputs) openLive(s *settings) error {
	var opened []*file.Live
	for _, live := range []struct {
		flag, name string
		to         *io.WriteCloser
	}{{"failures", s.failures, &out.failures}, {"summary", s.summary, &out.summary}} {
		if !isFile(live.name) {
			continue
		}
		f, err := file.OpenLive(live.name)
		if err != nil {
			return fmt.Errorf("--%s: %w", live.flag, err)
		}
		opened = append(opened, f)
		*live.to = f
	}
	for _, f := range opened {
		if err := f.Begin(); err != nil {
			return err
		}
	}
	return nil
}

// written lists the files that a run writes, by flag: the part of the output too.
func written(s *settings) [][2]string {
	var files [][2]string
	for _, file := range [][2]string{{"output", s.output}, {"failures", s.failures}, {"summary", s.summary}} {
		if isFile(file[1]) {
			files = append(files, file)
		}
	}
	switch {
	case isFile(s.output) && s.resume:
		files = append(files, [2]string{"output", journal.NameOf(s.output)})
	case isFile(s.output):
		files = append(files, [2]string{"output", file.PartName(s.output)})
	}
	return files
}

// tellApart makes sure that no two outputs are one file, however it is spelled, standard output and error among them.
func tellApart(s *settings) error {
	const hint = "--failures - puts failures among the successes; without --summary the summary follows the failures"
	files := written(s)
	for i, a := range files {
		for _, b := range files[i+1:] {
			if a[0] != b[0] && file.SameFile(a[1], b[1]) {
				return &usageError{fmt.Sprintf("--%s and --%s are one file, %s", a[0], b[0], b[1]), hint}
			}
		}
		if file.IsStream(a[1]) {
			continue
		}
		if a[0] != "output" && leadsTo(os.Stdout, a[1]) || leadsTo(os.Stderr, a[1]) {
			return &usageError{fmt.Sprintf("--%s and a redirection are one file, %s", a[0], a[1]), hint}
		}
	}
	return nil
}

// leadsTo reports whether a stream is redirected to the regular file of that name.
func leadsTo(stream *os.File, name string) bool {
	to, err1 := stream.Stat()
	file, err2 := os.Stat(name)
	return err1 == nil && err2 == nil && file.Mode().IsRegular() && os.SameFile(to, file)
}

// spareInputs makes sure that no output empties a file that is read, by a flag or as input. The output itself only takes its place at the end.
func spareInputs(s *settings, inputs []input) error {
	for _, name := range s.read {
		inputs = append(inputs[:len(inputs):len(inputs)], input{name: name})
	}
	var wrong []error
	for _, in := range inputs {
		read, err := in.stat()
		if err != nil || !read.Mode().IsRegular() {
			continue
		}
		for _, file := range written(s) {
			info, err := os.Stat(file[1])
			if err == nil && os.SameFile(read, info) && (file[1] != s.output || s.resume) {
				wrong = append(wrong, &usageError{fmt.Sprintf("--%s would write over the input %s", file[0], in.name), "write to another file, and move it when the run has ended"})
			}
		}
	}
	return errors.Join(wrong...)
}

// sink returns where Records go.
func (out *outputs) sink(s *settings) fetch.Sink {
	successes := fetch.Sink(output.NewJSONL(out.stdout, s.body))
	if out.resumed != nil {
		successes = journal.NewSink(out.resumed, out.stdout, s.body)
	}
	if s.fetch.Changed != nil {
		successes = output.OnlyChanged{Sink: successes}
	}
	sink := successes // --failures - puts failures among them
	if s.failures != "-" {
		sink = output.Split{Success: successes, Failure: out.failureSink(s)}
	}
	if !s.ordered {
		return sink
	}
	out.order = output.NewInOrder(sink)
	return out.order
}

// failureSink returns where failures go by themselves: to their file, to a person, or to standard error.
func (out *outputs) failureSink(s *settings) fetch.Sink {
	switch {
	case out.human && out.failures != nil:
		return terminal.Tee{Sink: output.NewJSONL(out.failures, s.body), Also: terminal.NewFailures(out.screen, "all are in "+s.failures)}
	case out.human:
		return terminal.NewFailures(out.screen, "--failures FILE keeps them all")
	case out.failures != nil:
		return output.NewJSONL(out.failures, s.body)
	}
	return output.NewJSONL(out.stderr, s.body)
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
	return slog.New(terminal.NewLogHandler(out.stderr, level, out.human))
}
