package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"batchfetch/fetch"
)

// A Resumed is an output file that goes on where an earlier run left it, whatever ended that: each success stands in it once and whole.
// Its journal beside it says what is done. The journal's lock keeps two runs apart.
//
// What is committed outlives the process at once, and a power cut once KeepSynced has come by, or Close.
type Resumed struct {
	name     string
	out      *os.File
	journal  *os.File
	made     []*os.File // those of them that were not there
	settings ResumeSettings
	salt     [saltSize]byte
	done     int64 // successes of earlier runs

	reading sync.Mutex // a Source may still be asking when all is over
	ended   bool
	ledger  ledger
	text    []byte // what is hashed

	written int64  // the writer's: the length of out
	sum     uint32 // of what was written since the last commit
	frame   []byte

	mu     sync.Mutex // the writer commits while KeepSynced marks
	at     cut        // what is committed
	begun  bool       // the run frame stands
	dirty  bool       // something is committed that no mark vouches for
	failed error      // why a mark could not be made

	committed atomic.Int64
}

// ResumeSettings are what a Resumed needs to know of the rest of the run.
type ResumeSettings struct {
	// Asked appends a text of what a Request asks that no different Request shares.
	Asked func(text []byte, r *fetch.Request) []byte
	// Bodies are the files that Records point to; nil is none.
	Bodies *Bodies
}

// Resume opens the output name and its journal, makes them where they are missing, and cuts the output back to what is committed.
// The error is a *ResumeError where they don't belong together, ErrBusy where another run has them.
func Resume(name string, settings ResumeSettings) (*Resumed, error) {
	name = behindLinks(name)
	if info, err := os.Stat(name); err == nil && inPlace(name, info) {
		return nil, &ResumeError{name + " is no regular file, which alone can be gone on with", "name a file, or leave out --resume"}
	}
	j := &Resumed{name: name, settings: settings}
	err := j.open()
	if err == nil {
		err = j.recover()
	}
	if err == nil && len(j.made) > 0 {
		err = syncDir(filepath.Dir(j.name))
	}
	if err != nil {
		j.leave()
		return nil, err
	}
	return j, nil
}

// Resumable reports whether there is a journal beside the output name.
func Resumable(name string) bool {
	_, err := os.Stat(journalOf(behindLinks(name)))
	return err == nil
}

// leave takes away what it has made, while the lock is held.
func (j *Resumed) leave() {
	for _, f := range j.made {
		if info, err := f.Stat(); err == nil && info.Size() == 0 {
			_ = os.Remove(f.Name()) // what can't be removed is empty
		}
	}
	j.closeFiles()
}

// open opens and locks both files.
func (j *Resumed) open() (err error) {
	_, missing := os.Stat(journalOf(j.name))
	if j.journal, err = openLocked(journalOf(j.name), os.O_RDWR|os.O_CREATE); err != nil {
		return err
	}
	if missing != nil {
		j.made = append(j.made, j.journal)
	}
	if err := notBusy(j.name + ".part"); err != nil { // a run without --resume would put that in the output's place
		return err
	}
	_, missing = os.Stat(j.name)
	if j.out, err = os.OpenFile(j.name, os.O_RDWR|os.O_CREATE, 0o666); err == nil && missing != nil {
		j.made = append(j.made, j.out)
	}
	return err
}

// recover reads the journal and cuts both files back to what is good of them.
func (j *Resumed) recover() error {
	begun, size, err := readTitle(j.journal, journalOf(j.name))
	if err != nil {
		return err
	}
	info, err := j.out.Stat()
	if err != nil {
		return err
	}
	if !begun {
		return j.create(info.Size())
	}
	h, err := readHistory(j.journal, size)
	if err != nil {
		return err
	}
	j.salt = h.salt
	if j.at, err = h.settle(j.out, info.Size(), thisBoot()); err != nil {
		return explain(err, j.name, info.Size())
	}
	if j.done, err = h.load(j.journal, j.at, &j.ledger, j.settings.Bodies); err != nil {
		return err
	}
	j.dirty = len(h.tail) > 0
	return j.cutBack()
}

// create begins a journal.
func (j *Resumed) create(length int64) error {
	if length > 0 {
		return &ResumeError{j.name + " is there and has no journal: nobody knows what of it is done", "move it away to begin anew, or leave out --resume"}
	}
	_, _ = rand.Read(j.salt[:]) // never fails
	if j.settings.Bodies != nil {
		j.settings.Bodies.claims.inherit(j.salt[:], nil)
	}
	_, err := j.journal.WriteAt(append([]byte(journalMagic), j.salt[:]...), 0)
	j.at = cut{0, int64(headerSize)}
	return errors.Join(err, j.journal.Truncate(int64(headerSize)), j.journal.Sync())
}

// cutBack takes away what was written and not committed.
func (j *Resumed) cutBack() error {
	err := errors.Join(shorten(j.out, j.at.length), shorten(j.journal, j.at.size))
	_, seekErr := j.out.Seek(j.at.length, io.SeekStart)
	j.written, j.sum = j.at.length, 0
	return errors.Join(err, seekErr)
}

// shorten leaves a file alone that is no longer than that.
func shorten(f *os.File, length int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() <= length {
		return err
	}
	return f.Truncate(length)
}

// DoneBefore returns how many successes earlier runs have left in the output.
func (j *Resumed) DoneBefore() int64 { return j.done }

// Done numbers r among its equals, tags it and reports whether an earlier run has done it.
// It is called once for each Request, in the order of the input.
func (j *Resumed) Done(r *fetch.Request) bool {
	j.reading.Lock()
	defer j.reading.Unlock()
	if j.ended {
		return false
	}
	j.text = j.settings.Asked(append(j.text[:0], j.salt[:]...), r)
	sum := sha256.Sum256(j.text)
	a := asked{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint16(sum[8:])}
	nth, done := j.ledger.see(a)
	r.Tag = tagOf(a, nth)
	return done
}

// entryOf is what the journal will say of a Record.
func (j *Resumed) entryOf(r *fetch.Record) entry {
	e := entry{tag: r.Request.Tag}
	if j.settings.Bodies != nil {
		e.name = j.settings.Bodies.nameOf(r)
	}
	return e
}

// Write appends to the output. It is not committed by that.
func (j *Resumed) Write(p []byte) (int, error) {
	n, err := j.out.Write(p)
	j.written += int64(n)
	j.sum = crc32.Update(j.sum, castagnoli, p[:n])
	return n, err
}

// commit makes what has been written last, and the successes in it done.
func (j *Resumed) commit(entries []entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	j.frame = j.frame[:0]
	kind := frameCommit
	if j.settings.Bodies != nil {
		kind = frameFiles
	}
	if !j.begun {
		j.frame = appendRun(j.frame, thisBoot(), kind == frameFiles)
	}
	j.frame = appendCommit(j.frame, kind, j.written, j.sum, entries)
	if err := j.append(j.frame); err != nil {
		return err
	}
	j.at.length, j.sum = j.written, 0
	j.begun, j.dirty = true, true
	j.committed.Add(int64(len(entries)))
	return nil
}

// append is called with the lock. What a failed write leaves is written over by the next, or cut off by the next run.
func (j *Resumed) append(frame []byte) error {
	if _, err := j.journal.WriteAt(frame, j.at.size); err != nil {
		return err
	}
	j.at.size += int64(len(frame))
	return nil
}

// Committed returns how many successes of this run will outlive the process. It may be called at any time.
func (j *Resumed) Committed() int64 { return j.committed.Load() }

// Close cuts off what was not committed, brings the rest to disk and closes both files. Nobody may use it at the time.
func (j *Resumed) Close() error {
	if j.written > j.at.length {
		j.dirty = true
	}
	err := errors.Join(j.failed, j.cutBack(), j.sync(), j.journal.Sync(), stillNamed(j.out), stillNamed(j.journal))
	j.closeFiles()
	return err
}

// closeFiles lets the lock go.
func (j *Resumed) closeFiles() {
	for _, f := range []*os.File{j.out, j.journal} {
		if f != nil {
			_ = f.Close() // what matters has been synced
		}
	}
	j.reading.Lock()
	defer j.reading.Unlock()
	j.ended = true
	j.ledger.close()
}
