package h3

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"

	"batchfetch/fetch/transport/h2"
)

// maxAtOnce is how many bytes a request may have to be sent in one go, where the windows have room for it. A larger one
// is sent while the response is awaited, which may come early (RFC 9114 section 4.1).
const maxAtOnce = 16 << 10

// An upload is a request that is being sent while its response is read.
type upload struct{ ended chan struct{} }

// send sends a request, or begins to: nil is that it was sent whole, or is not to be sent. That it can't be sent is no
// error here: the response says why, which may have come before, or the connection does. altUsed is the Alt-Used header
// field, or "".
func send(s *stream, r *h2.Request, altUsed string) *upload {
	b := appendRequest(nil, r, altUsed)
	body := r.Body
	if len(b)+len(body) <= maxAtOnce {
		b, body = append(b, body...), nil
	}
	if len(body) == 0 && !errors.Is(s.quic.TryWriteAll(b), quic.ErrWouldBlock) {
		_ = s.quic.Close() // it was cancelled, or it is sent
		return nil
	}
	u := &upload{ended: make(chan struct{})}
	go u.write(s, b, body) // ends when all is sent, or the stream is over
	return u
}

// write sends the parts of a request, in chunks, so that the stall timer sees progress.
func (u *upload) write(s *stream, parts ...[]byte) {
	defer close(u.ended)
	for _, part := range parts {
		for chunk := range slices.Chunk(part, maxAtOnce) {
			if _, err := s.counted.Write(chunk); err != nil {
				return
			}
		}
	}
	_ = s.quic.Close() // as in send
}

// appendRequest appends the HEADERS frame of a request, and the begin of the DATA frame where there is a body.
func appendRequest(b []byte, r *h2.Request, altUsed string) []byte {
	var block bytes.Buffer
	encoder := qpack.NewEncoder(&block)
	add := func(name, value string) {
		_ = encoder.WriteField(qpack.HeaderField{Name: name, Value: value}) // a bytes.Buffer has no error
	}
	add(":method", r.Method)
	add(":scheme", r.Scheme)
	add(":authority", r.Authority)
	add(":path", r.Path)
	if r.AnnouncesBody {
		add("content-length", strconv.Itoa(len(r.Body)))
	}
	if altUsed != "" {
		add("alt-used", altUsed)
	}
	h2.EachField(r.Header, add)
	b = appendFrame(b, frameHeaders, uint64(block.Len())) //nolint:gosec // not negative
	b = append(b, block.Bytes()...)
	if len(r.Body) > 0 {
		b = appendFrame(b, frameData, uint64(len(r.Body))) //nolint:gosec // not negative
	}
	return b
}
