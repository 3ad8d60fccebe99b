package merge

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"batchfetch/fetch/spool"
)

// A run is a sorted sequence of lines in the temporary file: each line has a head with its key and length before it,
// but for a long line, which is a run of its own without one.
type run struct {
	offset, size int64 // bytes of the temporary file
	long         *key  // of the long line; nil is a run of lines with heads
}

// headSize is the size in bytes of a line's head: the two parts of entry, index, page, kind and length, 8 bytes each,
// little-endian.
const headSize = 48

// readSize is the size in bytes of the buffer through which a part is read.
const readSize = 256 << 10

// A sorter reads lines and makes sorted runs of them.
type sorter struct {
	chunk int // bytes of lines that are sorted in memory
	space *spool.Space
	file  *spool.File // of the runs; nil until one is written
	runs  []run

	lines []line // of the present chunk
	text  []byte // their bytes
	head  [headSize]byte
}

// A line is a line in memory.
type line struct {
	key        key
	start, end int // in sorter.text
}

// readPart reads the lines of a part, up to its end or an error. number is that of the line that the error is about.
func (s *sorter) readPart(in io.Reader) (number int64, err error) {
	buffered := bufio.NewReaderSize(in, readSize)
	for {
		number++
		piece, err := buffered.ReadSlice('\n')
		switch {
		case err == io.EOF && len(piece) == 0:
			return number, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull) && err != io.EOF:
			return number, err
		}
		if err := s.add(piece, buffered, err); err != nil {
			return number, err
		}
	}
}

// errTorn is the error of a line that an end of the file cut off.
var errTorn = errors.New("the line is not whole: its end is missing")

// add takes the line that begins with piece. ended says how the read of piece ended: nil is with the line's end.
func (s *sorter) add(piece []byte, in *bufio.Reader, ended error) error {
	if len(s.text)+len(piece) > s.chunk && len(s.lines) > 0 {
		if err := s.writeRun(); err != nil {
			return err
		}
	}
	if s.text == nil { // growing it would take as much again
		s.text = make([]byte, 0, s.chunk+readSize)
	}
	start := len(s.text)
	s.text = append(s.text, piece...)
	for errors.Is(ended, bufio.ErrBufferFull) {
		if len(s.text) > s.chunk {
			return s.addLong(start, in)
		}
		piece, ended = in.ReadSlice('\n')
		s.text = append(s.text, piece...)
	}
	switch {
	case ended == io.EOF:
		return errTorn
	case ended != nil:
		return ended
	}
	text := s.text[start:]
	if len(bytes.TrimSpace(text)) == 0 {
		s.text = s.text[:start]
		return nil
	}
	k, err := parseKey(text)
	if err != nil {
		return err
	}
	if k.kind == other {
		s.text = s.text[:start]
		return nil
	}
	s.lines = append(s.lines, line{k, start, len(s.text)})
	return nil
}

// addLong copies a line that is larger than a chunk, of which the bytes from start on have been read, to a run of its
// own.
func (s *sorter) addLong(start int, in *bufio.Reader) error {
	long := slices.Clone(s.text[start:])
	s.text = s.text[:start]
	k, err := parseKey(long)
	if err != nil {
		return err
	}
	if err := errors.Join(s.writeRun(), s.open()); err != nil {
		return err
	}
	at := s.file.Size()
	if _, err := s.file.Write(long); err != nil {
		return err
	}
	for {
		piece, err := in.ReadSlice('\n')
		if _, failed := s.file.Write(piece); failed != nil {
			return failed
		}
		switch {
		case err == nil:
			if k.kind != other {
				s.runs = append(s.runs, run{at, s.file.Size() - at, &k})
			}
			return nil
		case err == io.EOF:
			return errTorn
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// open makes the temporary file, if there is none yet.
func (s *sorter) open() (err error) {
	if s.file == nil {
		s.file, err = s.space.NewLines()
	}
	return err
}

// sortLines sorts the lines of the present chunk; equal keys stay in the order in which they came.
func (s *sorter) sortLines() {
	slices.SortStableFunc(s.lines, func(a, b line) int { return a.key.compare(b.key) })
}

// writeRun sorts the present chunk and appends it to the temporary file.
func (s *sorter) writeRun() error {
	if len(s.lines) == 0 {
		return nil
	}
	if err := s.open(); err != nil {
		return err
	}
	s.sortLines()
	at := s.file.Size()
	out := bufio.NewWriterSize(s.file, 1<<20)
	for _, l := range s.lines {
		putHead(&s.head, l.key, int64(l.end-l.start))
		_, _ = out.Write(s.head[:]) // Flush returns the first error
		_, _ = out.Write(s.text[l.start:l.end])
	}
	if err := out.Flush(); err != nil {
		return err
	}
	s.runs = append(s.runs, run{offset: at, size: s.file.Size() - at})
	s.lines, s.text = s.lines[:0], s.text[:0]
	return nil
}

func putHead(to *[headSize]byte, k key, length int64) {
	for i, n := range [...]uint64{k.entry.ms, k.entry.seq,
		uint64(k.index), uint64(k.page), uint64(k.kind), uint64(length)} { //nolint:gosec // none is negative
		binary.LittleEndian.PutUint64(to[8*i:], n)
	}
}

func getHead(from *[headSize]byte) (k key, length int64) {
	var n [6]uint64
	for i := range n {
		n[i] = binary.LittleEndian.Uint64(from[8*i:])
	}
	k = key{entry{n[0], n[1]}, int64(n[2]), int64(n[3]), kind(n[4])} //nolint:gosec // as they were put
	return k, int64(n[5])                                            //nolint:gosec // likewise
}

// close removes the temporary file.
func (s *sorter) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
