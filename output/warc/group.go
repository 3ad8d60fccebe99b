package warc

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what readers compare; bodies are told apart by bodyKey
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/spool"
)

// An encoder compresses a record.
type encoder interface {
	io.WriteCloser
	Reset(io.Writer)
}

// A coding makes encoders; nil is that records are not compressed.
type coding struct {
	pool    sync.Pool
	members bool // small records are compressed by a memberWriter instead
}

// codingOf returns the coding of a file with that name. Each record is a gzip member (WARC 1.1 annex D), or a zstd
// frame without a dictionary (IIPC, Zstandard compression for WARC files 1.0). Both are for
// speed: an archive of pages of 6 KB takes 1.2 times the CPU of lines in gzip, with the default level 1.75 times.
func codingOf(name string) *coding {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return &coding{members: true, pool: sync.Pool{New: func() any {
			e, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // no error with this level
			return e
		}}}
	case strings.HasSuffix(name, ".zst"):
		return &coding{pool: sync.Pool{New: func() any {
			e, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), // no error with these options
				zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstdWindow))
			return e
		}}}
	}
	return nil
}

// zstdWindow is the window of a zstd frame in bytes. Each worker that compresses a large body has an encoder with twice
// that: with 4 MiB, which is the default, 32 of them had 236 MB, with this 56 MB, at the same size of the archive.
const zstdWindow = 512 << 10

// groupMemory is how much of a group is held in memory, in bytes.
const groupMemory = 1 << 20

// A group is records, each compressed by itself, that are written at once.
type group struct {
	to      *spool.Buffer
	coding  *coding
	scratch *scratch
}

// A scratch is memory that one group has after the other.
type scratch struct {
	header fields       // of the record that is made
	block  []byte       // of it, where its text is made
	record bytes.Buffer // a small one
	member memberWriter // compresses it
	hashes responseHashes
}

var scratches = sync.Pool{New: func() any { return &scratch{hashes: newResponseHashes()} }}

// maxScratch is the most memory in bytes that a scratch keeps of a header or a block.
const maxScratch = 64 << 10

func (g *group) close() {
	_ = g.to.Close() // it has been written, or the run has failed
	if cap(g.scratch.header) <= maxScratch && cap(g.scratch.block) <= maxScratch {
		scratches.Put(g.scratch)
	}
}

// newFields returns the header of the next record.
func (g *group) newFields(kind, id, date string) fields {
	g.scratch.header = newFields(g.scratch.header[:0], kind, id, date)
	return g.scratch.header
}

// add adds a record: its header, which ends with an empty line, and its block, which is text and then body; a nil body
// is none.
func (g *group) add(header fields, text []byte, body *spool.Buffer) error {
	g.scratch.header = header
	size := int64(len(header)) + int64(len(text)) + int64(len(recordEnd))
	if body != nil {
		size += body.Size()
	}
	if g.coding != nil && g.coding.members && size <= smallRecord {
		g.scratch.record.Reset()
		_ = writeRecord(&g.scratch.record, header, text, body) // as body is in memory
		_, err := g.to.Write(g.scratch.member.member(g.scratch.record.Bytes()))
		return err
	}
	if g.coding == nil {
		return writeRecord(g.to, header, text, body)
	}
	e := g.coding.pool.Get().(encoder)
	defer g.coding.pool.Put(e)
	e.Reset(g.to)
	return firstError(writeRecord(e, header, text, body), e.Close)
}

// recordEnd is what ends a record.
const recordEnd = "\r\n\r\n"

func writeRecord(out io.Writer, header, text []byte, body *spool.Buffer) error {
	_, err := out.Write(header)
	if err == nil {
		_, err = out.Write(text)
	}
	if err == nil && body != nil {
		_, err = body.WriteTo(onlyWriter{out})
	}
	if err == nil {
		_, err = io.WriteString(out, recordEnd)
	}
	return err
}

// addText is add for a block in memory, whose digest it adds to the header f.
func (g *group) addText(f fields, contentType string, block []byte) error {
	f = f.addDigest("WARC-Block-Digest", sha1.Sum(block)) //nolint:gosec // as above
	return g.add(f.addBlock(contentType, int64(len(block))), block, nil)
}

// firstError returns err, or else the error of then.
func firstError(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// onlyWriter hides every method but Write: an encoder's ReadFrom would flush or close it.
type onlyWriter struct{ io.Writer }
