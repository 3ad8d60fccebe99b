package cmd

import (
	"context"
	"sync"
	"time"

	"batchfetch/output"
	"batchfetch/output/terminal"
)

// watch tells of the run's progress until ctx ends, and counts the inputs beside it. The function returned awaits that.
func (out *outputs) watch(ctx context.Context, in *interrupts, s *settings, counts *output.Counts, inputs []input) (wait func()) {
	progress := terminal.NewProgress(counts, s.fetch.Live, time.Now())
	var watchers sync.WaitGroup
	watchers.Go(func() {
		select {
		case <-in.drain:
			progress.Drain()
			if out.human {
				tellNote(out.stderr, "interrupted: waiting up to "+shortDuration(s.fetch.Grace)+" for what is under way; once more cancels it")
			}
		case <-ctx.Done():
		}
	})
	if out.resumed != nil {
		watchers.Go(func() { out.resumed.KeepSynced(ctx) })
	}
	mode := out.progressMode(s)
	if mode == progressNone {
		return watchers.Wait
	}
	watchers.Go(func() {
		if s.shard.Of > 1 { // which lines are this shard's is known only once they have been read
			return
		}
		if total, known := countRequests(ctx, inputs); known {
			progress.SetTotal(total)
		}
	})
	watchers.Go(func() {
		if mode == progressBar {
			progress.DrawBar(ctx, out.screen)
			return
		}
		progress.WriteLines(ctx, out.stderr)
	})
	return watchers.Wait
}

// progressMode decides for auto: a bar where a person watches and the Records go elsewhere.
func (out *outputs) progressMode(s *settings) progressMode {
	if s.progress != progressAuto {
		return s.progress
	}
	if out.human && !s.quiet && (out.file != nil || out.resumed != nil || !out.stdoutIsTerminal) {
		return progressBar
	}
	return progressNone
}
