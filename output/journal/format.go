package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"batchfetch/output/file"
)

// A journal is a log of which requests are done and up to where the output is good.
// It is a header and then frames, appended as the run goes:
//
//	header   "batchfetch journal 2\n", 16 bytes of salt for the hashes, a CRC-32C of all that (4), which version 1 lacks
//	frame    its kind (1 byte), the size of its payload (4), the payload, a CRC-32C of all that (4)
//	run      begins a process: the ID of the machine's boot (16), and a hash of the directory of saved bodies (8),
//	         0 without one
//	part     which part of its input the output has, as text such as "6/8"; "1/1" is the whole. Journals of older
//	         versions have none
//	commit   the length of the output (8), a CRC-32C of the bytes that this commit added to it (4), then 14 bytes for
//	         each success in them: 80 bits of a hash of the request, and the number of equal requests before it in the
//	         input (4)
//	files    a commit with 8 bytes more for each success: a hash of the name of the file of its body, 0 where others
//	         share it
//	pages    in place of either, a commit with pages that others follow (see appendPage)
//	repacked the output was written anew: the length of the new one (8) and its CRC-32C (4). All before was marked. The
//	         old one is there still where nothing follows this frame, and it then says nothing
//	mark     all is on disk up to that length of the output (8) and that size of the journal (8)
//
// Numbers are little-endian. Requests and names are hashed, so that neither a URL nor a secret stands in a journal.
// Only what is requested of the page that comes next does: its URL without userinfo, and its body where --paginate sets
// a value in that; they stand in the output too.

// NameOf returns the name of the journal of the output name, beside the file that symbolic links lead to.
func NameOf(name string) string { return besideOutput(file.ResolveLinks(name)) }

// besideOutput is NameOf for a name that is no symbolic link.
func besideOutput(name string) string { return name + ".journal" }

// A frameKind is the first byte of a frame.
type frameKind byte

const (
	frameRun    frameKind = 'r'
	framePart   frameKind = 's'
	frameCommit frameKind = 'c'
	frameFiles  frameKind = 'f'
	framePages  frameKind = 'p'
	frameMark   frameKind = 'm'

	frameRepacked frameKind = 'k'
)

// Sizes in bytes: around a payload, and in it.
const (
	frameHead  = 5
	frameTail  = 4
	runSize    = 24
	maxPart    = 64
	commitHead = 12
	markSize   = 16
	repackSize = 12
	maxPayload = 64 << 20
	readSize   = 1 << 20 // of the read buffer
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

func appendPart(dst []byte, part string) []byte {
	return appendFrame(dst, framePart, func(dst []byte) []byte { return append(dst, part...) })
}

func appendCommit(dst []byte, kind frameKind, length int64, sum uint32, entries []entry) []byte {
	return appendFrame(dst, kind, func(dst []byte) []byte {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(length))
		dst = binary.LittleEndian.AppendUint32(dst, sum)
		for i := range entries {
			if kind == framePages {
				dst = appendPage(dst, &entries[i])
				continue
			}
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

func appendRepacked(dst []byte, length int64, sum uint32) []byte {
	return appendFrame(dst, frameRepacked, func(dst []byte) []byte {
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(dst, uint64(length)), sum)
	})
}

// frame is a frame as read.
type frame struct {
	kind    frameKind
	payload []byte // valid until the next frame is read
	end     int64  // offset in the journal at which the frame ends
}

// Why the frames of a journal end before the file does.
var (
	errTorn    = errors.New("the last frame is not whole")
	errCorrupt = errors.New("what stands there is no frame")
)

// newReader returns a buffered reader of a part of a journal.
func newReader(in *io.SectionReader) *bufio.Reader {
	return bufio.NewReaderSize(in, int(max(frameHead+markSize+frameTail, min(in.Size(), readSize))))
}

// scanFrames calls visit for each frame of in, which begins at the offset at of the journal, and returns the offset
// at which they end. The error is nil at the end of in, errTorn where a frame reaches beyond it, errCorrupt where
// there is no frame, or that of in.
func scanFrames(in *io.SectionReader, at int64, visit func(frame)) (end int64, err error) {
	buffered := newReader(in)
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

// isPlausible reports whether a frame of that kind may have a payload of size bytes.
func isPlausible(kind frameKind, size int64) bool {
	switch kind {
	case frameRun:
		return size == runSize
	case framePart:
		return size > 0 && size <= maxPart
	case frameMark:
		return size == markSize
	case frameRepacked:
		return size == repackSize
	case frameCommit, frameFiles:
		return size >= commitHead && size <= maxPayload && (size-commitHead)%kind.entrySize() == 0
	case framePages: // the last of its entries may have the longest body of a request
		return size >= commitHead && size <= 2*maxPayload
	}
	return false
}

// entrySize returns how many bytes a commit of that kind has for each success.
func (k frameKind) entrySize() int64 {
	if k == frameFiles {
		return entrySize + nameSize
	}
	return entrySize
}

// length returns the length of the output in a commit, a mark or a repacked frame.
func (f frame) length() int64 { return int64(binary.LittleEndian.Uint64(f.payload)) }

// size returns the size of the journal in a mark.
func (f frame) size() int64 { return int64(binary.LittleEndian.Uint64(f.payload[8:])) }

// dirHash returns the hash of the directory of saved bodies in a run; 0 is none.
func (f frame) dirHash() uint64 { return binary.LittleEndian.Uint64(f.payload[len(file.BootID{}):]) }

// sum returns the check sum in a commit or a repacked frame.
func (f frame) sum() uint32 { return binary.LittleEndian.Uint32(f.payload[8:]) }

// entries calls visit for each entry of a commit, and returns how many they are.
func (f frame) entries(visit func(e entry)) (n int64) {
	for text := f.payload[commitHead:]; len(text) > 0; n++ {
		var e entry
		copy(e.tag[:], text[:entrySize])
		switch f.kind {
		case framePages:
			e, text = readPage(text)
		case frameFiles:
			e.name, text = binary.LittleEndian.Uint64(text[entrySize:]), text[entrySize+nameSize:]
		default:
			text = text[entrySize:]
		}
		visit(e)
	}
	return n
}

// successes returns the number of entries of a commit.
func (f frame) successes() int64 {
	if f.kind == framePages {
		return f.entries(func(entry) {})
	}
	return (int64(len(f.payload)) - commitHead) / f.kind.entrySize()
}
