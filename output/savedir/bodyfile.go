package savedir

import (
	"io"
	"os"
)

// A bodyFile is the file that a body is written to: an unnamedFile, or one with a name. One goroutine uses it.
type bodyFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// file returns it as an os.File, which is valid until Close.
	file() *os.File
}

// A namedFile is a bodyFile that has had a name from the start.
type namedFile struct{ *os.File }

func (f namedFile) file() *os.File { return f.File }
