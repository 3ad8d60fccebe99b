package coding

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// unexpectedEOF returns err, or io.ErrUnexpectedEOF for io.EOF: the body ended within the header of a coding, which
// must not be taken for the end of the decoded body.
func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A deflateReader decodes both formats that servers send as deflate: zlib, as RFC 9110 section 8.4.1.2 says, and raw
// deflate (RFC 1951) without the zlib header. The first two bytes decide.
type deflateReader struct {
	in  *bufio.Reader // the coded bytes
	out io.Reader     // the decoder; nil until the first bytes have come
}

// Read decodes into p.
func (d *deflateReader) Read(p []byte) (int, error) {
	if d.out == nil {
		head, err := d.in.Peek(2)
		if len(head) == 0 {
			return 0, err
		}
		// RFC 1950 section 2.2: method 8, and a check that makes the pair a multiple of 31.
		if len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			z, err := zlib.NewReader(d.in)
			if err != nil {
				return 0, unexpectedEOF(err)
			}
			d.out = z
		} else {
			d.out = flate.NewReader(d.in)
		}
	}
	return d.out.Read(p)
}

// gzipMagic are the first two bytes of a gzip member (RFC 1952 section 2.3.1).
const gzipMagic = "\x1f\x8b"

// gzipMembers decodes the members of a gzip file up to the last whole one: what follows it and does not begin like a
// member is ignored.
type gzipMembers struct {
	in     *bufio.Reader // the coded bytes
	member *gzip.Reader
	inside bool // member has been started and not ended
	ended  bool // a member has ended
}

// Read decodes into p.
func (g *gzipMembers) Read(p []byte) (int, error) {
	for {
		if !g.inside {
			if err := g.start(); err != nil {
				return 0, err
			}
		}
		n, err := g.member.Read(p)
		if err != io.EOF {
			return n, err
		}
		g.inside, g.ended = false, true
		if n > 0 {
			return n, nil
		}
	}
}

// start starts the next member; io.EOF is that there is none.
func (g *gzipMembers) start() error {
	head, err := g.in.Peek(len(gzipMagic))
	switch {
	case len(head) == 0, err != nil && err != io.EOF:
		return err
	case g.ended && !strings.HasPrefix(gzipMagic, string(head)):
		return io.EOF
	}
	if err := g.member.Reset(g.in); err != nil {
		return unexpectedEOF(err)
	}
	g.member.Multistream(false)
	g.inside = true
	return nil
}
