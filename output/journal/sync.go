package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"batchfetch/output/file"
)

// syncInterval bounds what a power cut may cost: what was committed since the last sync has to be fetched again.
const syncInterval = time.Second

// KeepSynced syncs what is committed once a second, until ctx ends or a sync fails. The next commit, or Close,
// returns that error.
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

// syncCommitted syncs what is committed, bodies first, and appends a mark of how far that is. Once it has failed,
// nothing more is committed. It does nothing where a mark covers all.
func (j *Output) syncCommitted() error {
	j.mu.Lock()
	to, dirty := j.committed, j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	err := j.checkUncut(to.outputLength)
	if err == nil {
		err = j.syncFiles()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	if err != nil {
		j.failed, j.syncFailed = err, true
		return err
	}
	err = j.writeFrame(appendMark(nil, to.outputLength, to.journalSize))
	if err == nil {
		j.synced = to
	}
	return err
}

// checkUncut returns an error where another program has cut the output off, such as logrotate with copytruncate, which
// loses what is written meanwhile.
func (j *Output) checkUncut(length int64) error {
	info, err := j.out.Stat()
	if err == nil && info.Size() < length {
		err = &file.LostError{Err: &fs.PathError{Op: "write", Path: j.out.Name(), Err: errCut}}
	}
	return err
}

// syncFiles syncs the bodies, the output and the journal, in that order.
func (j *Output) syncFiles() error {
	if j.outsideDir {
		file.SyncAll()
		j.outsideDir = false
	}
	if j.settings.SaveDir != nil {
		if err := j.settings.SaveDir.Sync(); err != nil {
			return fmt.Errorf("flushing the saved bodies: %w", err)
		}
	}
	return errors.Join(j.syncFile(j.out), j.syncFile(j.journal))
}

// Close truncates the output to what is committed, syncs both files, and closes them, which unlocks the journal. It
// must not run beside other methods but Done and Committed. It returns the first error of the journal, and one where
// either file has lost its name meanwhile.
func (j *Output) Close() error {
	if j.written > j.committed.outputLength {
		j.dirty = true
	}
	if j.syncFailed { // the page cache still holds it, so the next run would take it for good
		j.committed = j.synced
	}
	err := errors.Join(j.failed, j.truncateToCommitted())
	if err == nil { // a sync that succeeds after one that failed proves nothing
		err = errors.Join(j.syncCommitted(), j.journal.Sync(), j.checkUncut(j.committed.outputLength))
	}
	err = errors.Join(err, file.CheckStillNamed(j.out.Name(), j.out.Stat),
		file.CheckStillNamed(j.journal.Name(), j.journal.Stat))
	j.closeFiles()
	return err
}
