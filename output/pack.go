package output

import (
	"io"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Pack returns a writer that compresses into out as the ending of name says: .gz or .zst, readable by zcat and zstdcat.
// It returns nil for any other name. The last bytes are written by Close, which leaves out open.
func Pack(name string, out io.Writer) (io.WriteCloser, error) {
	switch filepath.Ext(name) {
	case ".gz":
		return gzip.NewWriter(out), nil
	case ".zst":
		return zstd.NewWriter(out, zstd.WithEncoderConcurrency(1)) // in the one writer: no goroutine of its own
	}
	return nil, nil
}
