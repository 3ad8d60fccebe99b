// Package codingtest holds a fixture for tests: it encodes bodies as servers do, in the formats that package coding
// decodes. Nothing but tests imports it, and it imports none of our packages.
package codingtest

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Encode returns text under formats, in the order in which they are applied: gzip, br, zstd, zlib or flate. The last
// two both have the content coding deflate (RFC 9110, section 8.4.1.2): zlib as the RFC says, flate without the zlib
// wrapper. Another format fails the test.
func Encode(t testing.TB, text string, formats ...string) string {
	t.Helper()
	for _, format := range formats {
		var out bytes.Buffer
		var w io.WriteCloser
		var err error
		switch format {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "br":
			w = brotli.NewWriterLevel(&out, 2)
		case "zstd":
			w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		case "zlib":
			w = zlib.NewWriter(&out)
		case "flate":
			w, err = flate.NewWriter(&out, 6)
		default:
			t.Fatalf("no format is called %q", format)
		}
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		text = out.String()
	}
	return text
}

// EncodeWithDictionary returns text as dcz (RFC 9842 section 5): with zstd and a dictionary.
func EncodeWithDictionary(t testing.TB, text, dictionary string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderDictRaw(0, []byte(dictionary)),
		zstd.WithWindowSize(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(dictionary))
	head := append([]byte("\x5e\x2a\x4d\x18\x20\x00\x00\x00"), sum[:]...)
	coded := w.EncodeAll([]byte(text), head)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return string(coded)
}
