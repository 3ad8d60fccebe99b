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

// A part is an unfinished body: two files beside where the body will be, named by a hash of the request. One, .part,
// has the bytes that have arrived; the other, .json, is a mark that says of which body they are. Whoever has the lock
// of the first owns both.
// A mark exists only beside the bytes that it is about, whenever the process is killed: it is written after they have
// got their name, and removed before another file gets it.
const (
	partEnding = ".part"
	markEnding = ".json"
)

// partStem returns the name of the part of r without its ending; it is the same in every run.
func (d *Dir) partStem(r *fetch.Request) (string, error) {
	folder, _, err := d.places(r)
	if err != nil {
		return "", err
	}
	return partStemIn(folder, r), nil
}

// partStemIn is partStem of a request whose part is in that folder.
func partStemIn(folder string, r *fetch.Request) string {
	sum := sha256.Sum256(r.AppendCanonical(nil))
	return path.Join(folder, tempPrefix+hex.EncodeToString(sum[:16]))
}

// places returns the folder of the part of r, and the name for its body; empty where that is late.
func (d *Dir) places(r *fetch.Request) (folder, name string, err error) {
	if name, err = d.template.name(r, placeholder); err != nil {
		return "", "", err
	}
	if d.isLate(r) {
		return ".", "", nil
	}
	return path.Dir(name), name, nil
}

// Partial returns the part of r, locked, that an earlier attempt or run has left; nil is none. A part without a usable
// mark is removed. It costs one lstat(2), 3 µs in BenchmarkNoPart, and nothing while the directory can't hold parts.
func (d *Dir) Partial(r *fetch.Request) fetch.PartialBody {
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
		part.Remove()
		return nil
	}
	return part
}

var (
	errNotOurs = errors.New("not a file of ours")
	errRenamed = errors.New("it has got another name")
)

// lockPart opens a part and locks it until it is closed. The error is file.ErrBusy where another has it, errNotOurs
// where it is no file that this user's runs would make, and errRenamed where its owner has just renamed or removed it.
func (d *Dir) lockPart(part string) (*os.File, error) {
	named, err := d.lstat(part)
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

// checkSameFile returns errRenamed where an open file does not have that name: it was renamed, or opened through a
// link.
func (d *Dir) checkSameFile(f *os.File, name string) error {
	held, err1 := f.Stat()
	named, err2 := d.root.Lstat(name)
	if err1 != nil || err2 != nil || !os.SameFile(held, named) {
		return errRenamed
	}
	return nil
}

// maxTakeTries is how often takePart tries again after a race for a part.
const maxTakeTries = 8

// takePart returns the file of a part's name, locked: the one that exists, or a new one. What is no part is removed,
// unless it is a folder with something in it.
func (d *Dir) takePart(part string) (*os.File, error) {
	var f *os.File
	var err error
	for range maxTakeTries {
		f, err = d.lockPart(part)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			var made *os.File
			if made, err = d.root.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
				_ = made.Close() // the next round locks it
			}
		case errors.Is(err, errNotOurs):
			_ = d.root.Remove(part) // the next round fails where it is still there
		case !errors.Is(err, errRenamed):
			return f, err
		}
	}
	return nil, err
}

// removeIfThere removes a file, and returns nil where there is none.
func (d *Dir) removeIfThere(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// partialBody is a fetch.PartialBody: the bytes of a part, locked, and its mark.
type partialBody struct {
	*os.File
	dir     *Dir
	request *fetch.Request
	stem    string
	size    int64
	mark    fetch.PartialInfo
}

// Size returns the number of bytes.
func (p *partialBody) Size() int64 { return p.size }

// Info returns the mark.
func (p *partialBody) Info() fetch.PartialInfo { return p.mark }

// Continue truncates the part to n bytes and returns a writer that appends to them.
func (p *partialBody) Continue(n int64) (fetch.PartialWriter, error) {
	err := p.dir.writeBootMark(p.stem+markEnding, p.mark, file.CurrentBoot()) // what follows is not synced
	if err == nil {
		err = p.Truncate(n)
	}
	if err == nil {
		_, err = p.Seek(n, io.SeekStart)
	}
	if err != nil {
		p.Release()
		return nil, p.dir.describeError(path.Dir(p.stem), err)
	}
	return &bodyWriter{bodyFile: namedFile{p.File}, dir: p.dir, request: p.request, folder: path.Dir(p.stem),
		name: p.stem + partEnding, isPart: true, mark: p.mark, hasMark: true}, nil
}

// Release unlocks the part and keeps it.
func (p *partialBody) Release() { _ = p.Close() } // only read

// Remove removes the part.
func (p *partialBody) Remove() {
	_ = p.dir.removeIfThere(p.stem + markEnding) // useless without its bytes
	_ = p.dir.removeIfThere(p.stem + partEnding) // while it is locked; useless without its mark
	p.Release()
}

// SetInfo renames the file to its part's name and writes the mark. Where another owns that part, or the mark can't be
// written, the body is written on as one that can't be continued.
func (s *bodyWriter) SetInfo(m fetch.PartialInfo) {
	if !file.CanLock || s.isPart || file.Lock(s.file()) != nil {
		return
	}
	stem := s.stem()
	part, mark := stem+partEnding, stem+markEnding
	place, err := s.dir.takePart(part)
	if err != nil {
		return
	}
	defer func() { _ = place.Close() }() // it has no name any more
	if s.dir.removeIfThere(mark) != nil || s.name != "" && s.dir.root.Rename(s.name, part) != nil {
		_ = s.dir.removeIfThere(part) // it must not lie beside a mark that is not its own
		return
	}
	if s.name == "" && (s.dir.root.Remove(part) != nil || s.dir.link(s.bodyFile, part) != nil) {
		return // another part that has come between the two is its owner's
	}
	s.leaveTempFolder(s.name)
	s.name, s.isPart = part, true
	s.mark = m
	s.hasMark = s.dir.writeBootMark(mark, m, file.CurrentBoot()) == nil
}

// Suspend keeps the file as a part where it has a mark, and removes it otherwise.
func (s *bodyWriter) Suspend() {
	if s.closed || !s.hasMark {
		s.Abandon()
		return
	}
	s.closed = true
	s.dir.mayHoldParts.Store(true)
	if s.file().Sync() == nil {
		// a part without a mark is removed when it is looked for
		_ = s.dir.replaceMark(s.stem()+markEnding, s.mark, bootSynced)
	}
	_ = s.Close() // synced, or marked for this boot only
}

// removeMark removes the mark, so that the file is no part any more.
func (s *bodyWriter) removeMark() {
	if s.isPart {
		_ = s.dir.removeIfThere(s.stem() + markEnding) // one that stays keeps other bodies from becoming this part
	}
}
