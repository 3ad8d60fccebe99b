package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A tail is what stands in a journal behind its readable frames.
type tail struct {
	hasMark  bool // a mark that covers more than the readable frames: what had been synced is damaged
	hasFrame bool // a whole frame: where the last one is torn, none can follow it
	isZero   bool // its first byte was never written
}

// readTail reads the tail of a journal of size bytes from end on.
func readTail(f io.ReaderAt, end, size int64) (t tail, err error) {
	if t.hasMark, err = findLaterMark(io.NewSectionReader(f, end, size-end), end); err != nil {
		return t, err
	}
	text := make([]byte, min(size-end, readSize))
	if _, err := f.ReadAt(text, end); err != nil && !errors.Is(err, io.EOF) {
		return t, err
	}
	t.isZero = text[0] == 0
	t.hasFrame = int64(len(text)) == size-end && isFrameOfAnotherSize(text) || hasFrame(text)
	return t, nil
}

// isFrameOfAnotherSize reports whether text is a whole frame but for its size.
func isFrameOfAnotherSize(text []byte) bool {
	if len(text) < frameHead+frameTail {
		return false
	}
	text = bytes.Clone(text)
	binary.LittleEndian.PutUint32(text[1:], uint32(len(text)-frameHead-frameTail))
	return isFrame(text)
}

// hasFrame reports whether a frame stands in text, behind its first byte.
func hasFrame(text []byte) bool {
	for at := 1; len(text)-at > frameHead+frameTail; at++ {
		kind, size := frameKind(text[at]), int64(binary.LittleEndian.Uint32(text[at+1:]))
		if whole := frameHead + size + frameTail; isPlausible(kind, size) && whole <= int64(len(text)-at) &&
			isFrame(text[at:][:whole]) {
			return true
		}
	}
	return false
}

// isFrame reports whether text, a frame by its size, has the check sum of one.
func isFrame(text []byte) bool {
	body, sum := text[:len(text)-frameTail], text[len(text)-frameTail:]
	return crc32.Checksum(body, castagnoli) == binary.LittleEndian.Uint32(sum)
}

// findLaterMark reports whether in holds a mark, at any offset, that covers more than the first size bytes of a
// journal.
func findLaterMark(in *io.SectionReader, size int64) (found bool, err error) {
	const whole = frameHead + markSize + frameTail
	buffered := newReader(in)
	for {
		text, err := buffered.Peek(whole)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		f := frame{kind: frameKind(text[0]), payload: text[frameHead : whole-frameTail]}
		if f.kind == frameMark && binary.LittleEndian.Uint32(text[1:]) == markSize && f.size() > size &&
			crc32.Checksum(text[:whole-frameTail], castagnoli) == binary.LittleEndian.Uint32(text[whole-frameTail:]) {
			return true, nil
		}
		_, _ = buffered.Discard(1) // Peek has returned it
	}
}
