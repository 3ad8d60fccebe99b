package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/savedir"
)

// Output is an output file with a journal beside it, which later runs continue, whatever ended the one before: every
// success has one whole line in it. An exclusive lock on the journal keeps out other runs.
//
// What is committed survives a kill of the process at once, and a power cut after the next sync by KeepSynced or Close.
// One goroutine reads requests with Done, one commits, and one may run KeepSynced; many may Write.
type Output struct {
	name       string
	out        *os.File
	journal    *os.File
	created    []*os.File // out and journal, where this run has created them
	settings   Settings
	syncFile   func(*os.File) error // fsync; tests replace it
	salt       savedir.Salt
	doneBefore int64 // successes of earlier runs

	ledgerMu  sync.Mutex // guards the next three: a Source may call Done after Close
	closed    bool
	ledger    ledger
	hashInput []byte // reused by Done

	outMu   sync.Mutex // guards the next two, and writing to out; taken after mu
	written int64      // length of out, in bytes
	sum     uint32     // CRC-32C of what was written since the last commit

	frame []byte // reused by commit; the writer's

	mu          sync.Mutex // guards the next eight: the writer commits while KeepSynced appends marks
	committed   extent     // up to the last commit
	synced      extent     // up to the last mark
	syncFailed  bool       // a sync failed: what follows the last mark may not be on disk
	hasRunFrame bool       // this run's run frame has been written
	hasPart     bool       // a part frame has been written, by this run or an earlier one
	dirty       bool       // a commit follows the last mark
	failed      error      // the first error of a journal write or a sync: nothing is committed or marked after it

	repacked bool // the whole output was written anew, and nothing was committed after that

	outsideDir bool // bodies of unsynced commits may be in a directory other than settings.SaveDir

	committedCount atomic.Int64
}

// DoneBefore returns the number of successes of earlier runs.
func (j *Output) DoneBefore() int64 { return j.doneBefore }

// ID is a name that the journal has for good: no other one has it, and one process at a time.
func (j *Output) ID() string {
	sum := sha256.Sum256(j.salt[:])
	return hex.EncodeToString(sum[:8])
}

// Done reports whether an earlier run has done r, and tags r with its hash and its number among equal requests. Where
// the first of its pages are done it makes r the request of the one that follows.
// It is called once for each Request, in the order of the input. After Close it returns false.
func (j *Output) Done(r *fetch.Request) bool {
	j.ledgerMu.Lock()
	defer j.ledgerMu.Unlock()
	if j.closed {
		return false
	}
	j.hashInput = j.settings.AppendRequest(append(j.hashInput[:0], j.salt[:]...), r)
	sum := sha256.Sum256(j.hashInput)
	hash := requestHash{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint16(sum[8:])}
	nth, done := j.ledger.countRequest(hash)
	r.Tag = newTag(hash, nth)
	if done || len(j.ledger.chains) == 0 {
		return done
	}
	if c := j.ledger.chains.take(occurrence{hash, nth}); c != nil {
		*r = r.ResumeAt(c.next, c.earlier)
	}
	return false
}

// newEntry returns the journal entry of a Record.
func (j *Output) newEntry(r *fetch.Record) entry {
	e := entry{tag: r.Request.Tag}
	if j.settings.SaveDir != nil {
		e.name = j.settings.SaveDir.NameHash(r)
	}
	e.next = r.Next // also beyond MaxPages: a later run may go further
	return e
}

// Write appends to the output file. The next commit covers it. Any goroutine may call it.
func (j *Output) Write(p []byte) (int, error) {
	j.outMu.Lock()
	defer j.outMu.Unlock()
	n, err := j.out.Write(p)
	j.written += int64(n)
	j.sum = crc32.Update(j.sum, castagnoli, p[:n])
	return n, err
}

// writeEmpty makes an output without lines a valid file of its form: a Write of no bytes through a compressor, out,
// may write a header. What it writes is committed.
func (j *Output) writeEmpty(out io.Writer) error {
	if j.written > 0 {
		return nil
	}
	if _, err := out.Write(nil); err != nil || j.written == 0 {
		return err
	}
	return j.commit(nil)
}

// commit appends a commit frame: the bytes written since the last one are good, and the successes in them are done.
func (j *Output) commit(entries []entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	j.frame = j.frame[:0]
	kind, dir := frameCommit, uint64(0)
	if j.settings.SaveDir != nil {
		kind, dir = frameFiles, j.settings.SaveDir.LocationHash()
	}
	if !j.hasRunFrame {
		j.frame = appendRun(j.frame, file.CurrentBoot(), dir)
	}
	if !j.hasPart && j.settings.Part != "" {
		j.frame = appendPart(j.frame, j.settings.Part)
	}
	if slices.ContainsFunc(entries, func(e entry) bool { return e.next != nil }) {
		kind = framePages
	}
	length, sum := j.takeWritten()
	j.frame = appendCommit(j.frame, kind, length, sum, entries)
	if err := j.writeFrame(j.frame); err != nil {
		return err
	}
	j.committed.outputLength = length
	j.hasRunFrame, j.hasPart, j.dirty, j.repacked = true, true, true, false
	j.committedCount.Add(int64(len(entries)))
	return nil
}

// takeWritten returns the length of the output, and the check sum of what was written since the last call.
func (j *Output) takeWritten() (length int64, sum uint32) {
	j.outMu.Lock()
	defer j.outMu.Unlock()
	sum, j.sum = j.sum, 0
	return j.written, sum
}

// commitRest commits what was written since the last commit, where there is any: what is no success is there too.
func (j *Output) commitRest() error {
	if j.written == j.committed.outputLength {
		return nil
	}
	return j.commit(nil)
}

// writeFrame writes a frame at the end of the journal. The caller holds mu.
func (j *Output) writeFrame(frame []byte) error {
	if _, err := j.journal.WriteAt(frame, j.committed.journalSize); err != nil {
		_ = j.journal.Truncate(j.committed.journalSize) // if this fails too, the next run truncates
		j.failed = err
		return err
	}
	j.committed.journalSize += int64(len(frame))
	return nil
}

// Committed returns the number of successes that this run has committed. It may be called by any goroutine.
func (j *Output) Committed() int64 { return j.committedCount.Load() }

// truncateToCommitted truncates both files to what is committed, and seeks to the end of the output.
func (j *Output) truncateToCommitted() error {
	err := errors.Join(truncateTo(j.out, j.committed.outputLength), truncateTo(j.journal, j.committed.journalSize),
		j.journal.Sync())
	_, seekErr := j.out.Seek(j.committed.outputLength, io.SeekStart)
	j.written, j.sum = j.committed.outputLength, 0
	return errors.Join(err, seekErr)
}

// truncateTo truncates a file that is longer than length.
func truncateTo(f *os.File, length int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() <= length {
		return err
	}
	return f.Truncate(length)
}

// closeOutputAndJournal closes the files that are open, which unlocks the journal.
func (j *Output) closeOutputAndJournal() {
	for _, f := range []*os.File{j.out, j.journal} {
		if f != nil {
			_ = f.Close() // synced already; closing twice is harmless
		}
	}
}

// closeFiles closes the files and frees the ledger.
func (j *Output) closeFiles() {
	j.closeOutputAndJournal()
	j.ledgerMu.Lock()
	defer j.ledgerMu.Unlock()
	j.closed = true
	j.ledger.free()
}
