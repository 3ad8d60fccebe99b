package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is bytes in a temporary file: what is too large to be held in memory. Where the system
// has files without a name it is one, so that nothing stays behind however the process ends. A Spool is one goroutine's at a time.
type File struct {
	file         *os.File
	offset, size int64
	named        bool // the file has a name that is to be removed
	isPart       bool // the file is another Spool's
}

// An Error says that a temporary file can't be made, written or read, and in which directory. It breaks a run.
type Error struct {
	Dir string
	Err error
}

func (e *Error) Error() string {
	return "a temporary file in " + e.Dir + ": " + e.Err.Error()
}

// Unwrap returns the system's reason.
func (e *Error) Unwrap() error { return e.Err }

// newError says where an error came about in place of the name of a file that nobody knows.
func newError(dir string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &Error{Dir: dir, Err: err}
}

// New makes an empty Spool in os.TempDir. Its error is a *SpoolError, as are those of the methods.
func New() (*File, error) {
	dir := os.TempDir()
	if f := openUnnamed(dir); f != nil {
		return &File{file: f}, nil
	}
	f, err := os.CreateTemp(dir, "batchfetch-*")
	if err != nil {
		return nil, newError(dir, err)
	}
	return &File{file: f, named: os.Remove(f.Name()) != nil}, nil // where an open file can't be removed, Close does it
}

func (s *File) wrapError(err error) error { return newError(filepath.Dir(s.file.Name()), err) }

// Size returns the number of bytes.
func (s *File) Size() int64 { return s.size }

// Write appends p.
func (s *File) Write(p []byte) (int, error) {
	n, err := s.file.WriteAt(p, s.offset+s.size)
	s.size += int64(n)
	if err != nil {
		return n, s.wrapError(err)
	}
	return n, nil
}

// ReadFrom appends all that r has. Where r is a file, too, the system copies.
func (s *File) ReadFrom(r io.Reader) (int64, error) {
	_, err := s.file.Seek(s.offset+s.size, io.SeekStart)
	var n int64
	if err == nil {
		n, err = s.file.ReadFrom(r)
		s.size += n
	}
	if err != nil {
		return n, s.wrapError(err)
	}
	return n, nil
}

// Truncate drops all but the first size bytes.
func (s *File) Truncate(size int64) error {
	if err := s.file.Truncate(s.offset + size); err != nil {
		return s.wrapError(err)
	}
	s.size = size
	return nil
}

// Reader returns a reader of all bytes from the first on. There may be several; Close ends them.
func (s *File) Reader() io.Reader {
	return &reader{spool: s, section: io.NewSectionReader(s.file, s.offset, s.size)}
}

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

// WriteTo writes all bytes to w, in one call of its ReadFrom where it has that: a file lets the system copy then.
// An error of w is returned as it is.
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

// Part returns size bytes from the one at on. They stay in the file of s, which its Close leaves open.
func (s *File) Part(at, size int64) *File {
	return &File{file: s.file, offset: s.offset + at, size: size, isPart: true}
}

// Close gives the file's room back.
func (s *File) Close() error {
	if s.isPart {
		return nil
	}
	err := s.file.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	if err != nil {
		return s.wrapError(err)
	}
	return nil
}
