package cmd

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/file"
	"batchfetch/output/journal"
	"batchfetch/output/savedir"
	"batchfetch/output/terminal"
	"batchfetch/output/warc"
)

// outputs are the files and streams that a run writes.
type outputs struct {
	console *console
	records io.Writer // of successes: standard output, file, packed or resumed; each Write is whole lines
	file    *file.Atomic
	resumed *journal.Output // in place of file with --resume

	notRepacked error          // why it stays as it was written
	archive     *warc.Writer   // of the exchanges and Records, in file or resumed; nil where the name is not of one
	packed      io.WriteCloser // compresses into file; nil where its name does not ask for that
	ends        endFiles
	failures    io.WriteCloser  // nil: standard error, or among the successes
	summary     io.WriteCloser  // nil: standard error, or among the successes
	order       *output.InOrder // nil without --ordered
	bodies      *savedir.Dir    // nil: bodies stand in the Records

	failureLines *terminal.Failures // failures as lines in words; nil is none
	withheld     string             // the name under which file stays, as it did not take its own; empty is none
}

// openOutputs opens every file before anything is fetched, and truncates none before all are open.
func openOutputs(c *config, inputs []inputArg) (out *outputs, err error) {
	if err := errors.Join(checkNotInputs(c, inputs), checkDistinct(c.output)); err != nil {
		return nil, err
	}
	if losesAll(c) {
		return nil, errClosed
	}
	out = &outputs{console: newConsole(c)}
	out.records = out.console.stdout
	defer func() {
		if err != nil && out.file != nil {
			out.file.Discard()
		}
		if err != nil {
			out.ends.discard()
		}
		if err != nil && out.bodies != nil {
			_ = out.bodies.Close() // nothing was saved
		}
		if err != nil && out.resumed != nil {
			out.resumed.Discard()
		}
	}()
	if c.output.saveDir != "" {
		if out.bodies, err = savedir.Open(c.output.saveDir, c.output.name); err != nil {
			return out, fmt.Errorf("--save-dir: %w", err)
		}
		if c.output.skipExisting {
			out.bodies.LeaveExisting()
		}
	}
	if isFile(c.output.output) {
		if err = out.openFile(c); err != nil {
			return out, describeOutput("output", err)
		}
	}
	if out.ends, err = openEndFiles(c.output); err != nil {
		return out, err
	}
	if out.bodies != nil {
		out.protectFiles(c, inputs)
	}
	return out, out.openLive(c)
}

// losesAll reports whether standard output, which is closed, would be all that the run writes of successes.
func losesAll(c *config) bool {
	return c.output.output == "" && c.output.saveDir == "" && c.cache.address == "" && c.output.body != encode.BodyNone &&
		isStdoutClosed()
}

// protectFiles keeps saved bodies from replacing the files that the run reads or writes.
func (out *outputs) protectFiles(c *config, inputs []inputArg) {
	out.bodies.Reserve(c.filesRead...)
	for _, in := range inputs {
		if !in.isURL {
			out.bodies.Reserve(in.name)
		}
	}
	for _, w := range writtenFiles(c.output) {
		out.bodies.Reserve(w.name)
	}
}

// openFile opens the file of -o.
func (out *outputs) openFile(c *config) (err error) {
	name := c.output.output
	if c.output.resume {
		out.resumed, err = journal.Open(name, journal.Settings{AppendRequest: c.appendRequest, SaveDir: out.bodies,
			MaxPages: c.fetch.MaxPages, Part: shardName(c.shard)})
		switch {
		case err != nil:
		case warc.IsName(name):
			out.openArchive(c, out.resumed)
		default:
			out.records, err = output.PackEachWrite(name, out.resumed)
		}
		return err
	}
	if out.file, err = file.Create(name, journal.LockExisting); err != nil {
		return err
	}
	if warc.IsName(name) {
		out.openArchive(c, out.file)
		_, err = out.archive.Write(nil) // one without records has that of the run
		return err
	}
	out.records = out.file
	if out.file.Part() == "" {
		out.records = out.console.openInPlace(out.file.File)
	}
	if out.packed, err = output.Pack(name, out.file); out.packed != nil {
		out.records = out.packed
	}
	return err
}

// openArchive has Records and exchanges go to an archive in the file of -o.
func (out *outputs) openArchive(c *config, file io.Writer) {
	out.archive = warc.NewWriter(file, warc.Info{File: filepath.Base(c.output.output),
		Software: "batchfetch/" + version(), UserAgent: c.fetch.UserAgent, Robots: robotsPolicy(c)}, c.fetch.TempSpace)
	out.records = out.archive
}

// robotsPolicy returns what a warcinfo record says of robots.txt.
func robotsPolicy(c *config) string {
	if c.fetch.Robots {
		return "obey"
	}
	return "ignore"
}

// openLive opens the files of --failures and --summary, which are written as the run goes.
func (out *outputs) openLive(c *config) (err error) {
	var opened []*file.Live
	defer func() {
		if err != nil {
			for _, f := range opened {
				f.Discard()
			}
		}
	}()
	var begin []func() error
	for _, live := range []struct {
		flag, name string
		to         *io.WriteCloser
		appends    bool
	}{
		{"failures", c.output.failures, &out.failures, c.queue}, // what has failed is done: no later run has it again
		{"summary", c.output.summary, &out.summary, false},
	} {
		if !isFile(live.name) {
			continue
		}
		f, err := file.OpenLive(live.name)
		if err != nil {
			return describeOutput(live.flag, err)
		}
		opened = append(opened, f)
		*live.to = f
		if f.IsInPlace() {
			*live.to = out.console.openInPlace(f.File)
		}
		if live.appends {
			begin = append(begin, f.Continue)
		} else {
			begin = append(begin, f.Begin)
		}
	}
	for _, do := range begin {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}
