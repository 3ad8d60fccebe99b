package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"batchfetch/output/savedir"
)

// header is the header of a journal, as it is read. The zero header is that of a journal in which nothing is done yet.
type header struct {
	salt savedir.Salt
	size int64 // of the header in bytes: the frames begin there
}

// Sizes and beginnings of headers. Those of version 1, which has no check sum, are read and continued, never begun.
const (
	headerTitle   = "batchfetch journal "
	headerMagic   = headerTitle + "2\n"
	unsummedMagic = headerTitle + "1\n"
	unsummedSize  = len(headerMagic) + len(savedir.Salt{})
	headerSize    = unsummedSize + crc32.Size
)

// appendHeader appends the header of a new journal.
func appendHeader(dst []byte, salt savedir.Salt) []byte {
	start := len(dst)
	dst = append(append(dst, headerMagic...), salt[:]...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// readHeader returns the header of the journal f, and the size in bytes of the whole file. The error is a *ResumeError
// where it is neither a journal nor an empty one, or damaged; name is its name there.
func readHeader(f *os.File, name string) (h header, size int64, err error) {
	h, size, err = readPlainHeader(f)
	hint := "move it away, or name another output"
	switch {
	case errors.Is(err, errOtherVersion):
		err = &ResumeError{name + " " + err.Error(), "go on with that version, or " + hint}
	case errors.Is(err, errDamaged):
		err = &ResumeError{name + ": " + err.Error(), "move it and its output away to start over"}
	case errors.Is(err, errNoJournal):
		err = &ResumeError{name + " " + err.Error(), hint}
	}
	return h, size, err
}

// readPlainHeader is readHeader with the errors of parseHeader, and of f.
func readPlainHeader(f *os.File) (h header, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return h, 0, err
	}
	text := make([]byte, min(info.Size(), int64(headerSize)))
	if _, err := f.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return h, 0, err
	}
	h, err = parseHeader(text, info.Size())
	return h, info.Size(), err
}

// What is wrong with the header of a journal, beside errDamaged.
var (
	errOtherVersion = errors.New("was written by another version of batchfetch")
	errNoJournal    = errors.New("is not a journal of batchfetch")
)

// parseHeader parses the first bytes of a journal of size bytes: headerSize of them, or all where they are fewer.
func parseHeader(text []byte, size int64) (h header, err error) {
	title := strings.TrimRight(string(text[:min(len(text), len(headerMagic))]), "\x00")
	whole := size >= int64(headerSize)
	switch {
	case title == headerMagic && whole:
		sum := binary.LittleEndian.Uint32(text[unsummedSize:])
		if crc32.Checksum(text[:unsummedSize], castagnoli) != sum {
			return h, fmt.Errorf("%w: its first %d bytes", errDamaged, headerSize)
		}
		h.size = int64(headerSize)
	case title == unsummedMagic && size >= int64(unsummedSize):
		h.size = int64(unsummedSize)
	case title == "" && size <= int64(headerSize), !whole && isStartOfTitle(title):
		return h, nil // a kill, a full disk or a power cut came before the header was whole: nothing was done
	case strings.HasPrefix(title, headerTitle):
		return h, errOtherVersion
	default:
		return h, errNoJournal
	}
	copy(h.salt[:], text[len(headerMagic):])
	return h, nil
}

// isStartOfTitle reports whether a header that is not whole can begin with title.
func isStartOfTitle(title string) bool {
	return strings.HasPrefix(headerMagic, title) || strings.HasPrefix(unsummedMagic, title)
}

// isJournalFile reports whether f has the header of a journal, damaged or not.
func isJournalFile(f *os.File) bool {
	h, _, err := readPlainHeader(f)
	return h.size > 0 || errors.Is(err, errDamaged)
}
