package merge

import (
	"errors"
	"fmt"
	"io"

	"batchfetch/fetch/spool"
)

// A Part is an output of a run.
type Part struct {
	Name string
	Open func() (io.ReadCloser, error) // its lines, decompressed
}

// Settings are how to merge.
type Settings struct {
	// Expected is how many Requests the whole input has, of which those without a Record are missing; negative is not
	// known, so that only gaps are.
	Expected int64
	// Space is where temporary files are; nil is os.TempDir without a bound.
	Space *spool.Space
	// Chunk is how many bytes of lines are sorted in memory; 0 is 32 MiB.
	Chunk int
}

// A PartError is that a part can't be read.
type PartError struct {
	Name string
	Line int64 // from 1; 0 is of the whole part
	Err  error
}

func (e *PartError) Error() string {
	if e.Line == 0 {
		return e.Name + ": " + e.Err.Error()
	}
	return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err)
}

// Unwrap returns the reason.
func (e *PartError) Unwrap() error { return e.Err }

// Merge writes the Records of all parts to out, in the order of index and page, each place once: of several successes
// the first, and a failure only where there is no success. Lines are copied byte for byte; summaries and messages are
// left out. The error is a *PartError, a *spool.Error, or that of out.
func Merge(parts []Part, out io.Writer, settings Settings) (report Report, err error) {
	s := &sorter{chunk: settings.Chunk, space: settings.Space}
	if s.chunk == 0 {
		s.chunk = 32 << 20
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, part := range parts {
		if err := s.addPart(part); err != nil {
			return report, err
		}
	}
	all, err := s.openRuns()
	if err != nil {
		return report, err
	}
	err = all.writeTo(out, &report)
	report.end(settings.Expected)
	return report, err
}

// addPart reads all lines of a part.
func (s *sorter) addPart(part Part) error {
	in, err := part.Open()
	if err != nil {
		return &PartError{part.Name, 0, err}
	}
	defer func() { _ = in.Close() }() // only read
	number, err := s.readPart(in)
	var temporary *spool.Error
	if err == nil || errors.As(err, &temporary) {
		return err
	}
	return &PartError{part.Name, number, err}
}
