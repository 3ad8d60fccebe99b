package spool

import (
	"os"
	"sync"
)

// A Space bounds the bytes of Files that are open at once. A body may find it taken: it is then given up and asked for
// again, once others have closed, so that no worker waits while it holds some of it. Lines are never refused, as they
// are what frees it. A body alone is never refused, whatever its size, nor is one that others wait for. A nil *Space
// has no bound. Any goroutine may use it.
type Space struct {
	dir   string // of the Files; "" is os.TempDir
	mu    sync.Mutex
	limit int64 // in bytes; at most most, and less since the disk was full
	most  int64
	used  int64 // by all charges
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

// A charge is the bytes of a Space that are set aside for one File.
type charge struct {
	space  *Space // nil is no bound
	bytes  int64
	isBody bool // it may find the room taken
	urgent bool // a body that does not
}

// reserve raises the charge to that of size bytes; the error is ErrNoRoom.
func (c *charge) reserve(size int64) error {
	s := c.space
	if s == nil {
		return nil
	}
	claim, room := Claim{Size: size, Urgent: c.urgent}, size
	if c.isBody {
		room = claim.Room()
	}
	if size > 0 && room <= c.bytes {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.isBody && !s.fits(claim, s.used-c.bytes) {
		return ErrNoRoom
	}
	s.used += room - c.bytes
	c.bytes = room
	return nil
}

// giveBack ends the charge. Once all is given back the disk counts as no longer full.
func (c *charge) giveBack() {
	s := c.space
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= c.bytes
	c.bytes = 0
	if s.used == 0 {
		s.limit = s.most
	}
}

// noteFull lowers the limit to what is in use besides this charge, where err says that the disk is full: others wait
// until that is less.
func (c *charge) noteFull(err error) {
	s := c.space
	if s == nil || !isDiskFull(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = min(s.limit, s.used-c.bytes)
}
