package savedir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// Partial returns the part of r, locked, that an earlier attempt or run has left; nil is none. A part without a usable
// mark is removed. It costs one lstat(2), 3 µs in BenchmarkNoPart, and nothing while the directory can't hold parts.
func (d *Dir) Partial(r *fetch.Request) fetch.PartialBody {
	if !file.CanLock || !d.mayHoldParts.Load() {
		return nil
	}
	folder, _, err := d.names.template.places(r)
	if err != nil {
		return nil
	}
	stem := partStemIn(folder, r)
	f, err := d.lockPart(stem + partEnding)
	if err != nil {
		return nil
	}
	part := &partialBody{File: f, tree: &d.tree, names: &d.names, request: r, stem: stem}
	info, err := f.Stat()
	if err == nil {
		part.size = info.Size()
		part.mark, err = d.readMark(stem + markEnding)
	}
	if err != nil || !part.mark.Usable(part.size) || !d.keepsParts() {
		part.Remove()
		return nil
	}
	return part
}

// maxTakeTries is how often takePart tries again after a race for a part.
const maxTakeTries = 8

// takePart returns the file of a part's name, locked: the one that exists, or a new one. What is no part is removed,
// unless it is a folder with something in it.
func (t *tree) takePart(part string) (*os.File, error) {
	var f *os.File
	var err error
	for range maxTakeTries {
		f, err = t.lockPart(part)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			var made *os.File
			if made, err = t.root.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
				_ = made.Close() // the next round locks it
			}
		case errors.Is(err, errNotOurs):
			t.removeNotOurs(part) // the next round fails where it is still there
		case !errors.Is(err, errRenamed):
			return f, err
		}
	}
	return nil, err
}

// partialBody is a fetch.PartialBody: the bytes of a part, locked, and its mark.
type partialBody struct {
	*os.File
	tree    *tree
	names   *namer
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
	err := p.tree.writeBootMark(p.stem+markEnding, p.mark, file.CurrentBoot()) // what follows is not synced
	if err == nil {
		err = p.Truncate(n)
	}
	if err == nil {
		_, err = p.Seek(n, io.SeekStart)
	}
	if err != nil {
		p.Release()
		return nil, p.tree.describeError(path.Dir(p.stem), err)
	}
	return &bodyWriter{bodyFile: namedFile{p.File}, tree: p.tree, names: p.names, request: p.request,
		folder: path.Dir(p.stem), name: p.stem + partEnding, isPart: true, mark: p.mark, hasMark: true}, nil
}

// Release unlocks the part and keeps it.
func (p *partialBody) Release() { _ = p.Close() } // only read

// Remove removes the part.
func (p *partialBody) Remove() {
	_ = p.tree.removeIfThere(p.stem + markEnding) // useless without its bytes
	_ = p.tree.removeIfThere(p.stem + partEnding) // while it is locked; useless without its mark
	p.Release()
}

// SetInfo renames the file to its part's name and writes the mark. Where another owns that part, or the mark can't be
// written, the body is written on as one that can't be continued.
func (s *bodyWriter) SetInfo(m fetch.PartialInfo) {
	if !file.CanLock || s.isPart || s.makeFile() != nil || file.Lock(s.OS()) != nil || !s.tree.keepsParts() {
		return
	}
	stem := s.stem()
	part, mark := stem+partEnding, stem+markEnding
	place, err := s.tree.takePart(part)
	if err != nil {
		return
	}
	defer func() { _ = place.Close() }() // it has no name any more
	if s.tree.removeIfThere(mark) != nil || s.name != "" && s.tree.root.Rename(s.name, part) != nil {
		_ = s.tree.removeIfThere(part) // it must not lie beside a mark that is not its own
		return
	}
	if s.name == "" && (s.tree.root.Remove(part) != nil || s.tree.link(s.bodyFile, part) != nil) {
		return // another part that has come between the two is its owner's
	}
	s.leaveTempFolder(s.name)
	s.name, s.isPart = part, true
	s.mark = m
	s.hasMark = s.tree.writeBootMark(mark, m, file.CurrentBoot()) == nil
}

// Suspend keeps the file as a part where it has a mark, and removes it otherwise.
func (s *bodyWriter) Suspend() {
	if s.closed || !s.hasMark {
		s.Abandon()
		return
	}
	s.closed = true
	s.tree.mayHoldParts.Store(true)
	if s.OS().Sync() == nil {
		// a part without a mark is removed when it is looked for
		_ = s.tree.replaceMark(s.stem()+markEnding, s.mark, bootSynced)
	}
	_ = s.Close() // synced, or marked for this boot only
}
