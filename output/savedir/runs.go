package savedir

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/output/file"
)

// runs are those that have the directory open: this one, and the others that had it open when this one opened it. Each
// has a marker, a file in the folder runsFolder that is locked while it has the directory open. Its first 8 bytes say
// when that was; 8 more are a hash of the name of each body that it has saved, written before the body has the name. So
// a run knows which files the others have saved, and leaves them. A kill leaves a marker that is not locked: the next
// run removes it. Where files can't be locked there are no markers. Any goroutine may use it.
type runs struct {
	marker *os.File // nil where there is none
	noted  atomic.Int64

	mu     sync.Mutex // guards others
	others []*otherRun
}

// An otherRun is one of runs. Its marker is open, as it may end meanwhile.
type otherRun struct {
	marker *os.File
	began  time.Time
	read   int64 // bytes of the marker
	names  map[uint64]struct{}
}

const (
	// runsFolder is the folder of markers, below the directory.
	runsFolder = tempPrefix + "runs"
	// maxNoted is how many names a marker has, 2 MiB: all files since its beginning are taken for those of a longer run.
	maxNoted = 1 << 18
	// maxOtherRuns bounds the others, each an open file.
	maxOtherRuns = 16
	// maxMarkerTries is how often createMarker tries again after a race for the folder or the marker.
	maxMarkerTries = 100
	// wordSize is the size in bytes of what a marker is made of.
	wordSize = 8
)

// openRuns makes the marker of this run, and finds the others.
func (t *tree) openRuns(now time.Time) *runs {
	r := new(runs)
	if !file.CanLock {
		return r
	}
	r.marker = t.createMarker()
	if r.marker == nil {
		return r
	}
	_, _ = r.marker.Write(binary.LittleEndian.AppendUint64(nil, uint64(now.UnixNano()))) // without it nothing is noted
	folder, err := t.root.Open(runsFolder)
	if err != nil {
		return r
	}
	names, _ := folder.Readdirnames(-1) // what can't be read is not known
	_ = folder.Close()                  // only read
	for _, name := range names {
		if name != path.Base(r.marker.Name()) && len(r.others) < maxOtherRuns {
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
		f, err := t.root.OpenFile(name, createFlags|os.O_APPEND|file.NoWait, 0o666)
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
			return nil
		}
	}
	return nil
}

// addOther adds the run of a marker, or removes the marker where the run was killed.
func (r *runs) addOther(t *tree, marker string) {
	if info, err := t.root.Lstat(marker); err != nil || !info.Mode().IsRegular() {
		return
	}
	f, err := t.root.OpenFile(marker, os.O_RDONLY|file.NoWait, 0)
	if err != nil {
		return
	}
	switch err := file.LockShared(f); {
	case errors.Is(err, file.ErrBusy):
		r.others = append(r.others, &otherRun{marker: f, names: make(map[uint64]struct{})})
		return
	case err == nil:
		_ = t.root.Remove(marker) // one that stays is removed by the next run
	}
	_ = f.Close() // only read
}

// note says that this run is about to give a body that name.
func (r *runs) note(name string) {
	if r.marker == nil || r.noted.Add(1) > maxNoted {
		return
	}
	_, _ = r.marker.Write(binary.LittleEndian.AppendUint64(nil, markerHash(name))) // on a full disk nothing is saved
}

// markerHash returns the hash of a name in markers.
func markerHash(name string) uint64 {
	sum := sha256.Sum256([]byte(foldName(name)))
	return binary.LittleEndian.Uint64(sum[:])
}

// haveSaved reports whether one of the others has saved the file of that name.
func (r *runs) haveSaved(name string, info fs.FileInfo) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.others {
		if other.readNames(); other.hasSaved(name, info) {
			return true
		}
	}
	return false
}

// hasSaved is haveSaved of the names that were read.
func (o *otherRun) hasSaved(name string, info fs.FileInfo) bool {
	if o.read > maxNoted*wordSize {
		return !info.ModTime().Before(o.began)
	}
	_, saved := o.names[markerHash(name)]
	return saved
}

// readNames reads what the marker has got since the last call.
func (o *otherRun) readNames() {
	var buffer [512 * wordSize]byte
	for o.read <= maxNoted*wordSize {
		n, err := o.marker.ReadAt(buffer[:], o.read)
		for text := buffer[:n-n%wordSize]; len(text) > 0; text = text[wordSize:] {
			word := binary.LittleEndian.Uint64(text)
			if o.read == 0 {
				o.began = time.Unix(0, int64(word)) //nolint:gosec // as it was written
			} else {
				o.names[word] = struct{}{}
			}
			o.read += wordSize
		}
		if n < len(buffer) || err != nil && err != io.EOF {
			return
		}
	}
}

// close removes the marker, and the folder where it was the last one.
func (r *runs) close(t *tree) {
	for _, other := range r.others {
		_ = other.marker.Close() // only read
	}
	if r.marker == nil {
		return
	}
	_ = t.root.Remove(path.Join(runsFolder, path.Base(r.marker.Name()))) // while it is locked
	_ = r.marker.Close()                                                 // it has no name any more
	_ = t.root.Remove(runsFolder)                                        // one with markers in it stays
}
