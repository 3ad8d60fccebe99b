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

// How much the files take together is noted in one small file, so that no run has to look at all of them: each process adds what
// it has written. What is replaced, or was written by a process that was killed, makes that wrong; a sweep looks and puts it right.
const (
	usageName = "usage"
	usageSize = 16 // bytes in files, and when they were last counted, in seconds since 1970

	// noteFraction is the part of the limit that a process writes before it says so.
	noteFraction = 16
	// recountAfter is how long a count is believed.
	recountAfter = 24 * time.Hour
	// keepPercent is how much of the limit a sweep leaves, in percent, so that the next one is not due at once.
	keepPercent = 90
	// draftLifetime is how long a file may be on its way.
	draftLifetime = 6 * time.Hour
)

// What a sweep may take of the time of whoever does it.
const (
	sweepTime      = time.Second
	closeSweepTime = 10 * time.Second
)

// countWritten counts what was written and, each time that is a part of the limit, has it noted.
func (d *Disk) countWritten(size int64) {
	if d.unnoted.Add(size) < d.limit/noteFraction || !d.noting.TryLock() {
		return
	}
	defer d.noting.Unlock()
	_ = d.noteUsageLocked(sweepTime) // the next one, or Close, says so again
}

func (d *Disk) noteUsage(patience time.Duration) error {
	d.noting.Lock()
	defer d.noting.Unlock()
	return d.noteUsageLocked(patience)
}

// noteUsageLocked adds what was written to the usage, and sweeps where that is over the limit. Where another process has the lock, it is that one's turn.
func (d *Disk) noteUsageLocked(patience time.Duration) error {
	written := d.unnoted.Swap(0)
	f, err := os.OpenFile(filepath.Join(d.dir, usageName), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		d.unnoted.Add(written)
		return err
	}
	defer func() { _ = f.Close() }() // it is only a guess
	if !lockFile(f) {
		d.unnoted.Add(written)
		return nil
	}
	var text [usageSize]byte
	_, err = f.ReadAt(text[:], 0)
	used := int64(binary.LittleEndian.Uint64(text[:])) + written
	counted := time.Unix(int64(binary.LittleEndian.Uint64(text[8:])), 0)
	now := d.now()
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

// ages counts bytes by how long ago they were used, in steps that double: memory does not grow with the number of files.
type ages [48]int64

func ageStep(age time.Duration) int {
	step := 0
	for minutes := age / time.Minute; minutes > 0 && step < len(ages{})-1; minutes /= 2 {
		step++
	}
	return step
}

// sweep counts what there is and, where that is over the limit, removes what was not used for longest, until the deadline.
// It returns what is left, and whether it came to its end.
func (d *Disk) sweep(deadline time.Time) (left int64, whole bool) {
	now := d.now()
	var used ages
	whole = d.walk(deadline, func(_ string, info fs.FileInfo) bool {
		used[ageStep(now.Sub(info.ModTime()))] += diskSize(info.Size())
		return true
	})
	for _, bytes := range used {
		left += bytes
	}
	if left <= d.limit {
		return left, whole
	}
	excess := left - d.limit/100*keepPercent
	oldest := len(used) - 1 // whoever is in a later step goes; of this one as many as need be
	for older := used[oldest]; oldest > 0 && older < excess; older += used[oldest] {
		oldest--
	}
	done := d.walk(deadline, func(name string, info fs.FileInfo) bool {
		if ageStep(now.Sub(info.ModTime())) >= oldest && os.Remove(name) == nil {
			left -= diskSize(info.Size())
			excess -= diskSize(info.Size())
		}
		return excess > 0
	})
	return left, whole && (done || excess <= 0)
}

// diskSize is what a file takes on disk: whole blocks of 4 KiB.
func diskSize(size int64) int64 { return (size + 4095) &^ 4095 }

// walk shows every entry's file, beginning with a folder drawn by lot, so that sweeps cut short come to all of them.
// It returns false where visit or the deadline ended it.
func (d *Disk) walk(deadline time.Time, visit func(name string, info fs.FileInfo) bool) bool {
	const folders = 256
	first := rand.IntN(folders)
	for i := range folders {
		number := (first + i) % folders
		folder := filepath.Join(d.dir, strconv.FormatInt(int64(0x100+number), 16)[1:])
		entries, err := os.Open(folder)
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

// dropDraft removes what a killed process has left on its way.
func (d *Disk) dropDraft(name string, info fs.FileInfo) {
	if d.now().Sub(info.ModTime()) > draftLifetime {
		_ = os.Remove(name) // the next sweep sees it again
	}
}
