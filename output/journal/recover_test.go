package journal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"batchfetch/output/file"
	"batchfetch/output/savedir"
)

// tornRun is an output of three commits of 10 bytes each, the first of them marked as synced, and its journal.
type tornRun struct {
	out, journal []byte
	commitEnds   []int64 // of the commits in the journal
}

func newTornRun(boot file.BootID, bodies bool) tornRun {
	var run tornRun
	run.journal = appendHeader(nil, savedir.Salt{})
	dir := uint64(0)
	if bodies {
		dir = 1
	}
	run.journal = appendRun(run.journal, boot, dir)
	for i := range 3 {
		part := bytes.Repeat([]byte{byte('a' + i)}, 10)
		run.out = append(run.out, part...)
		run.journal = appendCommit(run.journal, frameCommit, int64(len(run.out)), crc32.Checksum(part, castagnoli),
			[]entry{{tag: newTag(requestHash{high: uint64(i + 1)}, 0)}})
		run.commitEnds = append(run.commitEnds, int64(len(run.journal)))
		if i == 0 {
			run.journal = appendMark(run.journal, 10, run.commitEnds[0])
		}
	}
	return run
}

func (s *tornRun) findGood(now file.BootID) (extent, int64, error) {
	h, err := readJournalState(bytes.NewReader(s.journal), header{size: int64(headerSize)}, int64(len(s.journal)))
	if err != nil {
		return extent{}, 0, err
	}
	to, err := h.findGood(bytes.NewReader(s.out), int64(len(s.out)), now)
	if err != nil {
		return extent{}, 0, err
	}
	var l ledger
	defer l.free()
	dones, err := h.loadLedger(bytes.NewReader(s.journal), to, &l, new(Settings))
	return to, dones, err
}

// TestFindGood: what a mark covers has to be there. Of what follows, all is good after a kill; after a power cut
// commits are good up to the first whose bytes are not on disk, and none is where bodies went to files.
func TestFindGood(t *testing.T) {
	here, before := file.HashBoot("here"), file.HashBoot("before")
	for _, c := range []struct {
		name   string
		boot   file.BootID // of the run that wrote
		bodies bool
		spoil  func(*tornRun)
		length int64 // of the output that is good
		dones  int64
		err    error
	}{
		{name: "killed", boot: here, length: 30, dones: 3},
		{name: "killed in the middle of a line", boot: here,
			spoil: func(s *tornRun) { s.out = append(s.out, "half a li"...) }, length: 30, dones: 3},
		{name: "killed in the middle of a frame", boot: here,
			spoil: func(s *tornRun) { s.journal = s.journal[:len(s.journal)-1] }, length: 20, dones: 2},
		{name: "killed with one byte of a frame", boot: here,
			spoil: func(s *tornRun) { s.journal = s.journal[:s.commitEnds[1]+1] }, length: 20, dones: 2},
		{name: "killed, bodies in files", boot: here, bodies: true, length: 30, dones: 3},
		{name: "power cut, all there", boot: before, length: 30, dones: 3},
		{name: "power cut, bodies in files", boot: before, bodies: true, length: 10, dones: 1},
		{name: "power cut, output short", boot: before, spoil: func(s *tornRun) { s.out = s.out[:25] }, length: 20,
			dones: 2},
		{name: "power cut, output of zeroes", boot: before, spoil: func(s *tornRun) { clear(s.out[12:]) }, length: 10,
			dones: 1},
		{name: "power cut, journal of zeroes", boot: before,
			spoil: func(s *tornRun) { clear(s.journal[s.commitEnds[1]+3:]) }, length: 20, dones: 2},
		{name: "a mark that covers what comes after it", boot: before, bodies: true, spoil: func(s *tornRun) {
			s.journal = appendMark(s.journal, 30, int64(len(s.journal))+100)
		}, length: 10, dones: 1},
		{name: "unknown boot", boot: file.BootID{}, spoil: func(s *tornRun) { s.out = s.out[:25] }, length: 20,
			dones: 2},

		{name: "output shorter than the mark says", boot: before, spoil: func(s *tornRun) { s.out = s.out[:9] },
			err: errShorter},
		{name: "output shorter without a power cut", boot: here, spoil: func(s *tornRun) { s.out = s.out[:25] },
			err: errShorter},
		{name: "output changed without a power cut", boot: here, spoil: func(s *tornRun) { s.out[15] = 'x' },
			err: errChanged},
		{name: "journal garbled without a power cut", boot: here,
			spoil: func(s *tornRun) { s.journal[s.commitEnds[1]+7] ^= 1 }, err: errDamaged},
		{name: "journal garbled before the mark", boot: before,
			spoil: func(s *tornRun) { s.journal[s.commitEnds[0]-5] ^= 1 }, err: errDamaged},
		{name: "size garbled before the mark", boot: here,
			spoil: func(s *tornRun) { s.journal[headerSize+runSize+frameHead+frameTail+3] ^= 1 }, err: errDamaged},
		{name: "journal cut before the mark's own frame", boot: here,
			spoil: func(s *tornRun) { s.journal = s.journal[:s.commitEnds[0]] }, length: 10, dones: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTornRun(c.boot, c.bodies)
			if c.spoil != nil {
				c.spoil(&s)
			}
			to, dones, err := s.findGood(here)
			if !errors.Is(err, c.err) || to.outputLength != c.length || dones != c.dones {
				t.Errorf("good to %d with %d done (%v), want %d with %d (%v)", to.outputLength, dones, err, c.length,
					c.dones, c.err)
			}
		})
	}
}

// TestFindGoodAllMarked: where a mark covers all, a changed output is still noticed.
func TestFindGoodAllMarked(t *testing.T) {
	here := file.HashBoot("here")
	s := newTornRun(here, false)
	s.journal = appendMark(s.journal, 30, s.commitEnds[2])
	if to, dones, err := s.findGood(here); err != nil || to != (extent{30, int64(len(s.journal))}) || dones != 3 {
		t.Errorf("good to %v with %d done: %v", to, dones, err)
	}
	s.out[25] = 'x'
	if _, _, err := s.findGood(here); !errors.Is(err, errChanged) {
		t.Errorf("a changed output: %v", err)
	}
}

// FuzzJournal: whatever follows the header of a journal, reading it ends, and what it takes for good lies within both
// files.
func FuzzJournal(f *testing.F) {
	s := newTornRun(file.HashBoot("before"), false)
	f.Add(s.journal[headerSize:], s.out, false)
	f.Add(s.journal[headerSize:s.commitEnds[1]+4], s.out[:20], true)
	f.Add([]byte(strings.Repeat("c\x0c\x00\x00\x00", 9)), []byte("x"), true)
	f.Fuzz(func(t *testing.T, frames, out []byte, rebooted bool) {
		s := tornRun{out: out, journal: append(appendHeader(nil, savedir.Salt{}), frames...)}
		now := file.HashBoot("before")
		if rebooted {
			now = file.HashBoot("here")
		}
		to, _, err := s.findGood(now)
		if err != nil {
			return
		}
		if to.outputLength < 0 || to.outputLength > int64(len(out)) || to.journalSize > int64(len(s.journal)) {
			t.Fatalf("cut to %v of %d and %d bytes", to, len(out), len(s.journal))
		}
	})
}

// FuzzTornJournal: a journal that a power cut has truncated or corrupted after the mark never claims more than is
// there.
func FuzzTornJournal(f *testing.F) {
	f.Add(uint(3), uint(2), byte(1), uint(30))
	f.Fuzz(func(t *testing.T, keep, garble uint, with byte, length uint) {
		s := newTornRun(file.HashBoot("before"), false)
		marked := len(appendMark(nil, 0, 0)) + int(s.commitEnds[0])
		tail := s.journal[marked:]
		tail = tail[:keep%uint(len(tail)+1)]
		if len(tail) > 0 {
			tail[garble%uint(len(tail))] ^= with
		}
		s.journal = s.journal[:marked+len(tail)]
		s.out = s.out[:10+length%21]
		to, dones, err := s.findGood(file.HashBoot("here"))
		if err != nil || to.outputLength != 10*dones || dones < 1 || to.outputLength > int64(len(s.out)) {
			t.Fatalf("good to %v with %d done: %v", to, dones, err)
		}
	})
}
