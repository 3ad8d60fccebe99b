package output

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

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
	settings ResumeSettings
	salt     [saltSize]byte
	ledger   ledger
	done     int64  // successes of earlier runs
	text     []byte // Done's

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
	if err != nil {
		j.closeFiles()
		return nil, err
	}
	return j, nil
}

// open opens and locks both files.
func (j *Resumed) open() (err error) {
	if j.journal, err = openLocked(journalOf(j.name), os.O_RDWR|os.O_CREATE); err != nil {
		return err
	}
	if err := notBusy(j.name + ".part"); err != nil { // a run without --resume would put that in the output's place
		return err
	}
	j.out, err = os.OpenFile(j.name, os.O_RDWR|os.O_CREATE, 0o666)
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
	if j.done, err = h.load(j.journal, j.at, &j.ledger); err != nil {
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
	_, err := j.journal.WriteAt(append([]byte(journalMagic), j.salt[:]...), 0)
	err = errors.Join(err, j.journal.Truncate(int64(headerSize)), j.journal.Sync())
	j.at = cut{0, int64(headerSize)}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(j.name))
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

// Done numbers r among its equals, marks it and reports whether an earlier run has done it.
// It is called once for each Request, in the order of the input.
func (j *Resumed) Done(r *fetch.Request) bool {
	j.text = j.settings.Asked(append(j.text[:0], j.salt[:]...), r)
	sum := sha256.Sum256(j.text)
	a := asked{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint32(sum[8:])}
	nth, done := j.ledger.see(a)
	r.Mark = markOf(a, nth)
	return done
}

// Write appends to the output. It is not committed by that.
func (j *Resumed) Write(p []byte) (int, error) {
	n, err := j.out.Write(p)
	j.written += int64(n)
	j.sum = crc32.Update(j.sum, castagnoli, p[:n])
	return n, err
}

// commit makes what has been written last, and the successes in it done.
func (j *Resumed) commit(marks []fetch.Mark) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	j.frame = j.frame[:0]
	if !j.begun {
		j.frame = appendRun(j.frame, thisBoot(), j.settings.Bodies != nil)
	}
	j.frame = appendCommit(j.frame, j.written, j.sum, marks)
	if err := j.append(j.frame); err != nil {
		return err
	}
	j.at.length, j.sum = j.written, 0
	j.begun, j.dirty = true, true
	j.committed.Add(int64(len(marks)))
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

// syncEvery is how much a power cut may cost: what was committed since has to be fetched again.
const syncEvery = time.Second

// KeepSynced brings to disk what is committed, once a second, until ctx ends. That it failed is told by the next commit, or Close.
func (j *Resumed) KeepSynced(ctx context.Context) {
	ticker := time.NewTicker(syncEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := j.sync(); err != nil {
				j.mu.Lock()
				j.failed = err
				j.mu.Unlock()
				return
			}
		}
	}
}

// sync brings all that is committed to disk, bodies first, and marks how far that is.
func (j *Resumed) sync() error {
	j.mu.Lock()
	to, dirty := j.at, j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	if j.settings.Bodies != nil {
		if err := j.settings.Bodies.Sync(); err != nil {
			return fmt.Errorf("flushing the saved bodies: %w", err)
		}
	}
	if err := errors.Join(j.out.Sync(), j.journal.Sync()); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.append(appendMark(nil, to.length, to.size))
}

// Close cuts off what was not committed, brings the rest to disk and closes both files. Nobody may use it at the time.
func (j *Resumed) Close() error {
	if j.written > j.at.length {
		j.dirty = true
	}
	err := errors.Join(j.failed, j.cutBack(), j.sync(), j.journal.Sync(), stillNamed(j.out), stillNamed(j.journal))
	j.closeFiles()
	return err
}

// stillNamed reports a file whose name is gone, or another file's, by now.
func stillNamed(f *os.File) error {
	named, err := os.Stat(f.Name())
	if err != nil {
		return err
	}
	if held, err := f.Stat(); err != nil || !os.SameFile(held, named) {
		return errors.Join(err, &fs.PathError{Op: "write", Path: f.Name(), Err: errReplaced})
	}
	return nil
}

// errReplaced says that what was written has no name any more.
var errReplaced = errors.New("another file has taken its place")

// closeFiles lets the lock go.
func (j *Resumed) closeFiles() {
	for _, f := range []*os.File{j.out, j.journal} {
		if f != nil {
			_ = f.Close() // what matters has been synced
		}
	}
	j.ledger.close()
}
