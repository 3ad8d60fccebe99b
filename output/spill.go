package output

import (
	"errors"
	"slices"

	"batchfetch/fetch"
)

// A spill holds lines on disk until their turn has come. It begins a new file from time to time and drops each once
// all its lines have left, so that what it takes of the disk does not grow with the run, nor its open files with the lines.
type spill struct {
	maxFileBytes int64 // bytes in a file before the next one is begun
	files        []*spillFile
}

// spillFileBytes is how much goes to one file: few enough are open even where thousands of the largest lines wait.
const spillFileBytes = 1 << 30

type spillFile struct {
	*fetch.Spool
	linesLeft int // that have not left
}

// A spillPlace is where a line is; the zero place is nowhere.
type spillPlace struct {
	file         *spillFile
	offset, size int64
}

// write moves the line of a Record to disk. A long line leaves its own file.
func (s *spill) write(r *fetch.Record) (spillPlace, error) {
	defer r.Discard()
	f, err := s.currentFile()
	if err != nil {
		return spillPlace{}, err
	}
	p := spillPlace{file: f, offset: f.Size()}
	if r.LongLine != nil {
		_, err = r.LongLine.WriteTo(f)
	} else {
		_, err = f.Write(r.Line)
	}
	p.size = f.Size() - p.offset
	f.linesLeft++
	return p, err
}

// currentFile returns the file that takes lines.
func (s *spill) currentFile() (*spillFile, error) {
	if n := len(s.files); n > 0 && s.files[n-1].Size() < s.maxFileBytes {
		return s.files[n-1], nil
	}
	spool, err := fetch.NewSpool()
	if err != nil {
		return nil, err
	}
	f := &spillFile{Spool: spool}
	s.files = append(s.files, f)
	return f, nil
}

// line returns a line, which stays until it leaves.
func (p spillPlace) line() *fetch.Spool { return p.file.Part(p.offset, p.size) }

// release gives the room of a line back, once it is the last one in its file.
func (s *spill) release(p spillPlace) error {
	if p.file.linesLeft--; p.file.linesLeft > 0 {
		return nil
	}
	if p.file == s.files[len(s.files)-1] {
		return p.file.Truncate(0)
	}
	s.files = slices.DeleteFunc(s.files, func(f *spillFile) bool { return f == p.file })
	return p.file.Close()
}

// Close drops all that is left.
func (s *spill) Close() error {
	var failed error
	for _, f := range s.files {
		failed = errors.Join(failed, f.Close())
	}
	s.files = nil
	return failed
}
