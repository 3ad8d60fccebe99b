package journal

import (
	"errors"
	"hash/crc32"
	"io"
	"os"
	"time"

	"batchfetch/output/file"
)

// replacementSuffix follows the name of an output in that of the file which is to replace it.
const replacementSuffix = ".repacking"

// Repack replaces the output by what pack writes of it, before Close. It does nothing where that was done already and
// nothing was committed since, where nothing is committed, and where the output has other names or another owner, which
// a new file would not have. Whatever ends the process, either file is there under the name of the output, whole, and
// the journal goes with it. After an error the output is as before.
//
// The order is: the new file is written beside the old and synced; a frame says its length and check sum, and is
// synced; the new file takes the name; the folder is synced; a mark follows. The old file is good where no mark does.
func (j *Output) Repack(pack func(to io.Writer, from io.Reader) error) error {
	info, err := j.out.Stat()
	if err != nil || !file.IsOwned(info) || j.repacked || j.committed.outputLength == 0 {
		return err
	}
	if err := j.truncateToCommitted(); err != nil {
		return err
	}
	if err := j.syncCommitted(); err != nil {
		return nil //nolint:nilerr // Close returns it
	}
	replacement, err := file.CreateReplacement(j.name, replacementSuffix)
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	err = pack(io.MultiWriter(replacement, sum), io.NewSectionReader(j.out, 0, j.committed.outputLength))
	length, seekErr := replacement.Seek(0, io.SeekCurrent)
	if err = errors.Join(err, seekErr); err == nil {
		err = j.syncFile(replacement.File)
	}
	if err == nil {
		err = j.replaceBy(replacement, length, sum.Sum32())
	}
	_ = replacement.Abandon() // where it has not taken the name
	if err != nil {
		j.removeReplacement()
	}
	return err
}

// replaceBy says in the journal what the replacement is, and gives it the name of the output.
func (j *Output) replaceBy(replacement *file.Atomic, length int64, sum uint32) error {
	before := j.committed.journalSize
	frame := appendRepacked(nil, length, sum)
	_, err := j.journal.WriteAt(frame, before)
	if err == nil {
		err = j.syncFile(j.journal)
	}
	if err != nil { // the frame is of no use: without it nothing has changed
		return errors.Join(err, j.journal.Truncate(before))
	}
	j.committed.journalSize = before + int64(len(frame)) // which goes with either file
	if err := j.out.Close(); err != nil {                // some systems rename over no open file
		return err
	}
	replaceErr := replacement.Commit()
	out, err := reopenLocked(j.name)
	if err != nil {
		return errors.Join(replaceErr, err)
	}
	j.out = out
	info, err := out.Stat()
	if err != nil {
		return errors.Join(replaceErr, err)
	}
	whole := commitRange{length: length, sum: sum}
	if replaceErr != nil && whole.verify(out, info.Size()) != nil { // the old one has the name
		j.committed.journalSize = before
		return errors.Join(replaceErr, j.journal.Truncate(before))
	}
	j.committed.outputLength = length
	j.synced, j.written, j.repacked = j.committed, length, true
	j.dirty = replaceErr == nil // a mark says that the folder is synced, too
	return replaceErr
}

// How often an output is locked again, and the pause before: a second in all.
const (
	maxReopenTries = 1000
	reopenPause    = time.Millisecond
)

// reopenLocked opens and locks the output of a locked journal again. Another run that finds it unlocked meanwhile has
// it locked for a moment, until it meets the journal.
func reopenLocked(name string) (out *os.File, err error) {
	for range maxReopenTries {
		if out, err = file.OpenLocked(name, os.O_RDWR, 0); !errors.Is(err, file.ErrBusy) {
			break
		}
		time.Sleep(reopenPause)
	}
	return out, err
}

// removeReplacement removes what a run that ended within Repack has left.
func (j *Output) removeReplacement() {
	name := j.name + replacementSuffix
	if info, err := os.Lstat(name); err == nil && file.IsOwned(info) {
		_ = os.Remove(name) // the next one writes over it
	}
}
