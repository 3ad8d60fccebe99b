package coding

import (
	"io"

	"batchfetch/fetch/failure"
)

// DCZ is the content coding of a body that is compressed with zstd and a dictionary (RFC 9842 section 5).
const DCZ = "dcz"

// A Dictionary is bytes that both sides have, which a dcz body refers to. It is not written to.
type Dictionary struct {
	// SHA256 is the hash of Content, with which a body says that it was coded with this dictionary.
	SHA256 [32]byte
	// Content is the bytes themselves: those of a body without its content codings.
	Content []byte
}

// maxDictionaryWindow is the largest window of a dcz body, in bytes.
const maxDictionaryWindow = 128 << 20

// window returns the largest window, in bytes, that a body may have which is coded with d: 8 MB, or 1.25 times the size
// of the dictionary where that is more (RFC 9842 section 5). Windows are mostly powers of two, so the next one is
// allowed.
func (d *Dictionary) window() int64 {
	window, least := int64(maxZstdWindow), int64(len(d.Content))/4*5
	for window < least {
		window *= 2
	}
	return min(window, maxDictionaryWindow)
}

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
