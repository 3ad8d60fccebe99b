package output

import (
	"errors"
	"slices"

	"batchfetch/fetch"
	"batchfetch/fetch/spool"
)

// spill keeps lines in temporary files. It begins a new file after maxFileBytes and closes each once all its lines are
// released, so that neither the space on disk nor the number of open files grows with the run.
type spill struct {
	maxFileBytes int64 // size from which on a new file is begun
	files        []*spillFile
}

// spillFileBytes is the maxFileBytes of a run: few files are open even where thousands of the largest lines are held.
const spillFileBytes = 1 << 30

type spillFile struct {
	*spool.File
	linesLeft int // not released yet
}

// spillPlace is where a line is in a spill; the zero spillPlace is none.
type spillPlace struct {
	file         *spillFile
	offset, size int64
}

// write moves the line of a Record into the current file, and closes a temporary file of its own.
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

// currentFile returns the file that lines are written to.
func (s *spill) currentFile() (*spillFile, error) {
	if n := len(s.files); n > 0 && s.files[n-1].Size() < s.maxFileBytes {
		return s.files[n-1], nil
	}
	spool, err := spool.New()
	if err != nil {
		return nil, err
	}
	f := &spillFile{File: spool}
	s.files = append(s.files, f)
	return f, nil
}

// line returns the line, which is valid until it is released.
func (p spillPlace) line() *spool.File { return p.file.Part(p.offset, p.size) }

// release releases the space of a line, which is freed with that of the last one in its file.
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

// Close closes all files.
func (s *spill) Close() error {
	var failed error
	for _, f := range s.files {
		failed = errors.Join(failed, f.Close())
	}
	s.files = nil
	return failed
}
