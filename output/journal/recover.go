package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"

	"batchfetch/output/file"
	"batchfetch/output/savedir"
)

// A ResumeError says why an output can't be gone on with, and the mend.
type ResumeError struct{ Problem, Hint string }

func (e *ResumeError) Error() string { return e.Problem }

// A journalState is what a journal says, as far as it can be read.
type journalState struct {
	salt            savedir.Salt
	successes       int64         // successes
	boot            file.BootID   // of the run that wrote last
	dirHashes       []uint64      // where runs have put bodies into files, hashed
	end             int64         // where the frames end, as an offset in the journal
	endErr          error         // that they end there: nil, errTorn or errGarbled
	hasLaterMark    bool          // and that a mark stands behind: what was on disk is damaged
	synced          extent        // as the last mark says
	lastCommit      commitRange   // the last of all
	unsyncedCommits []commitRange // those that no mark vouches for
}

// extent is how far all was on disk at a mark.
type extent struct{ length, size int64 }

// A commitRange is where one ends, in the output and in the journal, and where its bytes of the output begin.
type commitRange struct {
	from, length int64
	sum          uint32
	end          int64
}

// readHistory reads the journal f, whose header is whole.
func readHistory(f io.ReaderAt, size int64) (h journalState, err error) {
	if _, err := f.ReadAt(h.salt[:], int64(len(headerMagic))); err != nil {
		return h, err
	}
	body := io.NewSectionReader(f, int64(headerSize), size-int64(headerSize))
	h.end, err = scanFrames(body, int64(headerSize), h.addFrame)
	if !errors.Is(err, errTorn) && !errors.Is(err, errCorrupt) {
		return h, err
	}
	h.endErr = err
	h.hasLaterMark, err = findLaterMark(io.NewSectionReader(f, h.end, size-h.end), h.end)
	return h, err
}

func (h *journalState) addFrame(f frame) {
	switch f.kind {
	case frameRun:
		h.boot = file.BootID(f.payload[:len(h.boot)])
		if dir := f.dir(); dir != 0 {
			h.dirHashes = append(h.dirHashes, dir)
		}
	case frameCommit, frameFiles:
		h.lastCommit = commitRange{from: h.lastCommit.length, length: f.length(), sum: f.sum(), end: f.end}
		h.unsyncedCommits = append(h.unsyncedCommits, h.lastCommit)
		h.successes += f.successes()
	case frameMark:
		if f.size() > f.end || f.length() > h.lastCommit.length {
			return // it can't vouch for what comes after it
		}
		h.synced = extent{f.length(), f.size()}
		for len(h.unsyncedCommits) > 0 && h.unsyncedCommits[0].end <= h.synced.size {
			h.unsyncedCommits = h.unsyncedCommits[1:]
		}
	}
}

// findGood decides how much of the output is good. What a mark vouches for has to be there. Behind it everything is there too after a
// kill of the process; after a power cut, which shows in another boot of the machine, it is good up to the first commit
// whose bytes are not what they were, and where bodies went to files nothing behind the mark is trusted: they may be empty.
func (h *journalState) findGood(out io.ReaderAt, length int64, now file.BootID) (extent, error) {
	rebooted := !h.boot.IsKnown() || h.boot != now
	if h.hasLaterMark || !rebooted && errors.Is(h.endErr, errCorrupt) {
		return extent{}, fmt.Errorf("%w: byte %d", errDamaged, h.end)
	}
	if length < h.synced.length {
		return extent{}, errShorter
	}
	good := extent{h.synced.length, max(h.synced.size, int64(headerSize))}
	if len(h.unsyncedCommits) == 0 { // one look, lest it be another file by now
		if err := h.lastCommit.verify(out, length); err != nil {
			return extent{}, err
		}
		return extent{h.lastCommit.length, h.end}, nil
	}
	if rebooted && len(h.dirHashes) > 0 {
		return good, nil
	}
	for _, c := range h.unsyncedCommits {
		if err := c.verify(out, length); err != nil {
			if rebooted && isOutputError(err) {
				return good, nil
			}
			return extent{}, err
		}
		good = extent{c.length, c.end}
	}
	good.size = h.end
	return good, nil
}

// What can be wrong with an output or a journal.
var (
	errDamaged = errors.New("the journal is damaged")
	errShorter = errors.New("the output is shorter than its journal says")
	errChanged = errors.New("the output is not what its journal says")
)

func isOutputError(err error) bool { return errors.Is(err, errShorter) || errors.Is(err, errChanged) }

// verify holds the bytes of a commit against their sum.
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

// loadLedger brings the successes up to the cut into a ledger, and the names of their files to bodies, which may be nil.
func (h *journalState) loadLedger(f io.ReaderAt, to extent, l *ledger, bodies *savedir.Dir) (dones int64, err error) {
	l.reserve(h.successes)
	var names []uint64
	var saved int64
	if bodies != nil && len(h.dirHashes) > 0 {
		names = make([]uint64, 0, h.successes)
	}
	body := io.NewSectionReader(f, int64(headerSize), to.size-int64(headerSize))
	_, err = scanFrames(body, int64(headerSize), func(f frame) {
		if f.kind != frameCommit && f.kind != frameFiles {
			return
		}
		for n := range f.successes() {
			a, nth, name := f.entry(n)
			l.markDone(a, nth)
			if bodies != nil && name != 0 {
				names = append(names, name)
			}
		}
		dones += f.successes()
		if f.kind == frameFiles {
			saved += f.successes()
		}
	})
	if bodies == nil || err != nil {
		return dones, err
	}
	bodies.InheritClaims(h.salt, names)
	if saved > 0 && !bodies.MayHoldParts() && slices.Contains(h.dirHashes, bodies.LocationHash()) {
		return 0, &ResumeError{bodies.Path() + " is empty, though the journal says that earlier runs have put bodies there",
			"bring them back, name another directory for the rest, or remove the output and its journal to begin anew"}
	}
	return dones, nil
}

// describeError names the files and the mend.
func describeError(err error, name string, length int64) error {
	journal := besideOutput(name)
	anew := "bring it back, or remove " + journal + " and " + name + " to begin anew"
	switch {
	case errors.Is(err, errShorter) && length == 0:
		return &ResumeError{name + " is missing or empty, though its journal says that requests are done", "bring it back, or remove " + journal + " to begin anew"}
	case errors.Is(err, errShorter):
		return &ResumeError{fmt.Sprintf("%s has %d bytes, fewer than its journal says", name, length), anew}
	case errors.Is(err, errChanged):
		return &ResumeError{name + " is not the file that its journal was written for: its content has changed", anew}
	case errors.Is(err, errDamaged):
		return &ResumeError{journal + ": " + err.Error(), "move " + journal + " and " + name + " away to begin anew"}
	}
	return err
}

// NameOf returns the name of the journal beside the output name, behind whatever links lead there.
func NameOf(name string) string { return besideOutput(file.ResolveLinks(name)) }

// besideOutput is JournalOf for a name that is no link.
func besideOutput(name string) string { return name + ".journal" }

// readHeader tells a journal from an empty file and from a stranger's. An error says that it is neither.
func readHeader(f *os.File, name string) (begun bool, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, 0, err
	}
	title := make([]byte, min(info.Size(), int64(len(headerMagic))))
	if _, err := f.ReadAt(title, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, 0, err
	}
	away := "move it away, or name another output"
	whole := info.Size() >= int64(headerSize)
	switch text := strings.TrimRight(string(title), "\x00"); {
	case text == headerMagic && whole:
		return true, info.Size(), nil
	case strings.HasPrefix(headerMagic, text) && (!whole || text == "" && info.Size() == int64(headerSize)):
		return false, 0, nil // a kill, a full disk or a power cut came before its header was there: nothing was done yet
	case strings.HasPrefix(text, headerTitle):
		return false, 0, &ResumeError{name + " was written by another version of batchfetch", "go on with that version, or " + away}
	}
	return false, 0, &ResumeError{name + " is not a journal of batchfetch", away}
}

// isJournalFile reports whether a file is a journal of ours.
func isJournalFile(f *os.File) bool {
	begun, _, err := readHeader(f, "")
	return err == nil && begun
}
