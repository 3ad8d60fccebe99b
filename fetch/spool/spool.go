package spool

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// A File is a temporary file for bytes that are too many to be held in memory. Where the system has files without a
// name it is one, so that nothing is left on disk however the process ends. One goroutine uses it at a time. It is
// owned by who made it, who closes it.
type File struct {
	file         *os.File
	offset, size int64 // in bytes: where in file the bytes start, and how many there are
	named        bool  // the file has a name, which Close removes
	isSection    bool  // file belongs to another File, which closes it
	charge       charge
}

// New makes an empty File in os.TempDir, without a Space. Its error is an *Error, as are those of the methods.
func New() (*File, error) { return (*Space)(nil).NewLines() }

// NewBody makes a File for a body. Its error is an *Error, with ErrNoRoom where others have the room.
func (s *Space) NewBody(c Claim) (*File, error) {
	f := &File{charge: charge{space: s, isBody: true, urgent: c.Urgent}}
	if err := f.charge.reserve(c.Size); err != nil {
		return nil, newError(s.tempDir(), err)
	}
	if err := f.open(); err != nil {
		f.charge.giveBack()
		return nil, err
	}
	return f, nil
}

// NewLines makes a File for lines, which is never refused room.
func (s *Space) NewLines() (*File, error) {
	f := &File{charge: charge{space: s}}
	return f, f.open()
}

// NewLine makes a File for the line of a body, in the same Space.
func (f *File) NewLine() (*File, error) { return f.charge.space.NewLines() }

// Check returns why there can be no File in a directory, an *Error; nil where there can.
func Check(dir string) error {
	f, err := NewSpaceIn(dir, 0).NewLines()
	if err != nil {
		return err
	}
	return f.Close()
}

// open opens the file of s in the directory of its Space.
func (s *File) open() error {
	dir := s.charge.space.tempDir()
	if s.file = openUnnamed(dir); s.file != nil {
		return nil
	}
	f, err := os.CreateTemp(dir, "batchfetch-*")
	if err != nil {
		s.charge.noteFull(err)
		return newError(dir, err)
	}
	s.file, s.named = f, os.Remove(f.Name()) != nil // where an open file can't be removed, Close removes it
	return nil
}

// wrapError returns an Error of this File.
func (s *File) wrapError(err error) error {
	s.charge.noteFull(err)
	return newError(filepath.Dir(s.file.Name()), err)
}

// Size returns the number of bytes.
func (s *File) Size() int64 { return s.size }

// Write appends p.
func (s *File) Write(p []byte) (int, error) {
	if err := s.charge.reserve(s.size + int64(len(p))); err != nil {
		return 0, s.wrapError(err)
	}
	n, err := s.file.WriteAt(p, s.offset+s.size)
	s.size += int64(n)
	if err != nil {
		return n, s.wrapError(err)
	}
	return n, nil
}

// ReadFrom appends all bytes of r up to io.EOF. Where r is a file, the kernel may copy (copy_file_range). It is for
// lines, and for bodies whose Claim had their size: the room for more is taken afterwards.
func (s *File) ReadFrom(r io.Reader) (int64, error) {
	_, err := s.file.Seek(s.offset+s.size, io.SeekStart)
	var n int64
	if err == nil {
		n, err = s.file.ReadFrom(r)
		s.size += n
		if taken := s.charge.reserve(s.size); err == nil {
			err = taken
		}
	}
	if err != nil {
		return n, s.wrapError(err)
	}
	return n, nil
}

// Truncate removes all but the first size bytes.
func (s *File) Truncate(size int64) error {
	if err := s.file.Truncate(s.offset + size); err != nil {
		return s.wrapError(err)
	}
	s.size = size
	if !s.charge.isBody { // a body keeps its room
		s.charge.giveBack()
		return s.charge.reserve(size)
	}
	return nil
}

// Reader returns a reader of the bytes written so far, from the first one on. There may be several at once. They can't
// be used after Close.
func (s *File) Reader() io.Reader {
	return &reader{spool: s, section: io.NewSectionReader(s.file, s.offset, s.size)}
}

// A reader reads the bytes of a File and wraps errors.
type reader struct {
	spool   *File
	section *io.SectionReader
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.section.Read(p)
	if err != nil && err != io.EOF {
		err = r.spool.wrapError(err)
	}
	return n, err
}

// WriteTo writes all bytes to w, in one call of its ReadFrom where it has one, so that the kernel may copy from file
// to file. An error of w is returned unchanged. It moves the offset of the file, so it can't be used with ReadFrom at
// once.
func (s *File) WriteTo(w io.Writer) (int64, error) {
	if _, err := s.file.Seek(s.offset, io.SeekStart); err != nil {
		return 0, s.wrapError(err)
	}
	n, err := io.Copy(w, io.LimitReader(s.file, s.size))
	if err == nil && n < s.size {
		err = s.wrapError(io.ErrUnexpectedEOF)
	}
	return n, err
}

// Section returns a File of the size bytes from at on. They are shared with s, not copied; its Close leaves the file of
// s open.
func (s *File) Section(at, size int64) *File {
	return &File{file: s.file, offset: s.offset + at, size: size, isSection: true}
}

// Close closes the file and frees its space on disk. That of a Section does nothing.
func (s *File) Close() error {
	if s.isSection {
		return nil
	}
	err := s.file.Close()
	s.charge.giveBack()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	if err != nil {
		return s.wrapError(err)
	}
	return nil
}
