package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
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
	flush    func(*os.File) error // brings a file to disk
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
	failed error      // why a frame could not be written, or flushed: nothing is committed or vouched for after that

	strayed bool // bodies that no mark vouches for may lie elsewhere than where this run puts its own

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
	j := &Resumed{name: name, settings: settings, flush: (*os.File).Sync}
	err := j.open()
	if err == nil {
		err = j.recover()
	}
	if err == nil {
		err = syncDir(filepath.Dir(j.name))
	}
	if err != nil {
		j.Discard()
		return nil, err
	}
	return j, nil
}

// Look reads what is done and touches nothing: the Resumed can only be asked, and closed with Discard.
func Look(name string, settings ResumeSettings) (*Resumed, error) {
	j := &Resumed{name: behindLinks(name), settings: settings}
	defer j.closeOutputs()
	var err, missing error
	if j.out, missing = os.Open(j.name); missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return nil, missing
	}
	switch j.journal, err = os.Open(journalOf(j.name)); {
	case errors.Is(err, fs.ErrNotExist) && missing != nil:
		return j, nil // nothing has been done yet
	case errors.Is(err, fs.ErrNotExist):
		err = j.look(0, false)
	case err == nil:
		var begun bool
		var size int64
		if begun, size, err = readTitle(j.journal, journalOf(j.name)); err == nil {
			err = j.look(size, begun)
		}
	}
	return j, err
}

// Discard gives up before anything was written: what it has made is taken away, while the lock is held.
func (j *Resumed) Discard() {
	for _, f := range j.made {
		if info, err := f.Stat(); err == nil && info.Size() <= int64(headerSize) {
			_ = os.Remove(f.Name()) // what can't be removed says nothing
		}
	}
	j.closeFiles()
}

// open opens and locks both files.
func (j *Resumed) open() (err error) {
	info, missing := os.Stat(journalOf(j.name))
	if missing == nil && !info.Mode().IsRegular() {
		return &ResumeError{journalOf(j.name) + " is no regular file", "move it away, or name another output"}
	}
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
	if err == nil {
		err = j.look(size, begun)
	}
	if err != nil {
		return err
	}
	if !begun {
		return j.create()
	}
	return j.cutBack()
}

// look reads a journal of that size, which may not have begun, and decides how much is good.
func (j *Resumed) look(size int64, begun bool) error {
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
	if j.at, err = h.settle(j.out, length, thisBoot()); err != nil {
		return explain(err, j.name, length)
	}
	if j.done, err = h.load(j.journal, j.at, &j.ledger, j.settings.Bodies); err != nil {
		return err
	}
	j.dirty = len(h.tail) > 0
	j.strayed = len(h.dirs) > 0 && j.dirty
	return nil
}

// create begins a journal.
func (j *Resumed) create() error {
	_, _ = rand.Read(j.salt[:]) // never fails
	if j.settings.Bodies != nil {
		j.settings.Bodies.claims.inherit(j.salt, nil)
	}
	j.at = cut{0, int64(headerSize)}
	if _, err := j.journal.WriteAt(append([]byte(journalMagic), j.salt[:]...), 0); err != nil {
		return errors.Join(err, j.journal.Truncate(0))
	}
	return errors.Join(j.journal.Truncate(int64(headerSize)), j.journal.Sync())
}

// cutBack takes away what was written and not committed.
func (j *Resumed) cutBack() error {
	err := errors.Join(shorten(j.out, j.at.length), shorten(j.journal, j.at.size), j.journal.Sync())
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

// complete writes nothing, through a compressor maybe, into an output that has no line.
func (j *Resumed) complete(out io.Writer) error {
	if j.written > 0 {
		return nil
	}
	if _, err := out.Write(nil); err != nil || j.written == 0 {
		return err
	}
	return j.commit(nil)
}

// commit makes what has been written last, and the successes in it done.
func (j *Resumed) commit(entries []entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	j.frame = j.frame[:0]
	kind, dir := frameCommit, uint64(0)
	if j.settings.Bodies != nil {
		kind, dir = frameFiles, j.settings.Bodies.place()
	}
	if !j.begun {
		j.frame = appendRun(j.frame, thisBoot(), dir)
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

// append is called with the lock.
func (j *Resumed) append(frame []byte) error {
	if _, err := j.journal.WriteAt(frame, j.at.size); err != nil {
		_ = j.journal.Truncate(j.at.size) // else the next run does
		j.failed = err
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
	err := errors.Join(j.failed, j.cutBack())
	if err == nil { // after an error of the disk another flush proves nothing
		err = errors.Join(j.sync(), j.journal.Sync())
	}
	err = errors.Join(err, stillNamed(j.out), stillNamed(j.journal))
	j.closeFiles()
	return err
}

// closeOutputs lets the lock go.
func (j *Resumed) closeOutputs() {
	for _, f := range []*os.File{j.out, j.journal} {
		if f != nil {
			_ = f.Close() // what matters has been synced; a second time does nothing
		}
	}
}

func (j *Resumed) closeFiles() {
	j.closeOutputs()
	j.reading.Lock()
	defer j.reading.Unlock()
	j.ended = true
	j.ledger.close()
}
