package cache

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// keepPercent is how much of the limit a sweep keeps, in percent, so that the next one is not due at once.
const keepPercent = 90

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

// A sweep counts all files and, where they are over the limit, removes the least recently used, until the deadline.
// It removes drafts without an owner, too.
type sweep struct {
	files    *entryFiles
	limit    int64 // bytes of all files together
	deadline time.Time
	killed   killedRuns
}

// run returns the size of the files that are left, and whether the sweep was finished.
func (s *sweep) run() (left int64, whole bool) {
	now := s.files.now()
	var used ages
	whole = s.walk(func(_ string, info fs.FileInfo) bool {
		used[ageStep(now.Sub(info.ModTime()))] += diskSize(info.Size()) / linksOf(info)
		return true
	})
	for _, bytes := range used {
		left += bytes
	}
	if left <= s.limit {
		return left, whole
	}
	excess := left - s.limit/100*keepPercent
	oldest := len(used) - 1 // files in later buckets are removed; of this one as many as necessary
	for older := used[oldest]; oldest > 0 && older < excess; older += used[oldest] {
		oldest--
	}
	done := s.walk(func(name string, info fs.FileInfo) bool {
		if ageStep(now.Sub(info.ModTime())) >= oldest {
			freed := s.evict(name, info)
			left -= freed
			excess -= freed
		}
		return excess > 0
	})
	return left, whole && (done || excess <= 0)
}

// evict removes the file of an entry with the other names that it has: they were used last at the same time. It returns
// how many bytes that frees.
func (s *sweep) evict(name string, info fs.FileInfo) int64 {
	if linksOf(info) > 1 {
		s.removeOthers(name, info)
	}
	if os.Remove(name) != nil { // it went with another
		return 0
	}
	return diskSize(info.Size())
}

// removeOthers removes the other names of a file that several entries share.
func (s *sweep) removeOthers(name string, info fs.FileInfo) {
	images, err := os.ReadFile(name)
	for err == nil && len(images) > 0 {
		start, note, ok := lastImage(images)
		if !ok {
			return
		}
		other := s.files.name(keyOf(images[note:]))
		if its, err := os.Lstat(other); other != name && err == nil && os.SameFile(its, info) {
			_ = os.Remove(other) // the next sweep sees it again
		}
		images = images[:start]
	}
}

// diskSize returns the size that a file takes on disk: whole blocks of 4 KiB.
func diskSize(size int64) int64 { return (size + 4095) &^ 4095 }

// walk calls visit with the file of every entry, beginning with a random folder, so that sweeps that are cut short
// reach all of them in time. It returns false where visit or the deadline ended it. It removes drafts without an owner.
func (s *sweep) walk(visit func(name string, info fs.FileInfo) bool) bool {
	const folders = 256
	first := rand.IntN(folders)
	for i := range folders {
		number := (first + i) % folders
		folder := filepath.Join(s.files.dir, strconv.FormatInt(int64(0x100+number), 16)[1:])
		entries, err := os.OpenFile(folder, os.O_RDONLY|noFollow, 0) // what lies behind a link is no entry
		if err != nil {
			continue
		}
		for {
			infos, err := entries.Readdir(1000)
			for _, info := range infos {
				name := filepath.Join(folder, info.Name())
				if strings.HasPrefix(info.Name(), draftPrefix) {
					s.dropDraft(name, info)
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
		if !s.files.now().Before(s.deadline) {
			return false
		}
	}
	return true
}

// dropDraft removes a draft of a killed process.
func (s *sweep) dropDraft(name string, info fs.FileInfo) {
	if s.killed.owns(info.Name()) || s.files.now().Sub(info.ModTime()) > draftLifetime {
		_ = os.Remove(name) // the next sweep sees it again
	}
}
