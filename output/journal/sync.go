package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchfetch/output/file"
)

// syncEvery is how much a power cut may cost: what was committed since has to be fetched again.
const syncEvery = time.Second

// KeepSynced brings to disk what is committed, once a second, until ctx ends. That it failed is told by the next commit, or Close.
func (j *Output) KeepSynced(ctx context.Context) {
	ticker := time.NewTicker(syncEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if j.sync() != nil {
				return
			}
		}
	}
}

// sync brings all that is committed to disk, bodies first, and marks how far that is. Once it has failed nothing is committed any more.
func (j *Output) sync() error {
	j.mu.Lock()
	to, dirty := j.at, j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	err := j.flushAll()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	if err != nil {
		j.failed, j.unsure = err, true
		return err
	}
	err = j.append(appendMark(nil, to.length, to.size))
	if err == nil {
		j.vouched = to
	}
	return err
}

// flushAll brings the bodies, the output and the journal to disk.
func (j *Output) flushAll() error {
	if j.strayed {
		file.SyncAll()
		j.strayed = false
	}
	if j.settings.Bodies != nil {
		if err := j.settings.Bodies.Sync(); err != nil {
			return fmt.Errorf("flushing the saved bodies: %w", err)
		}
	}
	return errors.Join(j.flush(j.out), j.flush(j.journal))
}
