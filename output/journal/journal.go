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
	name     string
	out      *os.File
	journal  *os.File
	made     []*os.File // those of them that were not there
	settings Settings
	flush    func(*os.File) error // brings a file to disk
	salt     savedir.Salt
	done     int64 // successes of earlier runs

	reading sync.Mutex // a Source may still be asking when all is over
	ended   bool
	ledger  ledger
	text    []byte // what is hashed

	written int64  // the writer's: the length of out
	sum     uint32 // of what was written since the last commit
	frame   []byte

	mu      sync.Mutex // the writer commits while KeepSynced marks
	at      cut        // what is committed
	vouched cut        // what the last mark says
	unsure  bool       // a flush failed: what is behind the mark may never have got to the disk
	begun   bool       // the run frame stands
	dirty   bool       // something is committed that no mark vouches for
	failed  error      // why a frame could not be written, or flushed: nothing is committed or vouched for after that

	strayed bool // bodies that no mark vouches for may lie elsewhere than where this run puts its own

	committed atomic.Int64
}

// Settings are what a Resumed needs to know of the rest of the run.
type Settings struct {
	// Asked appends a text of what a Request asks that no different Request shares.
	Asked func(text []byte, r *fetch.Request) []byte
	// Bodies are the files that Records point to; nil is none.
	Bodies *savedir.Dir
}

// DoneBefore returns how many successes earlier runs have left in the output.
func (j *Output) DoneBefore() int64 { return j.done }

// Done numbers r among its equals, tags it and reports whether an earlier run has done it.
// It is called once for each Request, in the order of the input.
func (j *Output) Done(r *fetch.Request) bool {
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
func (j *Output) entryOf(r *fetch.Record) entry {
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

// complete writes nothing, through a compressor maybe, into an output that has no line.
func (j *Output) complete(out io.Writer) error {
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
	if !j.begun {
		j.frame = appendRun(j.frame, file.CurrentBoot(), dir)
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
func (j *Output) append(frame []byte) error {
	if _, err := j.journal.WriteAt(frame, j.at.size); err != nil {
		_ = j.journal.Truncate(j.at.size) // else the next run does
		j.failed = err
		return err
	}
	j.at.size += int64(len(frame))
	return nil
}

// Committed returns how many successes of this run will outlive the process. It may be called at any time.
func (j *Output) Committed() int64 { return j.committed.Load() }

// Close cuts off what was not committed, brings the rest to disk and closes both files. Nobody may use it at the time.
func (j *Output) Close() error {
	if j.written > j.at.length {
		j.dirty = true
	}
	if j.unsure { // the next run would find it all in the system's memory, and nothing wrong
		j.at = j.vouched
	}
	err := errors.Join(j.failed, j.cutBack())
	if err == nil { // after an error of the disk another flush proves nothing
		err = errors.Join(j.sync(), j.journal.Sync())
	}
	err = errors.Join(err, file.CheckStillNamed(j.out.Name(), j.out.Stat), file.CheckStillNamed(j.journal.Name(), j.journal.Stat))
	j.closeFiles()
	return err
}

// closeOutputs lets the lock go.
func (j *Output) closeOutputs() {
	for _, f := range []*os.File{j.out, j.journal} {
		if f != nil {
			_ = f.Close() // what matters has been synced; a second time does nothing
		}
	}
}

func (j *Output) closeFiles() {
	j.closeOutputs()
	j.reading.Lock()
	defer j.reading.Unlock()
	j.ended = true
	j.ledger.close()
}
