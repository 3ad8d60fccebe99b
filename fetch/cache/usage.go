package cache

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// usage is the size of all files of a Disk together. It is stored in one small file, the usage file, so that no run has
// to list all of them: each process adds what it has written. Files that are replaced, and processes that are killed,
// make it inexact; a sweep counts the files and corrects it. Any goroutine may use it.
type usage struct {
	files   *entryFiles
	limit   int64        // bytes of all files together
	unnoted atomic.Int64 // bytes written and not yet added to the usage file
	noting  sync.Mutex   // held while the usage file is updated
	// isNew says that the directory was made by this Disk, and the usage file was not updated yet; noting guards it.
	isNew bool
}

const (
	usageSize = 16 // bytes in files, and when they were last counted, in seconds since 1970

	// noteFraction is the part of the limit, as its denominator, that a process writes before it updates the usage file.
	noteFraction = 16
	// recountAfter is the age of a count from which on the files are counted again.
	recountAfter = 24 * time.Hour
)

// How long a sweep may take while a run goes on, and at its end.
const (
	sweepTime      = time.Second
	closeSweepTime = 10 * time.Second
)

// add counts bytes that were written and, each time they are a sixteenth of the limit, updates the usage file.
func (u *usage) add(size int64) {
	if u.unnoted.Add(size) < u.limit/noteFraction || !u.noting.TryLock() {
		return
	}
	defer u.noting.Unlock()
	_ = u.noteLocked(sweepTime) // the next call, or Close, reports the error
}

// note updates the usage file, after it has waited for a goroutine that does so.
func (u *usage) note(patience time.Duration) error {
	u.noting.Lock()
	defer u.noting.Unlock()
	return u.noteLocked(patience)
}

// noteLocked adds what was written to the usage file, and sweeps for at most patience where that is over the
// limit, or a run was killed. Where another process has locked the file it does nothing. noting is held.
func (u *usage) noteLocked(patience time.Duration) error {
	written := u.unnoted.Swap(0)
	u.files.own.end()
	f, err := os.OpenFile(u.files.own.usageFile(), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		u.unnoted.Add(written)
		return err
	}
	defer func() { _ = f.Close() }() // the usage is inexact anyway
	if !lockFile(f) {
		u.unnoted.Add(written)
		return nil
	}
	var text [usageSize]byte
	_, err = f.ReadAt(text[:], 0)
	used := int64(binary.LittleEndian.Uint64(text[:])) + written
	counted := time.Unix(int64(binary.LittleEndian.Uint64(text[8:])), 0)
	now := u.files.now()
	if err == io.EOF && u.isNew { // there was nothing to be counted
		err, counted = nil, now
	}
	u.isNew = false
	fresh := err == nil && used >= 0 && now.Sub(counted) < recountAfter && !counted.After(now.Add(time.Hour))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	killed := u.files.drafts.findKilled(now)
	swept := false
	if !fresh || used > u.limit || len(killed) > 0 {
		sweep := sweep{files: u.files, limit: u.limit, deadline: now.Add(patience), killed: killed}
		var left int64
		if left, swept = sweep.run(); swept {
			used, counted = left, now
		} else {
			used = min(used, left)
		}
	}
	killed.close(swept)
	binary.LittleEndian.PutUint64(text[:], uint64(max(used, 0)))
	binary.LittleEndian.PutUint64(text[8:], uint64(counted.Unix()))
	_, err = f.WriteAt(text[:], 0)
	return err
}
