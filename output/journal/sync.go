package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchfetch/output/file"
)

// syncInterval is how much a power cut may cost: what was committed since has to be fetched again.
const syncInterval = time.Second

// KeepSynced brings to disk what is committed, once a second, until ctx ends. That it failed is told by the next commit, or Close.
func (j *Output) KeepSynced(ctx context.Context) {
	ticker := time.NewTicker(syncInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if j.syncCommitted() != nil {
				return
			}
		}
	}
}

// syncCommitted brings all that is committed to disk, bodies first, and marks how far that is. Once it has failed nothing is committed any more.
func (j *Output) syncCommitted() error {
	j.mu.Lock()
	to, dirty := j.committed, j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	err := j.syncFiles()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	if err != nil {
		j.failed, j.syncFailed = err, true
		return err
	}
	err = j.appendFrame(appendMark(nil, to.length, to.size))
	if err == nil {
		j.synced = to
	}
	return err
}

// syncFiles brings the bodies, the output and the journal to disk.
func (j *Output) syncFiles() error {
	if j.outsideDir {
		file.SyncAll()
		j.outsideDir = false
	}
	if j.settings.Bodies != nil {
		if err := j.settings.Bodies.Sync(); err != nil {
			return fmt.Errorf("flushing the saved bodies: %w", err)
		}
	}
	return errors.Join(j.syncFile(j.out), j.syncFile(j.journal))
}
