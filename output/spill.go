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
	space        *spool.Space // nil is no bound
	maxFileBytes int64        // size from which on a new file is begun
	files        []*spillFile
}

// spillFileBytes is the maxFileBytes of a run: few files are open even where thousands of the largest lines are held.
const spillFileBytes = 1 << 30

type spillFile struct {
	spool     *spool.File
	linesLeft int // not released yet
}

// spillPlace is where a line is in a spill; the zero spillPlace is none.
type spillPlace struct {
	file         *spillFile
	offset, size int64
}

// write moves the line of a Record into the current file, and closes a temporary file of its own. With an error the
// Record keeps its line.
func (s *spill) write(r *fetch.Record) (spillPlace, error) {
	f, err := s.currentFile()
	if err != nil {
		return spillPlace{}, err
	}
	p := spillPlace{file: f, offset: f.spool.Size()}
	if r.LongLine != nil {
		_, err = r.LongLine.WriteTo(f.spool)
	} else {
		_, err = f.spool.Write(r.Line)
	}
	if err != nil {
		return spillPlace{}, errors.Join(err, f.spool.Truncate(p.offset))
	}
	r.Discard()
	p.size = f.spool.Size() - p.offset
	f.linesLeft++
	return p, nil
}

// currentFile returns the file that lines are written to.
func (s *spill) currentFile() (*spillFile, error) {
	if n := len(s.files); n > 0 && s.files[n-1].spool.Size() < s.maxFileBytes {
		return s.files[n-1], nil
	}
	made, err := s.space.NewLines()
	if err != nil {
		return nil, err
	}
	f := &spillFile{spool: made}
	s.files = append(s.files, f)
	return f, nil
}

// line returns the line, which is valid until it is released.
func (p spillPlace) line() *spool.File { return p.file.spool.Section(p.offset, p.size) }

// release releases the space of a line, which is freed with that of the last one in its file.
func (s *spill) release(p spillPlace) error {
	if p.file.linesLeft--; p.file.linesLeft > 0 {
		return nil
	}
	if p.file == s.files[len(s.files)-1] {
		return p.file.spool.Truncate(0)
	}
	s.files = slices.DeleteFunc(s.files, func(f *spillFile) bool { return f == p.file })
	return p.file.spool.Close()
}

// Close closes all files.
func (s *spill) Close() error {
	var failed error
	for _, f := range s.files {
		failed = errors.Join(failed, f.spool.Close())
	}
	s.files = nil
	return failed
}
