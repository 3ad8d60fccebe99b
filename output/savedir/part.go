package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// A part is two files beside where the body will be, named by a hash of what is asked: the bytes
// that have come, and a mark that says of which body they are. Who holds the lock of the first owns both. A mark is
// there only beside the bytes that it describes, whenever a process is killed: it is written after they have got their
// name, and removed before anything else gets it.
const (
	partEnding = ".part"
	markEnding = ".json"
)

// partStem is the name of the part of r without its ending, in every run.
func (d *Dir) partStem(r *fetch.Request) (string, error) {
	name, err := d.template.name(r, placeholderSum)
	if err != nil {
		return "", err
	}
	folder := "."
	if !d.sharesFile(r) {
		folder = path.Dir(name)
	}
	sum := sha256.Sum256(r.AppendAsked(nil))
	return path.Join(folder, ".batchfetch-"+hex.EncodeToString(sum[:16])), nil
}

// Part returns what an earlier attempt or run has left of the body of r. What is of no use is removed.
// It costs one look at the directory, 3 µs in BenchmarkNoPart, and nothing while that can't hold any part.
func (d *Dir) Part(r *fetch.Request) fetch.Part {
	if !file.CanLock || !d.mayHoldParts.Load() {
		return nil
	}
	stem, err := d.partStem(r)
	if err != nil {
		return nil
	}
	f, err := d.lockPart(stem + partEnding)
	if err != nil {
		return nil
	}
	part := &partialBody{File: f, dir: d, request: r, stem: stem}
	info, err := f.Stat()
	if err == nil {
		part.size = info.Size()
		part.mark, err = d.readMark(stem + markEnding)
	}
	if err != nil || !part.mark.Usable(part.size) {
		part.Drop()
		return nil
	}
	return part
}

var (
	errNotOurs = errors.New("not a file of ours")
	errRenamed = errors.New("it has got another name")
)

// lockPart opens a part and locks it, until it is closed. The error is ErrBusy where another has it, errForeign where it is
// nothing that we would have made, and errMoved where its owner has just renamed or removed it.
func (d *Dir) lockPart(part string) (*os.File, error) {
	named, err := d.root.Lstat(part)
	if err != nil {
		return nil, err
	}
	if !file.IsOwned(named) {
		return nil, errNotOurs
	}
	f, err := d.root.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err = file.Lock(f); err == nil {
		err = d.checkSameFile(f, part)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// checkSameFile makes sure that an open file still has its name, and that nothing else was opened through a link.
func (d *Dir) checkSameFile(f *os.File, name string) error {
	held, err1 := f.Stat()
	named, err2 := d.root.Lstat(name)
	if err1 != nil || err2 != nil || !os.SameFile(held, named) {
		return errRenamed
	}
	return nil
}

// maxTakeTries is how often a part may get away in a race for it.
const maxTakeTries = 8

// takePart makes the name of a part ours: by the file that is there, or by a new one.
// What is no part is removed, unless it is a folder that holds something.
func (d *Dir) takePart(part string) (*os.File, error) {
	var f *os.File
	var err error
	for range maxTakeTries {
		f, err = d.lockPart(part)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			var made *os.File
			if made, err = d.root.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
				_ = made.Close() // it is empty; the next turn locks it
			}
		case errors.Is(err, errNotOurs):
			_ = d.root.Remove(part) // the next turn sees
		case !errors.Is(err, errRenamed):
			return f, err
		}
	}
	return nil, err
}

// removeIfThere removes what is expected there, and takes it well where nothing is.
func (d *Dir) removeIfThere(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// A partialBody is the bytes of a part, locked, with its mark.
type partialBody struct {
	*os.File
	dir     *Dir
	request *fetch.Request
	stem    string
	size    int64
	mark    fetch.Mark
}

// Size returns how many bytes there are.
func (p *partialBody) Size() int64 { return p.size }

// Mark returns what the part was marked with.
func (p *partialBody) Mark() fetch.Mark { return p.mark }

// Continue writes on behind the first n bytes.
func (p *partialBody) Continue(n int64) (fetch.PartKeeping, error) {
	err := p.dir.writeBootMark(p.stem+markEnding, p.mark, file.CurrentBoot()) // what follows is not on the disk yet
	if err == nil {
		err = p.Truncate(n)
	}
	if err == nil {
		_, err = p.Seek(n, io.SeekStart)
	}
	if err != nil {
		p.Leave()
		return nil, err
	}
	return &bodyWriter{File: p.File, dir: p.dir, request: p.request, name: p.stem + partEnding, partStem: p.stem, mark: p.mark, hasMark: true}, nil
}

// Leave unlocks the part.
func (p *partialBody) Leave() { _ = p.Close() } // it was only read

// Drop removes the part.
func (p *partialBody) Drop() {
	_ = p.dir.removeIfThere(p.stem + markEnding) // without its bytes it says nothing
	_ = p.dir.removeIfThere(p.stem + partEnding) // while it is locked; without its mark it is of no use
	p.Leave()
}

// Mark gives the file the name of a part, and marks it. Where another has that name, or the mark can't be written, the body
// goes on as one that no one can continue.
func (s *bodyWriter) Mark(m fetch.Mark) {
	if !file.CanLock || s.partStem != "" || file.Lock(s.File) != nil {
		return
	}
	stem, err := s.dir.partStem(s.request)
	if err != nil {
		return
	}
	place, err := s.dir.takePart(stem + partEnding)
	if err != nil {
		return
	}
	defer func() { _ = place.Close() }() // it has no name any more
	if s.dir.removeIfThere(stem+markEnding) != nil || s.dir.root.Rename(s.name, stem+partEnding) != nil {
		_ = s.dir.removeIfThere(stem + partEnding) // no mark is its own
		return
	}
	s.name, s.partStem = stem+partEnding, stem
	s.mark = m
	s.hasMark = s.dir.writeBootMark(stem+markEnding, m, file.CurrentBoot()) == nil
}

// Suspend leaves a marked body as a part.
func (s *bodyWriter) Suspend() {
	if s.closed || !s.hasMark {
		s.Abandon()
		return
	}
	s.closed = true
	s.dir.mayHoldParts.Store(true)
	if s.Sync() == nil {
		_ = s.dir.replaceMark(s.partStem+markEnding, s.mark, bootSynced) // without a mark the part is of no use, and removed when it is looked for
	}
	_ = s.Close() // it has been synced, or is bound to this boot
}

// removeMark takes the mark away, so that what stands under the name of a part is none any more.
func (s *bodyWriter) removeMark() {
	if s.partStem != "" {
		_ = s.dir.removeIfThere(s.partStem + markEnding) // one that stays keeps every other body from becoming this part
	}
}
