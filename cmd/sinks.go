package cmd

import (
	"io"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/fetch/spool"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/journal"
	"batchfetch/output/terminal"
	"batchfetch/output/warc"
)

// sink returns the Sink of the run's Records. changed is what compares them with the cache, nil for writing all; space
// is for those that are held.
func (out *outputs) sink(c *config, changed *cache.Reporter, space *spool.Space) fetch.Sink {
	f := c.output
	successes := fetch.Sink(output.NewJSONL(out.records, f.layout()))
	if out.resumed != nil {
		successes = journal.NewSink(out.resumed, out.records, f.layout())
	}
	if changed != nil {
		successes = output.OnlyChanged{Sink: successes}
	}
	sink := successes // --failures - puts failures among them
	if f.failures != "-" {
		sink = output.Split{Success: successes, Failure: out.failureSink(c)}
	}
	if out.archive != nil {
		sink = warc.Sink{Sink: sink, To: out.archive, AllMembers: f.allMembers}
	}
	if !f.ordered {
		return sink
	}
	out.order = output.NewInOrder(sink, space)
	return out.order
}

// failureSink returns the Sink of failures alone: their file, and lines in words where standard error is for a person;
// with neither JSON lines on standard error. --quiet leaves the lines out, and so does a log where they have a file.
func (out *outputs) failureSink(c *config) fetch.Sink {
	var file fetch.Sink
	whereAll := "--failures FILE keeps them all"
	if out.failures != nil {
		file = output.NewJSONL(out.failures, c.output.layout())
		whereAll = "all are in " + c.output.failures
	}
	if out.console.inWords && !c.quiet && (file == nil || out.console.stderrIsTerminal) {
		out.failureLines = terminal.NewFailures(out.console.screen, whereAll)
	}
	switch {
	case file != nil && out.failureLines != nil:
		return terminal.Tee{Sink: file, Also: out.failureLines}
	case file != nil:
		return file
	case out.failureLines != nil:
		return out.failureLines
	case out.console.inWords:
		return output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone}) // the summary has their counts and examples
	}
	return output.NewJSONL(out.console.stderr, c.output.layout())
}
