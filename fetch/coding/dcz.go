package coding

import (
	"io"

	"batchfetch/fetch/failure"
)

// A dczReader decodes dcz: a header of 40 bytes, which zstd skips, with the hash of the dictionary, and zstd.
type dczReader struct {
	zstd  *zstdReader
	begun bool
}

// dczMagic is how a dcz body begins, before the hash.
const dczMagic = "\x5e\x2a\x4d\x18\x20\x00\x00\x00"

// Read decodes into p. A body for another dictionary than that which was offered is a *failure.Failure of kind Decode.
func (r *dczReader) Read(p []byte) (int, error) {
	if !r.begun {
		if err := r.begin(); err != nil {
			return 0, err
		}
		r.begun = true
	}
	return r.zstd.Read(p)
}

// begin reads the header, behind which a frame has to follow; io.EOF is a body of no bytes.
func (r *dczReader) begin() error {
	var head [len(dczMagic) + 32]byte
	if _, err := io.ReadFull(r.zstd.frames.in, head[:]); err != nil {
		return err
	}
	if string(head[:len(dczMagic)]) != dczMagic {
		return failure.New(failure.Decode, "the body is not valid dcz")
	}
	if [32]byte(head[len(dczMagic):]) != r.zstd.dictionary.SHA256 {
		return failure.New(failure.Decode, "the body is coded with another dictionary than that which was offered")
	}
	_, err := r.zstd.frames.in.Peek(1)
	return unexpectedEOF(err)
}
