package output

import (
	"errors"
	"io"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Pack returns a writer that compresses to out by the extension of name, .gz or .zst; nil for any other. Close writes
// the last bytes and leaves out open.
func Pack(name string, out io.Writer) (io.WriteCloser, error) {
	switch filepath.Ext(name) {
	case ".gz":
		return gzip.NewWriter(out), nil
	case ".zst":
		return zstd.NewWriter(out, zstd.WithEncoderConcurrency(1)) // within Write: it starts no goroutine
	}
	return nil, nil
}

// PackEachWrite is Pack for an output that may be truncated to the end of any Write: each Write becomes a gzip member
// or zstd frame of its own, which zcat and zstdcat read one after the other. It buffers nothing, and returns out for
// any other extension.
func PackEachWrite(name string, out io.Writer) (io.Writer, error) {
	switch filepath.Ext(name) {
	case ".gz":
		return &eachWritePacker{gzip.NewWriter(out), out}, nil
	case ".zst":
		encoder, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
		return &eachWritePacker{encoder, out}, err
	}
	return out, nil
}

// eachWritePacker compresses each Write by itself.
type eachWritePacker struct {
	encoder interface {
		io.WriteCloser
		Reset(io.Writer)
	}
	out io.Writer
}

func (m *eachWritePacker) Write(p []byte) (int, error) {
	m.encoder.Reset(m.out)
	n, err := m.encoder.Write(p)
	return n, errors.Join(err, m.encoder.Close())
}
