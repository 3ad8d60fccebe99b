package spool

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// ErrNoRoom is why there is no File for a body, or for more of it: others have the room.
var ErrNoRoom = errors.New("the room for temporary files is taken")

// A Space bounds the bytes of Files that are open at once. A body may find it taken: it is then given up and asked for
// again, once others have closed, so that no worker waits while it holds some of it. Lines are never refused, as they
// are what frees it. A body alone is never refused, whatever its size, nor is one that others wait for. A nil *Space
// has no bound. Any goroutine may use it.
type Space struct {
	dir   string // of the Files; "" is os.TempDir
	mu    sync.Mutex
	limit int64 // in bytes; at most most, and less since the disk was full
	most  int64
	used  int64 // by the charges of Files
}

// NewSpace returns a Space of that many bytes in os.TempDir.
func NewSpace(limit int64) *Space { return NewSpaceIn("", limit) }

// NewSpaceIn returns a Space of that many bytes in a directory.
func NewSpaceIn(dir string, limit int64) *Space { return &Space{dir: dir, limit: limit, most: limit} }

// tempDir returns the directory of the Files.
func (s *Space) tempDir() string {
	if s == nil || s.dir == "" {
		return os.TempDir()
	}
	return s.dir
}

// Check returns why there can be no File in a directory, an *Error; nil where there can.
func Check(dir string) error {
	f, err := NewSpaceIn(dir, 0).NewLines()
	if err != nil {
		return err
	}
	return f.Close()
}

// A Claim is a body that needs room in a Space.
type Claim struct {
	// Size is its size in bytes, as far as it is known. A body may grow beyond it where there is room.
	Size int64
	// Urgent says that others can't be closed before this one is: it is never refused.
	Urgent bool
}

// Room returns the bytes that are set aside for a body: its own and those of its line, in base64 (RFC 4648 section 4),
// both of which are there until the line is written.
func (c Claim) Room() int64 { return c.Size + (c.Size+2)/3*4 }

// fits reports whether a claim may have room besides what the others have; s.mu is held.
func (s *Space) fits(c Claim, others int64) bool {
	return c.Urgent || others == 0 || others+c.Room() <= s.limit
}

// HasRoom reports whether NewBody would find room, if so many bytes more than now were set aside.
func (s *Space) HasRoom(c Claim, more int64) bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fits(c, s.used+more)
}

// NewBody makes a File for a body. Its error is an *Error, with ErrNoRoom where others have the room.
func (s *Space) NewBody(c Claim) (*File, error) {
	f := &File{space: s, isBody: true, urgent: c.Urgent}
	if err := f.reserve(c.Size); err != nil {
		return nil, newError(s.tempDir(), err)
	}
	if err := f.open(); err != nil {
		f.giveBack()
		return nil, err
	}
	return f, nil
}

// NewLines makes a File for lines, which is never refused room.
func (s *Space) NewLines() (*File, error) {
	f := &File{space: s}
	return f, f.open()
}

// NewLine makes a File for the line of a body, in the same Space.
func (f *File) NewLine() (*File, error) { return f.space.NewLines() }

// reserve raises the charge of f to that of size bytes; the error is ErrNoRoom.
func (f *File) reserve(size int64) error {
	s := f.space
	if s == nil {
		return nil
	}
	claim, room := Claim{Size: size, Urgent: f.urgent}, size
	if f.isBody {
		room = claim.Room()
	}
	if size > 0 && room <= f.charged {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.isBody && !s.fits(claim, s.used-f.charged) {
		return ErrNoRoom
	}
	s.used += room - f.charged
	f.charged = room
	return nil
}

// giveBack ends the charge of f. Once all is given back the disk counts as no longer full.
func (f *File) giveBack() {
	if f.space == nil {
		return
	}
	f.space.mu.Lock()
	defer f.space.mu.Unlock()
	f.space.used -= f.charged
	f.charged = 0
	if f.space.used == 0 {
		f.space.limit = f.space.most
	}
}

// noteFull lowers the limit to what is in use besides f, where err says that the disk is full: others wait until that
// is less.
func (f *File) noteFull(err error) {
	if f.space == nil || !isDiskFull(err) {
		return
	}
	f.space.mu.Lock()
	defer f.space.mu.Unlock()
	f.space.limit = min(f.space.limit, f.space.used-f.charged)
}

// IsFull reports whether err says that there is no room for a temporary file: in its Space, or on its disk (ENOSPC,
// EDQUOT).
func IsFull(err error) bool {
	if err == nil { // errors.As allocates
		return false
	}
	var of *Error
	return errors.As(err, &of) && (errors.Is(of, ErrNoRoom) || isDiskFull(of))
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
