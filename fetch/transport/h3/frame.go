package h3

import (
	"bufio"
	"errors"
	"io"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// The types of frames (RFC 9114 section 7.2).
const (
	frameData        = 0x0
	frameHeaders     = 0x1
	frameCancelPush  = 0x3
	frameSettings    = 0x4
	framePushPromise = 0x5
	frameGoAway      = 0x7
	frameMaxPushID   = 0xd
)

// A frameHeader is the begin of a frame.
type frameHeader struct{ kind, length uint64 }

// readFrameHeader reads the begin of a frame. At the end of the stream before it the error is io.EOF or errEnd, within
// it io.ErrUnexpectedEOF.
func readFrameHeader(in *bufio.Reader) (f frameHeader, err error) {
	if f.kind, err = readNumber(in); err != nil {
		return f, err
	}
	f.length, err = readNumber(in)
	return f, cutOff(err)
}

// maxIgnored is how many bytes of frames of unknown types a stream may have, and maxEmpty how many frames that carry
// nothing, one after the other.
const maxIgnored, maxEmpty = 1 << 20, 1 << 14

// isKnown reports whether a frame's type has a meaning, or had one in HTTP/2, for which it may not be used (RFC 9114
// section 7.2.8). Others are ignored.
func (f frameHeader) isKnown() bool {
	return f.kind <= frameMaxPushID && f.kind != 0xa && f.kind != 0xb && f.kind != 0xc
}

// skip reads a frame that has no meaning here. What is in it is not stored.
func (f frameHeader) skip(in *bufio.Reader) error {
	_, err := io.CopyN(io.Discard, in, int64(f.length)) //nolint:gosec // below 2^62
	return cutOff(err)
}

// readNumber reads a number of variable length (RFC 9000 section 16).
func readNumber(in *bufio.Reader) (uint64, error) {
	first, err := in.ReadByte()
	if err != nil {
		return 0, err
	}
	n := uint64(first & 0x3f)
	for range 1<<(first>>6) - 1 {
		next, err := in.ReadByte()
		if err != nil {
			return 0, cutOff(err)
		}
		n = n<<8 | uint64(next)
	}
	return n, nil
}

// cutOff returns the error of an end where more was to come.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, errEnd) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendFrame appends the begin of a frame.
func appendFrame(b []byte, kind, length uint64) []byte {
	return quicvarint.Append(quicvarint.Append(b, kind), length)
}

// maxFieldSection is the setting SETTINGS_MAX_FIELD_SECTION_SIZE (RFC 9114 section 7.2.4.1).
const maxFieldSection = 0x6

// appendSettings appends a SETTINGS frame.
func appendSettings(b []byte, maxHeader int) []byte {
	setting := quicvarint.Append([]byte{maxFieldSection}, uint64(maxHeader)) //nolint:gosec // above 0
	return append(appendFrame(b, frameSettings, uint64(len(setting))), setting...)
}

// maxSettings is how many bytes a SETTINGS frame may have.
const maxSettings = 4 << 10

// checkSettings reads the server's SETTINGS, of which none is needed here, and returns what is wrong with them (RFC
// 9114 section 7.2.4).
func checkSettings(in *bufio.Reader, length uint64) *Error {
	if length > maxSettings {
		return connError(ExcessiveLoad, "a SETTINGS frame that is too large (section 10.5)")
	}
	settings := make([]byte, length)
	if _, err := io.ReadFull(in, settings); err != nil {
		return closedControl(err)
	}
	seen := make(map[uint64]bool)
	for len(settings) > 0 {
		id, n, err := quicvarint.Parse(settings)
		if err != nil {
			return connError(frameError, "a SETTINGS frame that ends within a setting (section 7.1)")
		}
		_, m, err := quicvarint.Parse(settings[n:])
		switch {
		case err != nil:
			return connError(frameError, "a SETTINGS frame that ends within a setting (section 7.1)")
		case seen[id]:
			return connError(settingsError, "a setting that comes twice (section 7.2.4)")
		case id >= 2 && id <= 5:
			return connError(settingsError, "a setting of HTTP/2 (section 7.2.4.1)")
		}
		seen[id] = true
		settings = settings[n+m:]
	}
	return nil
}

// closedControl returns the Error of a control stream that could not be read further; nil where the connection has
// ended. Package quic ends the streams of a connection before its context.
func closedControl(err error) *Error {
	isEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(*quic.StreamError))
	if !isEnd {
		return nil
	}
	return connError(closedCritical, "the control stream was closed (section 6.2.1)")
}
