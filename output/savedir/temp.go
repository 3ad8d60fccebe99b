package savedir

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// A part is an unfinished body: two files beside where the body will be, named by a hash of the request. One, .part,
// has the bytes that have arrived; the other, .json, is a mark that says of which body they are. Whoever has the lock
// of the first owns both.
// A mark exists only beside the bytes that it is about, whenever the process is killed: it is written after they have
// got their name, and removed before another file gets it.
const (
	partEnding = ".part"
	markEnding = ".json"
)

// A body that has no part's name yet is in a file without a name where there are such (tree.createUnnamed), in memory
// before while it is small, and gets a temporary name only to replace another file. Else it is in a temporary file from
// the start. That is named by a hash of its request: HASH.tmp, or, while that is another's, a file with a random name
// in the folder HASH.equal. The next attempt that gets the first name removes what a kill has left of either.
const (
	tempPrefix  = ".batchfetch-"
	tempEnding  = ".tmp"
	equalEnding = ".equal"
)

// maxTempTries is how often createTemp tries again after a race for a folder that is removed, or a file in it.
const maxTempTries = 8

// createTemp creates the temporary file of a body whose part has that stem, and locks it.
func (t *tree) createTemp(stem string) (f *os.File, info fs.FileInfo, name string, err error) {
	return t.takeTemp(stem, t.create)
}

// takeTemp takes a temporary name for a body whose part has that stem, for a file that make makes of a name which no
// other file has, and locks it. Where there are no locks, or all tries fail, it is a random name beside the part, and
// what a kill leaves of it stays; its info is nil then.
func (t *tree) takeTemp(
	stem string, make func(name string) (*os.File, error),
) (f *os.File, info fs.FileInfo, name string, err error) {
	name = stem + tempEnding
	switch f, info, err = t.createLocked(name, make); {
	case err == nil:
		t.sweepTemp(stem + equalEnding)
		return f, info, name, nil
	case errors.Is(err, file.ErrBusy):
		for range maxTempTries {
			name = randomTempName(stem+equalEnding, tempEnding)
			_ = t.root.Mkdir(stem+equalEnding, 0o777) // as a rule it is there
			if f, info, err = t.createLocked(name, make); err == nil {
				return f, info, name, nil
			}
		}
	case !errors.Is(err, errCannotLock):
		return nil, nil, name, err
	}
	name = randomTempName(path.Dir(stem), partEnding)
	f, err = make(name)
	return f, nil, name, err
}

// sweepTemp removes what kills have left in the folder of temporary files of equal requests. It costs one lstat(2), and
// nothing while the directory can't hold such files.
func (t *tree) sweepTemp(folder string) {
	if !t.mayHoldParts.Load() {
		return
	}
	if info, err := t.lstat(folder); err != nil || !info.IsDir() {
		return
	}
	open, err := t.root.Open(folder)
	if err != nil {
		return
	}
	names, _ := open.Readdirnames(-1) // what could not be read is left for the next time
	_ = open.Close()                  // only read
	for _, name := range names {
		if !strings.HasPrefix(name, tempPrefix) || !strings.HasSuffix(name, tempEnding) {
			continue
		}
		name = path.Join(folder, name)
		if left, err := t.lockPart(name); err == nil {
			_ = t.root.Remove(name) // while it is locked
			_ = left.Close()
		}
	}
	_ = t.root.Remove(folder) // one with files in it stays
}

// errCannotLock says that the file system has no locks.
var errCannotLock = errors.New("files can't be locked here")

// createLocked makes and locks a file of that name, in place of one that a kill has left. The error is file.ErrBusy
// where another has it, and errCannotLock.
func (t *tree) createLocked(name string, make func(name string) (*os.File, error)) (*os.File, fs.FileInfo, error) {
	if !file.CanLock {
		return nil, nil, errCannotLock
	}
	f, err := make(name)
	if errors.Is(err, fs.ErrExist) {
		left, busy := t.lockPart(name)
		if busy != nil {
			return nil, nil, file.ErrBusy
		}
		_ = t.root.Remove(name) // while it is locked; if that fails, the next line does
		_ = left.Close()
		if f, err = make(name); errors.Is(err, fs.ErrExist) {
			return nil, nil, file.ErrBusy
		}
	}
	if err != nil {
		return nil, nil, err
	}
	err = file.Lock(f)
	if err != nil && !errors.Is(err, file.ErrBusy) {
		_ = t.root.Remove(name) // it is empty
		_ = f.Close()
		return nil, nil, errCannotLock
	}
	// another may have removed it between the two, as a kill's; over NFS and FUSE it has a hidden name then
	info, unknown := f.Stat()
	if err != nil || unknown != nil || t.checkSameFile(f, name) != nil {
		_ = f.Close() // empty, and another's by now
		return nil, nil, file.ErrBusy
	}
	return f, info, nil
}

// randomTempName returns a random name in a folder.
func randomTempName(folder, ending string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return path.Join(folder, tempPrefix+hex.EncodeToString(random[:])+ending)
}

// partStemIn returns the name, without its ending, of the part of r where that is in the folder; it is the same in
// every run.
func partStemIn(folder string, r *fetch.Request) string {
	sum := sha256.Sum256(r.AppendCanonical(nil))
	return path.Join(folder, tempPrefix+hex.EncodeToString(sum[:16]))
}
