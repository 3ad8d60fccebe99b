package cmd

import (
	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/output"
	"batchfetch/output/journal"
	"batchfetch/output/terminal"
)

// sink returns the Sink of the run's Records. changed is what compares them with the cache, nil for writing all.
func (out *outputs) sink(f outputFlags, changed *cache.Reporter) fetch.Sink {
	successes := fetch.Sink(output.NewJSONL(out.records, f.body))
	if out.resumed != nil {
		successes = journal.NewSink(out.resumed, out.records, f.body)
	}
	if changed != nil {
		successes = output.OnlyChanged{Sink: successes}
	}
	sink := successes // --failures - puts failures among them
	if f.failures != "-" {
		sink = output.Split{Success: successes, Failure: out.failureSink(f)}
	}
	if !f.ordered {
		return sink
	}
	out.order = output.NewInOrder(sink)
	return out.order
}

// failureSink returns the Sink of failures alone: their file and, for a person, lines on the terminal; without either
// standard error.
func (out *outputs) failureSink(f outputFlags) fetch.Sink {
	human, screen := out.console.human, out.console.screen
	switch {
	case human && out.failures != nil:
		return terminal.Tee{
			Sink: output.NewJSONL(out.failures, f.body),
			Also: terminal.NewFailures(screen, "all are in "+f.failures),
		}
	case human:
		return terminal.NewFailures(screen, "--failures FILE keeps them all")
	case out.failures != nil:
		return output.NewJSONL(out.failures, f.body)
	}
	return output.NewJSONL(out.console.stderr, f.body)
}
