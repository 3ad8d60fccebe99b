package cache

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// draftFiles names the drafts that one process makes in a directory: files that are being written, and further names of
// such. A kill leaves them there. So each name has the ID of the process in it, and the process has a file of that name
// locked, its marker, in the folder of markers: the next run that finds a marker which is not locked knows which drafts
// have no owner. The marker says which boot its process belongs to, since the locks of another host may not be seen
// here. Where files can't be locked a process has no marker. Of all others only the age of the drafts tells.
type draftFiles struct {
	dir    string // of the folder of markers
	once   sync.Once
	made   atomic.Int64
	id     string                  // set by once
	marker atomic.Pointer[os.File] // set by once; nil where there is none
}

const (
	// draftPrefix is that of the names of drafts: .draft-ID-NUMBER. A draft is in the folder where it will stay: writers
	// then do not wait for each other, which halves the time for 100,000 small responses.
	draftPrefix = ".draft-"
	// markers is the folder of markers.
	markers = "running"
	// maxMarkerTries is how many markers are made before a process goes without: another may take one that is not locked
	// yet for that of a killed process.
	maxMarkerTries = 3
	// maxKilled is how many markers are locked at once, each an open file. Further ones are left for the next run.
	maxKilled = 64
	// draftLifetime is the age of a draft from which on it is taken for that of a killed process that has no marker.
	draftLifetime = 6 * time.Hour
)

// bootID tells one boot of a machine from another, and so from one of another machine; empty beyond Linux.
var bootID = sync.OnceValue(func() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // none is as good as that of all others without one
	return string(id)
})

// next returns the name of the next draft. The first call makes the marker.
func (d *draftFiles) next() string {
	d.once.Do(d.mark)
	return draftPrefix + d.id + "-" + strconv.FormatInt(d.made.Add(1), 10)
}

// ownerOf returns the ID in the name of a draft.
func ownerOf(draft string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(draft, draftPrefix), "-")
	return id
}

// mark sets the ID, and makes the marker where files can be locked.
func (d *draftFiles) mark() {
	folder := filepath.Join(d.dir, markers)
	for range maxMarkerTries {
		d.id = rand.Text()
		if !canLock {
			return
		}
		f, err := createMarker(folder, d.id)
		if err != nil {
			return
		}
		if lockFile(f) {
			_, err = f.WriteString(bootID())
			if err == nil && isNamed(f) {
				d.marker.Store(f)
				return
			}
		}
		_ = os.Remove(f.Name()) // another run has done so as a rule
		_ = f.Close()           // it is of no use
	}
}

// createMarker creates a marker, and the folder where it is the first one.
func createMarker(folder, id string) (*os.File, error) {
	name := filepath.Join(folder, id)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|noWait, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.Mkdir(folder, 0o700); err == nil || errors.Is(err, fs.ErrExist) {
			f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|noWait, 0o600)
		}
	}
	return f, err
}

// isNamed reports whether an open file still has its name.
func isNamed(f *os.File) bool {
	held, err := f.Stat()
	named, missing := os.Lstat(f.Name())
	return err == nil && missing == nil && os.SameFile(held, named)
}

// close removes the marker: this process has no drafts any more.
func (d *draftFiles) close() {
	if marker := d.marker.Swap(nil); marker != nil {
		_ = os.Remove(marker.Name()) // while it is locked; one that stays is removed by the next run
		_ = marker.Close()           // its name is gone
	}
}

// killedRuns are the markers of processes that were killed, by their IDs, locked until close.
type killedRuns map[string]*os.File

// findKilled returns the processes of this boot that were killed while they used the directory. The marker of one of
// another boot is removed once its drafts are old enough to go without it.
func (d *draftFiles) findKilled(now time.Time) killedRuns {
	if !canLock {
		return nil
	}
	folder, err := os.OpenFile(filepath.Join(d.dir, markers), os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil
	}
	names, _ := folder.Readdirnames(-1) // what could not be read is left for the next run
	_ = folder.Close()                  // only read
	own := d.marker.Load()
	killed := make(killedRuns)
	for _, name := range names {
		path := filepath.Join(d.dir, markers, name)
		if own != nil && path == own.Name() { // over NFS a process can lock its own file again
			continue
		}
		f, err := os.OpenFile(path, os.O_RDWR|noFollow|noWait, 0)
		if err != nil {
			continue
		}
		switch written, ours := readMarker(f); {
		case !lockFile(f): // it runs
		case ours && len(killed) < maxKilled:
			killed[name] = f
			continue
		case !ours && now.Sub(written) > draftLifetime:
			_ = os.Remove(path) // one that stays is removed by the next run
		}
		_ = f.Close() // only read
	}
	return killed
}

// readMarker returns when a marker was written, and whether in this boot.
func readMarker(f *os.File) (written time.Time, ours bool) {
	text := make([]byte, len(bootID())+1)
	n, _ := f.ReadAt(text, 0) // of one that can't be read nothing is known
	info, err := f.Stat()
	if err != nil {
		return time.Now(), false
	}
	return info.ModTime(), string(text[:n]) == bootID()
}

// owns reports whether a draft of that name is of one of them.
func (k killedRuns) owns(draft string) bool { return k[ownerOf(draft)] != nil }

// close unlocks the markers, and removes them where their drafts have been removed.
func (k killedRuns) close(removed bool) {
	for _, f := range k {
		if removed {
			_ = os.Remove(f.Name()) // one that stays is removed by the next run
		}
		_ = f.Close() // nothing was written
	}
}
