package h3

import (
	"bufio"
	"errors"
	"io"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// The types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2).
const (
	controlStream      = 0
	pushStream         = 1
	qpackEncoderStream = 2
	qpackDecoderStream = 3
)

// sendSettings opens and returns the control stream of a connection, or says how the server violates the protocol by
// what it allows. Of QPACK no dynamic table is allowed, which is the default, and none used, so
// that its streams are not needed.
func sendSettings(s *Session, maxHeaderBytes int) (*quic.SendStream, *Error) {
	stream, err := s.quic.OpenUniStream()
	switch {
	case errors.As(err, new(*quic.StreamLimitReachedError)):
		return nil, connError(streamCreationError, "no control stream is allowed (section 6.2)")
	case err != nil: // the connection has ended
		return nil, nil
	}
	_, _ = stream.Write(appendSettings([]byte{controlStream}, maxHeaderBytes)) // an error is the connection's
	return stream, nil
}

// readUniStream reads a stream of the server, and returns how it violates the protocol. goAway is called with the
// stream that a GOAWAY says, and returns the same of that.
func readUniStream(stream *quic.ReceiveStream, goAway func(quic.StreamID) *Error) *Error {
	in := bufio.NewReaderSize(stream, 64)
	kind, err := readNumber(in)
	if err != nil {
		return nil // a stream may end before its type has come
	}
	switch kind {
	case controlStream:
		return readControl(in, goAway)
	case pushStream:
		return connError(idError, "a push stream, though none was allowed (section 4.6)")
	case qpackEncoderStream, qpackDecoderStream: // nothing of use comes over them
	default:
		stream.CancelRead(quic.StreamErrorCode(streamCreationError))
	}
	return nil
}

// readControl reads the control stream.
func readControl(in *bufio.Reader, goAway func(quic.StreamID) *Error) *Error {
	ignored := uint64(0)
	for first := true; ; first = false {
		frame, err := readFrameHeader(in)
		switch {
		case err != nil:
			return closedControl(err)
		case first && frame.kind != frameSettings:
			return connError(missingSettings, "a control stream that does not begin with SETTINGS (section 6.2.1)")
		case !first && frame.kind == frameSettings:
			return connError(frameUnexpected, "a second SETTINGS frame (section 7.2.4)")
		case frame.kind == frameSettings:
			if wrong := checkSettings(in, frame.length); wrong != nil {
				return wrong
			}
		case frame.kind == frameGoAway:
			if wrong := readGoAway(in, frame.length, goAway); wrong != nil {
				return wrong
			}
		case frame.isKnown():
			return connError(frameUnexpected, "a frame that does not belong on the control stream (section 7.2)")
		case frame.length > maxIgnored-ignored:
			return connError(ExcessiveLoad, "frames of unknown types that are too large (section 10.5)")
		default:
			ignored += frame.length
			_ = frame.skip(in) // an error is that of the next read too
		}
	}
}

// readGoAway reads the stream that a GOAWAY says (RFC 9114 section 7.2.6), and calls goAway with it.
func readGoAway(in *bufio.Reader, length uint64, goAway func(quic.StreamID) *Error) *Error {
	whole := make([]byte, min(length, 8))
	if _, err := io.ReadFull(in, whole); err != nil {
		return closedControl(err)
	}
	id, used, err := quicvarint.Parse(whole)
	switch {
	case err != nil || uint64(used) != length: //nolint:gosec // at most 8
		return connError(frameError, "a GOAWAY that is no number (section 7.2.6)")
	case id%4 != 0:
		return errGoAway
	}
	return goAway(quic.StreamID(id)) //nolint:gosec // below 2^62
}

// errGoAway is how a GOAWAY violates the protocol by what it says.
var errGoAway = connError(idError, "a GOAWAY of another stream, or of a later one than before (section 7.2.6)")
