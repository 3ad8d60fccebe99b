package savedir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"batchfetch/output/file"
)

// runs are those that have the directory open: this one, and the others that had it open when this one opened it. Each
// has a marker, an empty file in the folder runsFolder that is locked while it has the directory open, and was made
// before it saved anything. What has changed since the marker of a run that goes on was made may be that run's, and is
// left. A kill leaves a marker that is not locked: the next run removes it. Where files can't be locked there are none.
// Any goroutine may use it.
type runs struct {
	marker *os.File  // nil where there is none
	since  time.Time // when the first of the others began; zero where there are none
}

const (
	// runsFolder is the folder of markers, below the directory.
	runsFolder = tempPrefix + "runs"
	// maxMarkerTries is how often createMarker tries again after a race for the folder or the marker.
	maxMarkerTries = 100
)

// openRuns makes the marker of this run, and finds the others.
func (t *tree) openRuns() *runs {
	r := new(runs)
	if !file.CanLock {
		return r
	}
	r.marker = t.createMarker()
	if r.marker == nil {
		return r
	}
	folder, err := t.root.Open(runsFolder)
	if err != nil {
		return r
	}
	names, _ := folder.Readdirnames(-1) // what can't be read is not known
	_ = folder.Close()                  // only read
	for _, name := range names {
		if name != path.Base(r.marker.Name()) {
			r.addOther(t, path.Join(runsFolder, name))
		}
	}
	return r
}

// isEmptyDir reports whether the directory has nothing but a runsFolder; false where that is not known.
func isEmptyDir(root *os.Root) bool {
	dir, err := root.Open(".")
	if err != nil {
		return false
	}
	defer func() { _ = dir.Close() }() // only read
	for {
		names, err := dir.Readdirnames(1)
		if err != nil || names[0] != runsFolder {
			return err == io.EOF
		}
	}
}

// createMarker creates a marker, and locks it; nil where that can't be.
func (t *tree) createMarker() *os.File {
	for range maxMarkerTries {
		_ = t.root.Mkdir(runsFolder, 0o777) // as a rule of several runs it is there
		name := randomTempName(runsFolder, "")
		f, err := t.root.OpenFile(name, createFlags|file.NoWait, 0o666)
		if errors.Is(err, fs.ErrNotExist) { // another run has removed the folder
			continue
		}
		if err != nil {
			return nil
		}
		if err = file.Lock(f); err == nil {
			if info, unknown := f.Stat(); unknown == nil && file.HasName(info) {
				return f
			}
		}
		_ = t.root.Remove(name) // another has looked at it before it was locked
		_ = f.Close()           // it is of no use
		if err != nil && !errors.Is(err, file.ErrBusy) {
			_ = t.root.Remove(runsFolder) // there are no locks here
			return nil
		}
	}
	return nil
}

// addOther notes the run of a marker, or removes the marker where the run was killed.
func (r *runs) addOther(t *tree, marker string) {
	info, err := t.root.Lstat(marker)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	f, err := t.root.OpenFile(marker, os.O_RDONLY|file.NoWait, 0)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // only read
	switch err := file.LockShared(f); {
	case err == nil:
		_ = t.root.Remove(marker) // one that stays is removed by the next run
	case errors.Is(err, file.ErrBusy) && (r.since.IsZero() || info.ModTime().Before(r.since)):
		r.since = info.ModTime()
	}
}

// mayHaveSaved reports whether one of the others may have saved a file.
func (r *runs) mayHaveSaved(info fs.FileInfo) bool {
	return !r.since.IsZero() && !changedAt(info).Before(r.since)
}

// close removes the marker, and the folder where it was the last one.
func (r *runs) close(t *tree) {
	if r.marker == nil {
		return
	}
	_ = t.root.Remove(path.Join(runsFolder, path.Base(r.marker.Name()))) // while it is locked
	_ = r.marker.Close()                                                 // it has no name any more
	_ = t.root.Remove(runsFolder)                                        // one with markers in it stays
}
