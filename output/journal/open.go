package journal

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"batchfetch/output/file"
)

// Open opens the output name and its journal, makes them where they are missing, and cuts the output back to what is committed.
// The error is a *ResumeError where they don't belong together, ErrBusy where another run has them.
func Open(name string, settings Settings) (*Output, error) {
	if err := checkRegular(name); err != nil {
		return nil, err
	}
	j := &Output{name: file.ResolveLinks(name), settings: settings, syncFile: (*os.File).Sync}
	err := j.openFiles()
	if err == nil {
		err = j.recoverFiles()
	}
	if err == nil {
		err = file.SyncDir(filepath.Dir(j.name))
	}
	if err != nil {
		j.Discard()
		return nil, err
	}
	return j, nil
}

// checkRegular refuses the names of devices, streams and directories.
func checkRegular(name string) error {
	if info, err := os.Stat(name); err == nil && file.WritesInPlace(name, info) {
		return &ResumeError{name + " is no regular file, which alone can be gone on with", "name a file, or leave out --resume"}
	}
	return nil
}

// Read reads what is done and touches nothing: the Resumed can only be asked, and closed with Discard.
func Read(name string, settings Settings) (*Output, error) {
	if err := checkRegular(name); err != nil {
		return nil, err
	}
	j := &Output{name: file.ResolveLinks(name), settings: settings}
	defer j.closeOutputAndJournal()
	var err, missing error
	if j.out, missing = os.Open(j.name); missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return nil, missing
	}
	switch j.journal, err = os.Open(besideOutput(j.name)); {
	case errors.Is(err, fs.ErrNotExist) && missing != nil:
		return j, nil // nothing has been done yet
	case errors.Is(err, fs.ErrNotExist):
		err = j.readJournal(0, false)
	case err == nil:
		var begun bool
		var size int64
		if begun, size, err = readHeader(j.journal, besideOutput(j.name)); err == nil {
			err = j.readJournal(size, begun)
		}
	}
	return j, err
}

// Discard gives up before anything was written: what it has made is taken away, while the lock is held.
func (j *Output) Discard() {
	for _, f := range j.created {
		if info, err := f.Stat(); err == nil && info.Size() <= int64(headerSize) {
			_ = os.Remove(f.Name()) // what can't be removed says nothing
		}
	}
	j.closeFiles()
}

// openFiles opens and locks both files.
func (j *Output) openFiles() (err error) {
	info, missing := os.Stat(besideOutput(j.name))
	if missing == nil && !info.Mode().IsRegular() {
		return &ResumeError{besideOutput(j.name) + " is no regular file", "move it away, or name another output"}
	}
	if j.journal, err = file.OpenLocked(besideOutput(j.name), os.O_RDWR|os.O_CREATE); err != nil {
		return err
	}
	if missing != nil {
		j.created = append(j.created, j.journal)
	}
	if err := file.CheckNotBusy(j.name + ".part"); err != nil { // a run without --resume would put that in the output's place
		return err
	}
	_, missing = os.Stat(j.name)
	if j.out, err = os.OpenFile(j.name, os.O_RDWR|os.O_CREATE, 0o666); err == nil && missing != nil {
		j.created = append(j.created, j.out)
	}
	return err
}

// recoverFiles reads the journal and cuts both files back to what is good of them.
func (j *Output) recoverFiles() error {
	begun, size, err := readHeader(j.journal, besideOutput(j.name))
	if err == nil {
		err = j.readJournal(size, begun)
	}
	if err != nil {
		return err
	}
	if !begun {
		return j.createJournal()
	}
	return j.truncateToCommitted()
}

// readJournal reads a journal of that size, which may not have begun, and decides how much is good.
func (j *Output) readJournal(size int64, begun bool) error {
	length := int64(0)
	if j.out != nil {
		info, err := j.out.Stat()
		if err != nil {
			return err
		}
		length = info.Size()
	}
	if !begun {
		if length > 0 {
			return &ResumeError{j.name + " is there and has no journal: nobody knows what of it is done", "move it away to begin anew, or leave out --resume"}
		}
		return nil
	}
	h, err := readHistory(j.journal, size)
	if err != nil {
		return err
	}
	j.salt = h.salt
	if j.committed, err = h.findGood(j.out, length, file.CurrentBoot()); err != nil {
		return describeError(err, j.name, length)
	}
	if j.doneBefore, err = h.loadLedger(j.journal, j.committed, &j.ledger, j.settings.Bodies); err != nil {
		return err
	}
	j.dirty = len(h.unsyncedCommits) > 0
	if j.synced = j.committed; j.dirty {
		j.synced = extent{h.synced.length, max(h.synced.size, int64(headerSize))}
	}
	j.outsideDir = len(h.dirHashes) > 0 && j.dirty
	return nil
}

// createJournal begins a journal.
func (j *Output) createJournal() error {
	_, _ = rand.Read(j.salt[:]) // never fails
	if j.settings.Bodies != nil {
		j.settings.Bodies.InheritClaims(j.salt, nil)
	}
	j.committed = extent{0, int64(headerSize)}
	j.synced = j.committed
	if _, err := j.journal.WriteAt(append([]byte(headerMagic), j.salt[:]...), 0); err != nil {
		return errors.Join(err, j.journal.Truncate(0))
	}
	return errors.Join(j.journal.Truncate(int64(headerSize)), j.journal.Sync())
}

// truncateToCommitted takes away what was written and not committed.
func (j *Output) truncateToCommitted() error {
	err := errors.Join(truncateTo(j.out, j.committed.length), truncateTo(j.journal, j.committed.size), j.journal.Sync())
	_, seekErr := j.out.Seek(j.committed.length, io.SeekStart)
	j.written, j.sum = j.committed.length, 0
	return errors.Join(err, seekErr)
}

// truncateTo leaves a file alone that is no longer than that.
func truncateTo(f *os.File, length int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() <= length {
		return err
	}
	return f.Truncate(length)
}

// LockExisting locks the journal of the output name, so that no run with --resume goes on with it. It returns nil where there is none.
func LockExisting(name string) (*os.File, error) {
	if info, err := os.Stat(besideOutput(name)); err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := file.OpenLocked(besideOutput(name), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !isJournalFile(f) { // somebody's own file of that name
		return nil, f.Close()
	}
	return f, err
}
