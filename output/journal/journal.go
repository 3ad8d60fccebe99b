package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/savedir"
)

// A Output is an output file that goes on where an earlier run left it, whatever ended that: each success stands in it once and whole.
// Its journal beside it says what is done. The journal's lock keeps two runs apart.
//
// What is committed outlives the process at once, and a power cut once KeepSynced has come by, or Close.
type Output struct {
	name       string
	out        *os.File
	journal    *os.File
	created    []*os.File // those of them that were not there
	settings   Settings
	syncFile   func(*os.File) error // brings a file to disk
	salt       savedir.Salt
	doneBefore int64 // successes of earlier runs

	ledgerMu  sync.Mutex // a Source may still be asking when all is over
	closed    bool
	ledger    ledger
	hashInput []byte // what is hashed

	written int64  // the writer's: the length of out
	sum     uint32 // of what was written since the last commit
	frame   []byte

	mu          sync.Mutex // the writer commits while KeepSynced marks
	committed   extent     // what is committed
	synced      extent     // what the last mark says
	syncFailed  bool       // a flush failed: what is behind the mark may never have got to the disk
	hasRunFrame bool       // the run frame stands
	dirty       bool       // something is committed that no mark vouches for
	failed      error      // why a frame could not be written, or flushed: nothing is committed or vouched for after that

	outsideDir bool // bodies that no mark vouches for may lie elsewhere than where this run puts its own

	committedCount atomic.Int64
}

// Settings are what a Resumed needs to know of the rest of the run.
type Settings struct {
	// Asked appends a text of what a Request asks that no different Request shares.
	AppendRequest func(text []byte, r *fetch.Request) []byte
	// Bodies are the files that Records point to; nil is none.
	Bodies *savedir.Dir
}

// DoneBefore returns how many successes earlier runs have left in the output.
func (j *Output) DoneBefore() int64 { return j.doneBefore }

// Done numbers r among its equals, tags it and reports whether an earlier run has done it.
// It is called once for each Request, in the order of the input.
func (j *Output) Done(r *fetch.Request) bool {
	j.ledgerMu.Lock()
	defer j.ledgerMu.Unlock()
	if j.closed {
		return false
	}
	j.hashInput = j.settings.AppendRequest(append(j.hashInput[:0], j.salt[:]...), r)
	sum := sha256.Sum256(j.hashInput)
	a := requestHash{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint16(sum[8:])}
	nth, done := j.ledger.countRequest(a)
	r.Tag = newTag(a, nth)
	return done
}

// newEntry is what the journal will say of a Record.
func (j *Output) newEntry(r *fetch.Record) entry {
	e := entry{tag: r.Request.Tag}
	if j.settings.Bodies != nil {
		e.name = j.settings.Bodies.NameHash(r)
	}
	return e
}

// Write appends to the output. It is not committed by that.
func (j *Output) Write(p []byte) (int, error) {
	n, err := j.out.Write(p)
	j.written += int64(n)
	j.sum = crc32.Update(j.sum, castagnoli, p[:n])
	return n, err
}

// writeEmpty writes nothing, through a compressor maybe, into an output that has no line.
func (j *Output) writeEmpty(out io.Writer) error {
	if j.written > 0 {
		return nil
	}
	if _, err := out.Write(nil); err != nil || j.written == 0 {
		return err
	}
	return j.commit(nil)
}

// commit makes what has been written last, and the successes in it done.
func (j *Output) commit(entries []entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	j.frame = j.frame[:0]
	kind, dir := frameCommit, uint64(0)
	if j.settings.Bodies != nil {
		kind, dir = frameFiles, j.settings.Bodies.LocationHash()
	}
	if !j.hasRunFrame {
		j.frame = appendRun(j.frame, file.CurrentBoot(), dir)
	}
	j.frame = appendCommit(j.frame, kind, j.written, j.sum, entries)
	if err := j.appendFrame(j.frame); err != nil {
		return err
	}
	j.committed.length, j.sum = j.written, 0
	j.hasRunFrame, j.dirty = true, true
	j.committedCount.Add(int64(len(entries)))
	return nil
}

// appendFrame is called with the lock.
func (j *Output) appendFrame(frame []byte) error {
	if _, err := j.journal.WriteAt(frame, j.committed.size); err != nil {
		_ = j.journal.Truncate(j.committed.size) // else the next run does
		j.failed = err
		return err
	}
	j.committed.size += int64(len(frame))
	return nil
}

// Committed returns how many successes of this run will outlive the process. It may be called at any time.
func (j *Output) Committed() int64 { return j.committedCount.Load() }

// Close cuts off what was not committed, brings the rest to disk and closes both files. Nobody may use it at the time.
func (j *Output) Close() error {
	if j.written > j.committed.length {
		j.dirty = true
	}
	if j.syncFailed { // the next run would find it all in the system's memory, and nothing wrong
		j.committed = j.synced
	}
	err := errors.Join(j.failed, j.truncateToCommitted())
	if err == nil { // after an error of the disk another flush proves nothing
		err = errors.Join(j.syncCommitted(), j.journal.Sync())
	}
	err = errors.Join(err, file.CheckStillNamed(j.out.Name(), j.out.Stat), file.CheckStillNamed(j.journal.Name(), j.journal.Stat))
	j.closeFiles()
	return err
}

// closeOutputAndJournal lets the lock go.
func (j *Output) closeOutputAndJournal() {
	for _, f := range []*os.File{j.out, j.journal} {
		if f != nil {
			_ = f.Close() // what matters has been synced; a second time does nothing
		}
	}
}

func (j *Output) closeFiles() {
	j.closeOutputAndJournal()
	j.ledgerMu.Lock()
	defer j.ledgerMu.Unlock()
	j.closed = true
	j.ledger.free()
}
