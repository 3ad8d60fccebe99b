package journal

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"batchfetch/output/file"
)

// Open opens and locks the output name and its journal, creates what is missing, and truncates both to what is good
// of them. The error is a *ResumeError where they don't belong together, and file.ErrBusy where another run has them
// open.
func Open(name string, settings Settings) (*Output, error) {
	if err := file.CheckLinks(name); err != nil {
		return nil, err
	}
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

// checkRegular returns an error where name is a device, a stream or a directory.
func checkRegular(name string) error {
	if info, err := os.Stat(name); err == nil && file.WritesInPlace(name, info) {
		return &ResumeError{name + " is no regular file, which alone can be gone on with",
			"name a file, or leave out --resume"}
	}
	return nil
}

// Read reads the journal of the output name without locking or changing a file. Only Done, DoneBefore and Discard may
// be called on the Output that it returns. Its errors are those of Open, but for file.ErrBusy.
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
		return j, nil // no run has begun
	case errors.Is(err, fs.ErrNotExist):
		err = j.readJournal(header{}, 0)
	case err == nil:
		_, err = j.readHeaderAndJournal()
	}
	return j, err
}

// Discard closes an Output to which nothing was written, and removes the files that Open has created.
func (j *Output) Discard() {
	for _, f := range j.created {
		if info, err := f.Stat(); err == nil && info.Size() <= int64(headerSize) {
			_ = os.Remove(f.Name()) // still locked; one that stays holds no entry
		}
	}
	j.closeFiles()
}

// openFiles locks the journal and opens both files.
func (j *Output) openFiles() (err error) {
	info, missing := os.Lstat(besideOutput(j.name))
	if missing == nil && !info.Mode().IsRegular() {
		return &ResumeError{besideOutput(j.name) + " is no regular file", "move it away, or name another output"}
	}
	if j.journal, err = file.OpenLocked(besideOutput(j.name), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	if missing != nil {
		j.created = append(j.created, j.journal)
	}
	if err := file.CheckNotBusy(j.name + ".part"); err != nil { // a run without --resume would rename it to j.name
		return err
	}
	_, missing = os.Stat(j.name)
	if j.out, err = file.OpenLocked(j.name, os.O_RDWR|os.O_CREATE|file.Append, 0o666); err == nil && missing != nil {
		j.created = append(j.created, j.out)
	}
	return err
}

// recoverFiles reads the journal and truncates both files to what is good of them, or begins a journal.
func (j *Output) recoverFiles() error {
	head, err := j.readHeaderAndJournal()
	if err != nil {
		return err
	}
	if head.size == 0 {
		return j.createJournal()
	}
	j.removeReplacement()
	return j.truncateToCommitted()
}

// readHeaderAndJournal is readJournal of the open file.
func (j *Output) readHeaderAndJournal() (header, error) {
	head, size, err := readHeader(j.journal, besideOutput(j.name))
	if err == nil {
		err = j.readJournal(head, size)
	}
	return head, err
}

// readJournal reads a journal of size bytes into the ledger, and sets committed and synced to what is good.
// Without a header it checks only that there is no output either.
func (j *Output) readJournal(head header, size int64) error {
	length := int64(0)
	if j.out != nil {
		info, err := j.out.Stat()
		if err != nil {
			return err
		}
		length = info.Size()
	}
	if head.size == 0 {
		if length > 0 {
			return &ResumeError{j.name + " exists without a journal, so it is unknown which requests are done",
				"move it away to start over, or leave out --resume"}
		}
		return nil
	}
	h, err := readJournalState(j.journal, head, size)
	if err != nil {
		return err
	}
	if err := h.checkPart(j.name, j.settings.Part); err != nil {
		return err
	}
	j.salt, j.hasPart = head.salt, h.part != ""
	if j.committed, err = h.findGood(j.out, length, file.CurrentBoot()); err != nil {
		return describeError(err, j.name, length)
	}
	if j.doneBefore, err = h.loadLedger(j.journal, j.committed, &j.ledger, &j.settings); err != nil {
		return err
	}
	j.dirty, j.repacked = len(h.unsynced) > 0, h.repacked
	if j.synced = j.committed; j.dirty {
		j.synced = extent{h.synced.outputLength, max(h.synced.journalSize, head.size)}
	}
	j.outsideDir = len(h.dirHashes) > 0 && j.dirty
	return nil
}

// createJournal writes the header of a new journal, and syncs it.
func (j *Output) createJournal() error {
	_, _ = rand.Read(j.salt[:]) // never fails
	if j.settings.SaveDir != nil {
		j.settings.SaveDir.InheritClaims(j.salt, nil)
	}
	j.committed = extent{0, int64(headerSize)}
	j.synced = j.committed
	if _, err := j.journal.WriteAt(appendHeader(nil, j.salt), 0); err != nil {
		return errors.Join(err, j.journal.Truncate(0))
	}
	return errors.Join(j.journal.Truncate(int64(headerSize)), j.journal.Sync())
}

// LockExisting opens and locks the journal beside the output name, so that no run with --resume continues it meanwhile.
// It returns nil where there is none. It is meant for file.Create.
func LockExisting(name string) (*os.File, error) {
	if info, err := os.Lstat(besideOutput(name)); err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := file.OpenLocked(besideOutput(name), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !isJournalFile(f) { // a file of the user's that happens to have that name
		return nil, f.Close()
	}
	return f, err
}
