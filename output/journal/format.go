package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/savedir"
)

// A journal says which requests are done and how far their output is good. It is a header and then frames, written one behind the other:
//
//	header   "batchfetch journal 1\n", 16 bytes of salt for the hashes
//	frame    its kind (1 byte), the size of its payload (4), the payload, a CRC-32C of all that (4)
//	run      a process begins to write: 16 bytes that tell one boot of the machine from another, and a hash of the directory
//	         where bodies go (8), 0 where they don't
//	commit   the length of the output (8), a CRC-32C of the bytes that this added to it (4), then 14 bytes for each success in them:
//	         80 bits of a hash of what was asked, and how many equal requests stood before it in the input (4)
//	files    the same with 8 bytes more for each: a hash of the name of the file that has its body, 0 where that is not its own
//	mark     all is on disk up to that length of the output (8) and that size of the journal (8)
//
// Numbers are little-endian. Only hashes stand in it: no URL, no secret.

const (
	headerTitle = "batchfetch journal "
	headerMagic = headerTitle + "1\n"
	saltSize    = len(savedir.Salt{})
	headerSize  = len(headerMagic) + saltSize
)

type frameKind byte

const (
	frameRun    frameKind = 'r'
	frameCommit frameKind = 'c'
	frameFiles  frameKind = 'f'
	frameMark   frameKind = 'm'
)

// What stands around a payload, and what stands in it.
const (
	frameHead  = 5
	frameTail  = 4
	runSize    = 24
	commitHead = 12
	entrySize  = 14
	nameSize   = 8
	markSize   = 16
	maxPayload = 64 << 20
	readSize   = 1 << 20 // bytes read at once
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendFrame appends a frame around the payload that fill appends.
func appendFrame(dst []byte, kind frameKind, fill func([]byte) []byte) []byte {
	start := len(dst)
	dst = fill(append(dst, byte(kind), 0, 0, 0, 0))
	binary.LittleEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-frameHead))
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func appendRun(dst []byte, boot file.BootID, dir uint64) []byte {
	return appendFrame(dst, frameRun, func(dst []byte) []byte {
		return binary.LittleEndian.AppendUint64(append(dst, boot[:]...), dir)
	})
}

// An entry is what a commit says of one Record.
type entry struct {
	tag  fetch.Tag
	name uint64 // hash of its file's name; 0 is none
}

func appendCommit(dst []byte, kind frameKind, length int64, sum uint32, entries []entry) []byte {
	return appendFrame(dst, kind, func(dst []byte) []byte {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(length))
		dst = binary.LittleEndian.AppendUint32(dst, sum)
		for i := range entries {
			dst = append(dst, entries[i].tag[:entrySize]...)
			if kind == frameFiles {
				dst = binary.LittleEndian.AppendUint64(dst, entries[i].name)
			}
		}
		return dst
	})
}

func appendMark(dst []byte, length, size int64) []byte {
	return appendFrame(dst, frameMark, func(dst []byte) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, uint64(length)), uint64(size))
	})
}

// newTag packs what a ledger knows a request by into what comes back in its Record.
func newTag(a requestHash, nth uint32) (m fetch.Tag) {
	binary.LittleEndian.PutUint64(m[:], a.high)
	binary.LittleEndian.PutUint16(m[8:], a.low)
	binary.LittleEndian.PutUint32(m[10:], nth)
	return m
}

// A frame is one as it was read; payload is valid until the next.
type frame struct {
	kind    frameKind
	payload []byte
	end     int64 // of the frame, as an offset in the journal
}

// Why a journal has no further frame where it does not simply end.
var (
	errTorn    = errors.New("the last frame is not whole")
	errCorrupt = errors.New("what stands there is no frame")
)

// scanFrames gives visit each frame of in, which begins at the offset at, and returns where they end: with nil at the end of in,
// errTorn where a frame reaches beyond it, errGarbled where there is none, or the error of in.
func scanFrames(in io.Reader, at int64, visit func(frame)) (end int64, err error) {
	buffered := bufio.NewReaderSize(in, readSize)
	var text []byte
	for {
		head, err := buffered.Peek(frameHead)
		switch {
		case errors.Is(err, io.EOF) && len(head) == 0:
			return at, nil
		case errors.Is(err, io.EOF):
			return at, errTorn
		case err != nil:
			return at, err
		}
		kind, size := frameKind(head[0]), int64(binary.LittleEndian.Uint32(head[1:]))
		if !isPlausible(kind, size) {
			return at, errCorrupt
		}
		whole := int(frameHead + size + frameTail)
		if cap(text) < whole {
			text = make([]byte, whole)
		}
		text = text[:whole]
		switch _, err := io.ReadFull(buffered, text); {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return at, errTorn
		case err != nil:
			return at, err
		}
		body := text[:whole-frameTail]
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(text[whole-frameTail:]) {
			return at, errCorrupt
		}
		at += int64(whole)
		visit(frame{kind: kind, payload: body[frameHead:], end: at})
	}
}

// findLaterMark looks for a mark that vouches for more of a journal than the first size bytes, frame borders or not.
func findLaterMark(in io.Reader, size int64) (found bool, err error) {
	const whole = frameHead + markSize + frameTail
	buffered := bufio.NewReaderSize(in, readSize)
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
		_, _ = buffered.Discard(1) // it has been peeked at
	}
}

// isPlausible says which payloads there can be.
func isPlausible(kind frameKind, size int64) bool {
	switch kind {
	case frameRun:
		return size == runSize
	case frameMark:
		return size == markSize
	case frameCommit, frameFiles:
		return size >= commitHead && size <= maxPayload && (size-commitHead)%kind.entrySize() == 0
	}
	return false
}

// entrySize is how many bytes a commit has for a success.
func (k frameKind) entrySize() int64 {
	if k == frameFiles {
		return entrySize + nameSize
	}
	return entrySize
}

// length returns the length of the output in a commit or mark, size that of the journal in a mark.
func (f frame) length() int64 { return int64(binary.LittleEndian.Uint64(f.payload)) }
func (f frame) size() int64   { return int64(binary.LittleEndian.Uint64(f.payload[8:])) }

// dir returns the hash of the directory in a run.
func (f frame) dir() uint64 { return binary.LittleEndian.Uint64(f.payload[len(file.BootID{}):]) }

// sum returns the check sum in a commit.
func (f frame) sum() uint32 { return binary.LittleEndian.Uint32(f.payload[8:]) }

// successes returns how many a commit holds.
func (f frame) successes() int64 { return (int64(len(f.payload)) - commitHead) / f.kind.entrySize() }

// entry returns what a commit says of its nth success: what was asked, how many equal requests stood before it, and the name of its file.
func (f frame) entry(n int64) (a requestHash, nth uint32, name uint64) {
	e := f.payload[commitHead+n*f.kind.entrySize():]
	a = requestHash{binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint16(e[8:])}
	nth = binary.LittleEndian.Uint32(e[10:])
	if f.kind == frameFiles {
		name = binary.LittleEndian.Uint64(e[entrySize:])
	}
	return a, nth, name
}
