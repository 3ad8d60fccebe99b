package fetch

import (
	"bufio"
	"hash"
	"io"

	"batchfetch/fetch/digest"
	"batchfetch/fetch/failure"
)

// A wireReader is a body as it is received, before its content codings are taken off. It counts the bytes and keeps the
// error of the connection, so that what a decoder says of a truncated stream is not taken for a broken coding.
type wireReader struct {
	in           io.Reader
	announced    int64     // bytes, by Content-Length; negative is unknown
	bytes        int64     // received
	err          error     // of in; nil is none, io.EOF is not kept
	coded        bool      // the body has content codings: decodedBytes counts
	decodedBytes int64     // that the decoder has made of bytes
	sum          hash.Hash // SHA-256 of bytes; nil where it is not needed

	digests, plainDigests digest.Hashes // of bytes, and of what the decoder has made of them; nil where not needed
}

// maxUndecoded is how many bytes of a coded body may be received beyond twice those decoded: a gzip stream may have
// empty members without end, and bytes without end behind the last.
const maxUndecoded = 1 << 20

func (w *wireReader) Read(p []byte) (int, error) {
	if w.coded && w.bytes > 2*w.decodedBytes+maxUndecoded {
		w.err = failure.New(failure.Decode, "%d bytes of the body have come to only %d", w.bytes, w.decodedBytes)
		return 0, w.err
	}
	n, err := w.in.Read(p)
	w.bytes += int64(n)
	if w.sum != nil {
		w.sum.Write(p[:n])
	}
	if w.digests != nil {
		_, _ = w.digests.Write(p[:n])
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// peek returns the first n bytes of the body, or all where it is shorter, and leaves them to be read.
func (w *wireReader) peek(n int) []byte {
	start := bufio.NewReaderSize(w.in, n)
	w.in = start
	head, _ := start.Peek(n) // an error is returned by the next read too
	return head
}

// A decodedCounter counts the decoded bytes of a coded body in its wireReader.
type decodedCounter struct {
	io.Reader
	wire *wireReader
}

func (p decodedCounter) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.wire.decodedBytes += int64(n)
	if p.wire.plainDigests != nil {
		_, _ = p.wire.plainDigests.Write(b[:n])
	}
	return n, err
}
