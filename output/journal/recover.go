package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"batchfetch/output/file"
)

// journalState is what the frames of a journal say, up to the first that is torn or corrupt.
type journalState struct {
	header    header
	successes int64
	boot      file.BootID   // of the last run
	part      string        // of the input; empty is not known
	dirHashes []uint64      // of the directories of saved bodies, one a run that had one
	end       int64         // offset in the journal at which the readable frames end
	endErr    error         // why they end there: nil at the end of the file, errTorn or errCorrupt
	tail      tail          // what stands after end, where endErr is not nil
	synced    extent        // of the last mark
	last      commitRange   // the last commit
	unsynced  []commitRange // the commits after the last mark
	repacked  bool          // the whole output was written anew, and nothing was committed after that
	replaced  *replacedOutput
}

// A replacedOutput is what a journal says of an output before the frame that says that it was written anew. It is nil
// where another frame follows that one: the new output had its name by then.
type replacedOutput struct {
	last   commitRange
	synced extent
	end    int64 // offset in the journal at which the frames about it end
}

// extent is a length of an output and a size of its journal, in bytes, up to which both are committed, synced or good.
type extent struct{ outputLength, journalSize int64 }

// commitRange is the part of an output that one commit covers.
type commitRange struct {
	from, length int64  // offsets in the output at which it begins and ends
	sum          uint32 // CRC-32C of the bytes between them
	end          int64  // offset in the journal at which the commit's frame ends
}

// readJournalState reads the journal f of size bytes. The error is that of f.
func readJournalState(f io.ReaderAt, head header, size int64) (h journalState, err error) {
	h.header = head
	h.end, err = scanFrames(io.NewSectionReader(f, head.size, size-head.size), head.size, h.addFrame)
	if !errors.Is(err, errTorn) && !errors.Is(err, errCorrupt) {
		return h, err
	}
	h.endErr = err
	h.tail, err = readTail(f, h.end, size)
	return h, err
}

// addFrame takes the next frame into account.
func (h *journalState) addFrame(f frame) {
	h.replaced = nil
	switch f.kind {
	case frameRun:
		h.boot = file.BootID(f.payload[:len(h.boot)])
		if dir := f.dirHash(); dir != 0 {
			h.dirHashes = append(h.dirHashes, dir)
		}
	case framePart:
		h.part = string(f.payload)
	case frameCommit, frameFiles, framePages:
		h.last = commitRange{from: h.last.length, length: f.length(), sum: f.sum(), end: f.end}
		h.unsynced, h.repacked = append(h.unsynced, h.last), false
		h.successes += f.successes()
	case frameRepacked:
		h.replaced = &replacedOutput{h.last, h.synced, f.end - frameHead - repackSize - frameTail}
		h.last = commitRange{length: f.length(), sum: f.sum(), end: f.end}
		h.synced, h.unsynced, h.repacked = extent{f.length(), f.end}, nil, true
	case frameMark:
		if f.size() > f.end || f.length() > h.last.length {
			return // a mark covers only what stands before it
		}
		h.synced = extent{f.length(), f.size()}
		for len(h.unsynced) > 0 && h.unsynced[0].end <= h.synced.journalSize {
			h.unsynced = h.unsynced[1:]
		}
	}
}

// findGood returns how much of an output of length bytes, and of its journal, is good; now is the present boot of the
// machine. All up to the last mark has to be there. Of what follows it, all has to be there too after a kill of the
// process. After a power cut, which another boot tells, commits are good up to the first whose bytes don't have their
// check sum, and where bodies were saved to files none is, since the files may be empty. The error is errDamaged,
// errShorter, errChanged or that of out.
func (h *journalState) findGood(out io.ReaderAt, length int64, now file.BootID) (extent, error) {
	rebooted := !h.boot.IsKnown() || h.boot != now
	if h.isDamaged(rebooted) {
		return extent{}, fmt.Errorf("%w: byte %d", errDamaged, h.end)
	}
	if h.replaced != nil {
		if err := h.last.verify(out, length); err == nil || !isOutputError(err) {
			return extent{h.last.length, h.end}, err // the new output
		}
		h.last, h.synced, h.end, h.repacked = h.replaced.last, h.replaced.synced, h.replaced.end, false
	}
	if length < h.synced.outputLength {
		return extent{}, errShorter
	}
	good := extent{h.synced.outputLength, max(h.synced.journalSize, h.header.size)}
	if len(h.unsynced) == 0 { // checks only that it is the same file still
		if err := h.last.verify(out, length); err != nil {
			return extent{}, err
		}
		return extent{h.last.length, h.end}, nil
	}
	if rebooted && len(h.dirHashes) > 0 {
		return good, nil
	}
	for _, c := range h.unsynced {
		if err := c.verify(out, length); err != nil {
			if rebooted && isOutputError(err) {
				return good, nil
			}
			return extent{}, err
		}
		good = extent{c.length, c.end}
	}
	good.journalSize = h.end
	return good, nil
}

// isDamaged reports whether the journal ends in a way that neither a kill nor, where rebooted says that there may have
// been one, a power cut explains. Only the first frame can't have been lost to a power cut and tell no boot, as a part
// of it that has not come to the disk is zero.
func (h *journalState) isDamaged(rebooted bool) bool {
	switch {
	case h.endErr == nil:
		return false
	case h.tail.hasMark:
		return true
	case !rebooted:
		return errors.Is(h.endErr, errCorrupt) || h.tail.hasFrame
	}
	return h.end == h.header.size && errors.Is(h.endErr, errCorrupt) && !h.tail.isZero
}

// verify compares the bytes of a commit, in an output of length bytes, with their check sum.
func (c commitRange) verify(out io.ReaderAt, length int64) error {
	switch {
	case c.length < c.from:
		return errDamaged
	case c.length > length:
		return errShorter
	}
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.NewSectionReader(out, c.from, c.length-c.from)); err != nil {
		return err
	}
	if c.length > 0 && sum.Sum32() != c.sum {
		return errChanged
	}
	return nil
}

// loadLedger adds the successes of the journal f up to good to l, and the names of their files to those of
// settings.SaveDir, which may be nil. It returns how many they are.
func (h *journalState) loadLedger(f io.ReaderAt, to extent, l *ledger, settings *Settings) (successes int64,
	err error) {
	bodies := settings.SaveDir
	l.reserve(h.successes)
	var names []uint64
	var withFiles int64
	if bodies != nil && len(h.dirHashes) > 0 {
		names = make([]uint64, 0, h.successes)
	}
	body := io.NewSectionReader(f, h.header.size, to.journalSize-h.header.size)
	_, err = scanFrames(body, h.header.size, func(f frame) {
		if f.kind != frameCommit && f.kind != frameFiles && f.kind != framePages {
			return
		}
		successes += f.entries(func(e entry) {
			request := e.requestOf()
			if e.next != nil && e.next.Number <= int64(settings.MaxPages) {
				l.chains.add(request, e.next)
			} else {
				l.markDone(request.hash, request.nth)
				l.chains.take(request)
			}
			if bodies != nil && e.name != 0 {
				names = append(names, e.name)
			}
			if f.kind == frameFiles || e.name != 0 {
				withFiles++
			}
		})
	})
	if bodies == nil || err != nil {
		return successes, err
	}
	bodies.InheritClaims(h.header.salt, names)
	if withFiles > 0 && !bodies.MayHoldParts() && slices.Contains(h.dirHashes, bodies.LocationHash()) {
		return 0, &ResumeError{
			bodies.Path() + " is empty, though the journal says that earlier runs have put bodies there",
			"bring them back, name another directory for the rest, or remove the output and its journal to start over",
		}
	}
	return successes, nil
}

// checkPart returns an error where the journal of the output name is of another part of the input. Of an input that is
// divided anew, the requests of other parts would be fetched a second time.
func (h *journalState) checkPart(name, part string) error {
	if h.part == "" || part == "" || h.part == part {
		return nil
	}
	return &ResumeError{
		fmt.Sprintf("%s holds shard %q of its input, and this run is shard %q", name, h.part, part),
		"name another output for it, or go on with that shard",
	}
}
