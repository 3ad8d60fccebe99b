package warc

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestWindowOfLargeRecord checks the window of a large record in zstd, which decides how much memory its encoder takes.
func TestWindowOfLargeRecord(t *testing.T) {
	var out bytes.Buffer
	e := codingOf("a.warc.zst").pool.Get().(encoder)
	e.Reset(&out)
	if _, err := e.Write(make([]byte, 8*zstdWindow)); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	var head zstd.Header
	if err := head.Decode(out.Bytes()); err != nil || head.WindowSize > zstdWindow {
		t.Errorf("a window of %d bytes, %v", head.WindowSize, err)
	}
}
