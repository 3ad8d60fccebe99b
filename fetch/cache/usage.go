package cache

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The size of all files together is stored in one small file, the usage file, so that no run has to list all of them:
// each process adds what it has written. Files that are replaced, and processes that are killed, make it inexact; a
// sweep counts the files and corrects it.
const (
	usageName = "usage"
	usageSize = 16 // bytes in files, and when they were last counted, in seconds since 1970

	// noteFraction is the part of the limit, as its denominator, that a process writes before it updates the usage file.
	noteFraction = 16
	// recountAfter is the age of a count from which on the files are counted again.
	recountAfter = 24 * time.Hour
	// keepPercent is how much of the limit a sweep keeps, in percent, so that the next one is not due at once.
	keepPercent = 90
	// draftLifetime is the age of a draft from which on it is taken for that of a killed process.
	draftLifetime = 6 * time.Hour
)

// How long a sweep may take while a run goes on, and at its end.
const (
	sweepTime      = time.Second
	closeSweepTime = 10 * time.Second
)

// countWritten counts bytes that were written and, each time they are a sixteenth of the limit, updates the usage file.
func (d *Disk) countWritten(size int64) {
	if d.unnoted.Add(size) < d.limit/noteFraction || !d.noting.TryLock() {
		return
	}
	defer d.noting.Unlock()
	_ = d.noteUsageLocked(sweepTime) // the next call, or Close, reports the error
}

// noteUsage updates the usage file, after it has waited for a goroutine that does so.
func (d *Disk) noteUsage(patience time.Duration) error {
	d.noting.Lock()
	defer d.noting.Unlock()
	return d.noteUsageLocked(patience)
}

// noteUsageLocked adds what was written to the usage file, and sweeps for at most patience where that is over the
// limit. Where another process has locked the file it does nothing. noting is held.
func (d *Disk) noteUsageLocked(patience time.Duration) error {
	written := d.unnoted.Swap(0)
	d.own.Store(nil) // from here on the file tells nothing of others
	f, err := os.OpenFile(d.usageFile(), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		d.unnoted.Add(written)
		return err
	}
	defer func() { _ = f.Close() }() // the usage is inexact anyway
	if !lockFile(f) {
		d.unnoted.Add(written)
		return nil
	}
	var text [usageSize]byte
	_, err = f.ReadAt(text[:], 0)
	used := int64(binary.LittleEndian.Uint64(text[:])) + written
	counted := time.Unix(int64(binary.LittleEndian.Uint64(text[8:])), 0)
	now := d.now()
	if err == io.EOF && d.isNew { // there was nothing to be counted
		err, counted = nil, now
	}
	d.isNew = false
	fresh := err == nil && used >= 0 && now.Sub(counted) < recountAfter && !counted.After(now.Add(time.Hour))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !fresh || used > d.limit {
		if left, whole := d.sweep(now.Add(patience)); whole {
			used, counted = left, now
		} else {
			used = min(used, left)
		}
	}
	binary.LittleEndian.PutUint64(text[:], uint64(max(used, 0)))
	binary.LittleEndian.PutUint64(text[8:], uint64(counted.Unix()))
	_, err = f.WriteAt(text[:], 0)
	return err
}

// ages is a histogram of bytes by the time since they were last used. Its buckets double, so that memory does not grow
// with the number of files.
type ages [48]int64

// ageStep returns the bucket of an age: 0 up to a minute, then one more each time it doubles.
func ageStep(age time.Duration) int {
	step := 0
	for minutes := age / time.Minute; minutes > 0 && step < len(ages{})-1; minutes /= 2 {
		step++
	}
	return step
}

// sweep counts all files and, where they are over the limit, removes the least recently used, until the deadline.
// It returns the size of those that are left, and whether it was finished.
func (d *Disk) sweep(deadline time.Time) (left int64, whole bool) {
	now := d.now()
	var used ages
	whole = d.walk(deadline, func(_ string, info fs.FileInfo) bool {
		used[ageStep(now.Sub(info.ModTime()))] += diskSize(info.Size()) / linksOf(info)
		return true
	})
	for _, bytes := range used {
		left += bytes
	}
	if left <= d.limit {
		return left, whole
	}
	excess := left - d.limit/100*keepPercent
	oldest := len(used) - 1 // files in later buckets are removed; of this one as many as necessary
	for older := used[oldest]; oldest > 0 && older < excess; older += used[oldest] {
		oldest--
	}
	done := d.walk(deadline, func(name string, info fs.FileInfo) bool {
		if ageStep(now.Sub(info.ModTime())) >= oldest {
			freed := d.evict(name, info)
			left -= freed
			excess -= freed
		}
		return excess > 0
	})
	return left, whole && (done || excess <= 0)
}

// evict removes the file of an entry with the other names that it has: they were used last at the same time. It returns
// how many bytes that frees.
func (d *Disk) evict(name string, info fs.FileInfo) int64 {
	if linksOf(info) > 1 {
		d.removeOthers(name, info)
	}
	if os.Remove(name) != nil { // it went with another
		return 0
	}
	return diskSize(info.Size())
}

// removeOthers removes the other names of a file that several entries share.
func (d *Disk) removeOthers(name string, info fs.FileInfo) {
	images, err := os.ReadFile(name)
	for err == nil && len(images) > 0 {
		start, note, ok := lastImage(images)
		if !ok {
			return
		}
		other := d.name(keyOf(images[note:]))
		if its, err := os.Lstat(other); other != name && err == nil && os.SameFile(its, info) {
			_ = os.Remove(other) // the next sweep sees it again
		}
		images = images[:start]
	}
}

// diskSize returns the size that a file takes on disk: whole blocks of 4 KiB.
func diskSize(size int64) int64 { return (size + 4095) &^ 4095 }

// walk calls visit with the file of every entry, beginning with a random folder, so that sweeps that are cut short
// reach all of them in time. It returns false where visit or the deadline ended it. It removes old drafts.
func (d *Disk) walk(deadline time.Time, visit func(name string, info fs.FileInfo) bool) bool {
	const folders = 256
	first := rand.IntN(folders)
	for i := range folders {
		number := (first + i) % folders
		folder := filepath.Join(d.dir, strconv.FormatInt(int64(0x100+number), 16)[1:])
		entries, err := os.OpenFile(folder, os.O_RDONLY|noFollow, 0) // what lies behind a link is no entry
		if err != nil {
			continue
		}
		for {
			infos, err := entries.Readdir(1000)
			for _, info := range infos {
				name := filepath.Join(folder, info.Name())
				if strings.HasPrefix(info.Name(), draft) {
					d.dropDraft(name, info)
				} else if info.Mode().IsRegular() && !visit(name, info) {
					_ = entries.Close() // only read, here and below
					return false
				}
			}
			if err != nil {
				break
			}
		}
		_ = entries.Close()
		if !d.now().Before(deadline) {
			return false
		}
	}
	return true
}

// dropDraft removes a draft of a killed process.
func (d *Disk) dropDraft(name string, info fs.FileInfo) {
	if d.now().Sub(info.ModTime()) > draftLifetime {
		_ = os.Remove(name) // the next sweep sees it again
	}
}
