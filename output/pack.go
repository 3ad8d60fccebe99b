package output

import (
	"cmp"
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

// Repack copies the text of from, which is compressed by the extension of name, to one gzip member or zstd frame.
func Repack(name string, to io.Writer, from io.Reader) error {
	packed, err := Pack(name, to)
	if err != nil {
		return err
	}
	text, err := unpack(name, from)
	if err == nil {
		_, err = io.Copy(packed, text)
		err = cmp.Or(err, text.Close())
	}
	return cmp.Or(err, packed.Close()) // all have the first error of to
}

// IsPacked reports whether an output of that name is compressed.
func IsPacked(name string) bool {
	extension := filepath.Ext(name)
	return extension == ".gz" || extension == ".zst"
}

// unpack returns the text of a file of that name.
func unpack(name string, from io.Reader) (io.ReadCloser, error) {
	if filepath.Ext(name) == ".gz" {
		return gzip.NewReader(from)
	}
	decoder, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return decoder.IOReadCloser(), nil
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
