package coding

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// The first bytes of a zstd frame, and those of a skippable one after the first (RFC 8878 section 3.1).
const (
	zstdMagic     = "\x28\xb5\x2f\xfd"
	skippableTail = "\x2a\x4d\x18"
)

// zstdFrames returns the bytes of the frames of a zstd file (RFC 8878 section 3.1) up to the last whole one: what
// follows it and does not begin like a frame is left out. A file that is none, or breaks off, is returned as it is, for
// the decoder to say so.
type zstdFrames struct {
	in      *bufio.Reader
	left    int64 // bytes of the current header, block or skippable frame that are still to be returned
	inFrame bool  // a block follows it
	checked bool  // the current frame ends with a check sum
	ended   bool  // a frame has ended
	largest int64 // the largest window, in bytes, that a frame may need
	allowed int64 // the largest window, in bytes, that the decoder has
	needs   int64 // that of the next frame, where that is larger: then Read has ended before it
}

// Read returns bytes of the frames.
func (z *zstdFrames) Read(p []byte) (n int, err error) {
	for z.left == 0 {
		if z.inFrame {
			z.left, err = z.block()
		} else {
			z.left, err = z.frame()
		}
		if err != nil {
			return 0, err
		}
	}
	n, err = z.in.Read(p[:min(int64(len(p)), z.left)])
	z.left -= int64(n)
	return n, err
}

// toEnd is the length of what lasts to the end of the file.
const toEnd = 1<<63 - 1

// frame returns the length of a frame's header, or of a whole skippable frame; io.EOF is that none follows.
func (z *zstdFrames) frame() (int64, error) {
	const most = 4 + 1 + 1 + 4 + 8 // magic number, descriptor, window, dictionary, content size
	head, err := z.in.Peek(most)
	if len(head) == 0 || err != nil && err != io.EOF {
		return 0, err
	}
	magic := string(head[:min(len(head), len(zstdMagic))])
	skippable := len(magic) == 4 && magic[0]&0xf0 == 0x50 && magic[1:] == skippableTail
	switch {
	case !skippable && !strings.HasPrefix(zstdMagic, magic) && z.ended:
		return 0, io.EOF
	case skippable && len(head) >= 8:
		return 8 + int64(binary.LittleEndian.Uint32(head[4:])), nil
	case skippable, magic != zstdMagic, len(head) < 5:
		return toEnd, nil
	}
	if window := zstdWindow(head, z.largest); window > z.allowed {
		z.needs = window
		return 0, io.EOF
	}
	descriptor := head[4]
	length := 5 + [...]int64{0, 1, 2, 4}[descriptor&3] + [...]int64{0, 2, 4, 8}[descriptor>>6]
	if single := descriptor&(1<<5) != 0; !single {
		length++ // the window
	} else if descriptor>>6 == 0 {
		length++ // a content size of one byte
	}
	z.checked, z.inFrame = descriptor&(1<<2) != 0, true
	return length, nil
}

// block returns the length of a block with its header.
func (z *zstdFrames) block() (int64, error) {
	head, err := z.in.Peek(3)
	switch {
	case err == io.EOF && len(head) > 0:
		return toEnd, nil
	case err != nil:
		return 0, err
	}
	header := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16
	length := 3 + header>>3
	if kind := header >> 1 & 3; kind == 1 { // RLE: one byte, which is repeated
		length = 4
	}
	if last := header&1 != 0; last {
		z.inFrame, z.ended = false, true
		if z.checked {
			length += 4
		}
	}
	return length, nil
}

// zstdWindow returns the window that the frame at the start of head needs, in bytes, at most largest: one that needs
// more is refused by the decoder. It is 0 for what is no whole header of a frame.
func zstdWindow(head []byte, largest int64) int64 {
	var h zstd.Header
	if h.Decode(head) != nil || h.Skippable {
		return 0
	}
	window := h.WindowSize
	if h.SingleSegment {
		window = h.FrameContentSize
	}
	return int64(min(window, uint64(largest))) //nolint:gosec // small
}
