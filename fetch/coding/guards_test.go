package coding

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/coding/codingtest"
)

// countedWindows is a Windows that keeps what is acquired.
type countedWindows struct {
	all        []int64 // each
	held, most int64
	refuse     error // what Acquire returns; nil accepts
}

func (c *countedWindows) Acquire(n int64) error {
	if c.refuse != nil {
		return c.refuse
	}
	c.all = append(c.all, n-besideWindow)
	c.held += n
	c.most = max(c.most, c.held)
	return nil
}

func (c *countedWindows) Release(n int64) { c.held -= n }

// zstdFrame returns text as a frame with that window.
func zstdFrame(t *testing.T, text string, window int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk([]byte(text), 1000) { // in parts, so that the length of the text is not known
		_, _ = w.Write(part)
		_ = w.Flush()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func brotliStreamOf(t *testing.T, text string, bits int) string {
	t.Helper()
	var b bytes.Buffer
	w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 4, LGWin: bits})
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGuardWindows: a decoder has the window that a body needs, and no more, from its first bytes to its last; none is
// held where the next is waited for.
func TestGuardWindows(t *testing.T) {
	const k, m = 1 << 10, 1 << 20
	skippable := "\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
	long := strings.Repeat(text, 60) // over 2 MiB
	for _, tt := range []struct {
		name    string
		codings []string
		body    string
		want    string
		windows []int64
	}{
		{"zstd", []string{"zstd"}, zstdFrame(t, text, 8*m), text, []int64{8 * m}},
		{"zstd, 2 MiB", []string{"zstd"}, zstdFrame(t, long, 2*m), long, []int64{2 * m}},
		{"zstd in one segment", []string{"zstd"}, codingtest.Encode(t, text, "zstd"), text, []int64{int64(len(text))}},
		{"frames that grow", []string{"zstd"},
			zstdFrame(t, text, 64*k) + zstdFrame(t, text, 4*m) + zstdFrame(t, text, 1*m) + zstdFrame(t, long, 8*m),
			text + text + text + long, []int64{64 * k, 4 * m, 8 * m}},
		{"skippable frames", []string{"zstd"}, skippable + skippable + zstdFrame(t, text, 1*m) + skippable, text,
			[]int64{0, 1 * m}},
		{"junk behind", []string{"zstd"}, zstdFrame(t, text, 1*m) + "junk", text, []int64{1 * m}},
		{"br", []string{"br"}, brotliStreamOf(t, text, 24), text, []int64{16 * m}},
		{"br, 4 MiB", []string{"br"}, brotliStreamOf(t, long, 22), long, []int64{4 * m}},
		{"br, 1 KiB", []string{"br"}, brotliStreamOf(t, text, 10), text, []int64{1 * k}},
		{"nothing", []string{"zstd", "br"}, "", "", nil},
		{"gzip", []string{"gzip"}, codingtest.Encode(t, text, "gzip"), text, nil},
		{"two", []string{"zstd", "br"}, brotliStreamOf(t, zstdFrame(t, text, 64*k), 16), text,
			[]int64{maxZstdWindow + maxBrotliWindow + besideWindow}},
		{"four", []string{"zstd", "zstd", "br", "br"}, brotliStreamOf(t, brotliStreamOf(t,
			zstdFrame(t, zstdFrame(t, text, 64*k), 64*k), 16), 16), text, []int64{MaxWindows - besideWindow}},
	} {
		c := new(countedWindows)
		r, err := NewReader(tt.codings, strings.NewReader(tt.body), nil, c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != tt.want || !slices.Equal(c.all, tt.windows) {
			t.Errorf("%s: %d bytes, %v, windows %d, want %d", tt.name, len(got), err, c.all, tt.windows)
		}
		if len(tt.codings) == 1 && c.held != 0 {
			t.Errorf("%s: %d bytes are held behind the end", tt.name, c.held)
		}
		if r.Close(); c.held != 0 || c.most > MaxWindows || len(c.all) > 0 && c.most > slices.Max(c.all)+besideWindow {
			t.Errorf("%s: %d bytes are held, %d at most", tt.name, c.held, c.most)
		}
		if len(tt.windows) == 0 {
			continue
		}
		c = &countedWindows{refuse: errors.New("refused")}
		if r, err = NewReader(tt.codings, strings.NewReader(tt.body), nil, c); err != nil {
			t.Fatal(err)
		}
		if _, err = io.ReadAll(r); !errors.Is(err, c.refuse) {
			t.Errorf("%s: %v where no window is had", tt.name, err)
		}
		r.Close()
		c = new(countedWindows)
		if r, err = NewReader(tt.codings, strings.NewReader(tt.body[:len(tt.body)/2]), nil, c); err != nil {
			t.Fatal(err)
		}
		_, _ = io.CopyN(io.Discard, r, 10)
		if r.Close(); c.held != 0 {
			t.Errorf("%s: %d bytes are held of what was not read to its end", tt.name, c.held)
		}
	}
}

// TestGuardSmallBodies: a small body is awaited before its window is taken, so that a slow server holds none.
func TestGuardSmallBodies(t *testing.T) {
	for _, coding := range []string{"zstd", "br"} {
		c := new(countedWindows)
		body := codingtest.Encode(t, text, coding)
		source := readFunc(func(p []byte) (int, error) {
			if c.held != 0 && body != "" {
				t.Errorf("%s: a window is held while the body is awaited", coding)
			}
			n := copy(p, body[:min(len(body), 7)])
			if body = body[n:]; n == 0 {
				return 0, io.EOF
			}
			return n, nil
		})
		r, err := NewReader([]string{coding}, source, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text || len(c.all) != 1 {
			t.Errorf("%s: %d bytes, %v, windows %d", coding, len(got), err, c.all)
		}
		r.Close()
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// TestGuardBrotliWindow: what the first byte of a stream announces (RFC 7932 section 9.1).
func TestGuardBrotliWindow(t *testing.T) {
	for bits := 10; bits <= 24; bits++ {
		if got := brotliWindow(brotliStreamOf(t, text, bits)[0]); got != 1<<bits {
			t.Errorf("%d bits: a window of %d", bits, got)
		}
	}
}
