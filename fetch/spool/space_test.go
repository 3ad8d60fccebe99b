package spool

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"batchfetch/fetch/spool/spooltest"
)

// TestSpace: who finds room in a Space of 1,000 bytes, of which a body takes 7/3 of its size.
func TestSpace(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	for _, tt := range []struct {
		name  string
		open  []int64 // bodies of these sizes, and lines of the negative ones
		claim Claim
		room  bool
	}{
		{"alone", nil, Claim{Size: 300}, true},
		{"alone, and larger than all", nil, Claim{Size: 5000}, true},
		{"beside another", []int64{210}, Claim{Size: 210}, true},
		{"beside another that leaves too little", []int64{210}, Claim{Size: 240}, false},
		{"beside one that is larger than all", []int64{5000}, Claim{Size: 1}, false},
		{"of unknown size", []int64{210}, Claim{}, true},
		{"of unknown size, where nothing is left", []int64{500}, Claim{}, false},
		{"beside lines that are still to be written", []int64{-900}, Claim{Size: 50}, false},
		{"beside lines that leave enough", []int64{-900}, Claim{Size: 42}, true},
		{"urgent", []int64{210, -900}, Claim{Size: 300, Urgent: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSpace(1000)
			for _, size := range tt.open {
				f, err := s.NewLines()
				if size > 0 {
					f, err = s.NewBody(Claim{Size: size})
				} else if err == nil {
					_, err = f.Write(make([]byte, -size))
				}
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = f.Close() }()
			}
			if room := s.HasRoom(tt.claim, 0); room != tt.room {
				t.Errorf("it says: %t", room)
			}
			f, err := s.NewBody(tt.claim)
			if (err == nil) != tt.room || err != nil && (!IsFull(err) || !errors.Is(err, ErrNoRoom)) {
				t.Errorf("got %v", err)
			}
			if err == nil {
				err = f.Close()
			}
			if err != nil && tt.room {
				t.Error(err)
			}
		})
	}
}

// TestSpaceOfGrowingFiles: a body that grows is refused once others have the room, lines never are, and what is closed
// or truncated makes room.
func TestSpaceOfGrowingFiles(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	s := NewSpace(1000)
	a, err := s.NewBody(Claim{})
	b, err2 := s.NewBody(Claim{Size: 100})
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write(make([]byte, 320)); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Write(make([]byte, 20)); n != 0 || !errors.Is(err, ErrNoRoom) || a.Size() != 320 ||
		err.Error() != "a temporary file in "+os.TempDir()+": the room for temporary files is taken" {
		t.Errorf("wrote %d, %v", n, err)
	}
	if _, err := b.Write(make([]byte, 100)); err != nil {
		t.Errorf("what was claimed is not there: %v", err)
	}
	line, err := a.NewLine()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := line.ReadFrom(strings.NewReader(strings.Repeat("x", 5000))); err != nil {
		t.Errorf("a line: %v", err)
	}
	if err := a.Close(); err != nil || s.HasRoom(Claim{Size: 1}, 0) {
		t.Errorf("the line takes no room, %v", err)
	}
	if err := line.Truncate(10); err != nil || !s.HasRoom(Claim{Size: 300}, 0) || s.HasRoom(Claim{Size: 300}, 300) {
		t.Errorf("what is truncated takes room, %v", err)
	}
	if err := errors.Join(line.Close(), b.Close()); err != nil || s.used != 0 {
		t.Errorf("%d bytes are taken, %v", s.used, err)
	}
}

// TestSpaceOfFullDisk: once the disk is full, others wait for those that have begun; when all have closed, the room is
// what it was.
func TestSpaceOfFullDisk(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	s := NewSpace(1000)
	a, err := s.NewBody(Claim{Size: 100})
	b, err2 := s.NewBody(Claim{Size: 30})
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	full := b.wrapError(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if !IsFull(full) || errors.Is(full, ErrNoRoom) || IsFull(syscall.ENOSPC) || IsFull(nil) ||
		!IsFull(newError("/tmp", syscall.EDQUOT)) || IsFull(newError("/tmp", syscall.EIO)) {
		t.Errorf("%v is taken for something else", full)
	}
	if err := b.Close(); err != nil || s.HasRoom(Claim{Size: 1}, 0) {
		t.Errorf("there is room before the other has closed, %v", err)
	}
	if err := a.Close(); err != nil || s.limit != 1000 {
		t.Errorf("the room is %d, %v", s.limit, err)
	}
}

// TestSpaceIsNeverOverdrawn: bodies that grow in turns, and give up what they have when they find the room taken, are
// all stored in the end, and those that are open beside others take no more than there is.
func TestSpaceIsNeverOverdrawn(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	const pieces, piece = 20, 100
	s := NewSpace(10_000) // two bodies
	open := make([]*File, 9)
	stored, refused := 0, 0
	for turn := 0; stored < len(open); turn++ {
		f := &open[turn%len(open)]
		var err error
		switch {
		case turn > 10_000:
			t.Fatalf("%d are stored, %d were refused", stored, refused)
		case *f == nil:
			*f, err = s.NewBody(Claim{Size: piece})
		case (*f).charge.space == nil: // stored
			continue
		case (*f).Size() == pieces*piece:
			stored++
			err = (*f).Close()
			*f = new(File)
		default:
			_, err = (*f).Write(make([]byte, piece))
		}
		if errors.Is(err, ErrNoRoom) {
			refused++
			if *f != nil {
				err = (*f).Close()
				*f = nil
			} else {
				err = nil
			}
		}
		if err != nil || s.used > s.limit {
			t.Fatalf("%d of %d bytes are taken, %v", s.used, s.limit, err)
		}
	}
	if s.used != 0 || refused == 0 {
		t.Errorf("%d bytes are taken, %d were refused", s.used, refused)
	}
	var none *Space
	huge := Claim{Size: 1 << 40}
	if f, err := none.NewBody(huge); err != nil || !none.HasRoom(huge, 1) || f.Close() != nil {
		t.Errorf("without a bound: %v", err)
	}
}
