package output

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// syncEvery is how much a power cut may cost: what was committed since has to be fetched again.
const syncEvery = time.Second

// KeepSynced brings to disk what is committed, once a second, until ctx ends. That it failed is told by the next commit, or Close.
func (j *Resumed) KeepSynced(ctx context.Context) {
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
func (j *Resumed) sync() error {
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
func (j *Resumed) flushAll() error {
	if j.strayed {
		syncEverything()
		j.strayed = false
	}
	if j.settings.Bodies != nil {
		if err := j.settings.Bodies.Sync(); err != nil {
			return fmt.Errorf("flushing the saved bodies: %w", err)
		}
	}
	return errors.Join(j.flush(j.out), j.flush(j.journal))
}

// stillNamed returns an error where the name of what is held open is gone, or another file's, by now.
func stillNamed(name string, held func() (fs.FileInfo, error)) error {
	named, err := os.Stat(name)
	if err != nil {
		return err
	}
	ours, err := held()
	if err == nil && !os.SameFile(ours, named) {
		err = &fs.PathError{Op: "write", Path: name, Err: errReplaced}
	}
	return err
}

// errReplaced says that what was written has no name any more.
var errReplaced = errors.New("another file has taken its place")
