package savedir

import (
	"io"
	"os"
)

// A bodyFile is the file that a body is written to: an *unnamed.File, or one with a name. One goroutine uses it.
type bodyFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// OS returns it as an os.File, which is valid until Close.
	OS() *os.File
}

// A namedFile is a bodyFile that has had a name from the start.
type namedFile struct{ *os.File }

// OS returns the file.
func (f namedFile) OS() *os.File { return f.File }
