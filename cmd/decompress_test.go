package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// TestDecompress: all members of a compressed input are read, zeros behind the last are padding, and anything else
// there is named as what it is, once all before it has been read.
func TestDecompress(t *testing.T) {
	lines := strings.Repeat("http://a.test/0123456789\n", 20_000)
	zeros := func(n int) []byte { return make([]byte, n) }
	for _, ending := range []string{".gz", ".zst"} {
		one, short, empty := pack(t, ending, lines), pack(t, ending, "b\n"), pack(t, ending, "")
		for _, tt := range []struct {
			name string
			file []byte
			want string
			err  error // nil is the end; errAny any other
		}{
			{"one member", one, lines, nil},
			{"several members", join(one, empty, short), lines + "b\n", nil},
			{"zeros to a block's end", join(short, zeros(512-len(short)%512)), "b\n", nil},
			{"four zeros", join(one, zeros(4)), lines, nil},
			{"a megabyte of zeros", join(one, zeros(1<<20)), lines, nil},
			{"zeros behind several members", join(one, short, zeros(10240)), lines + "b\n", nil},
			{"text", join(one, []byte("and so on\n")), lines, errGarbage},
			{"text behind zeros", join(short, zeros(512), []byte("and so on\n")), "b\n", errGarbage},
			{"a web page", join(one, []byte("<html>")), lines, errGarbage},
			{"cut off", one[:len(one)-3], lines, errAny},
			{"the second is cut off", join(one, short[:len(short)-3]), lines, errAny},
		} {
			t.Run(ending[1:]+"/"+tt.name, func(t *testing.T) {
				got, err := decompressed(t, "in"+ending, tt.file)
				if got != tt.want && tt.err != errAny {
					t.Errorf("got %d bytes, want %d", len(got), len(tt.want))
				}
				if tt.err == errAny && (err == nil || errors.Is(err, errGarbage)) ||
					tt.err != errAny && !errors.Is(err, tt.err) {
					t.Errorf("the error is %v, want %v", err, tt.err)
				}
			})
		}
	}
	for name, file := range map[string][]byte{
		"one zero": join(pack(t, ".gz", "b\n"), zeros(1)), "two": join(pack(t, ".gz", "b\n"), zeros(2)),
		"a member behind zeros": join(pack(t, ".gz", "b\n"), zeros(512), pack(t, ".gz", "")),
	} {
		if got, err := decompressed(t, "in.gz", file); got != "b\n" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := decompressed(t, "in.gz", join(pack(t, ".gz", "b\n"), []byte("x"))); got != "b\n" ||
		!errors.Is(err, errGarbage) {
		t.Errorf("one byte: %q, %v", got, err)
	}
	for _, name := range []string{"in.gz", "in.zst"} {
		if got, err := decompressed(t, name, zeros(512)); err == nil || errors.Is(err, errGarbage) {
			t.Errorf("%s of zeros: %q, %v", name, got, err)
		}
	}
}

var errAny = errors.New("any error but errGarbage")

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// decompressed returns what can be read of a file, and the error that ends it.
func decompressed(t *testing.T, name string, file []byte) (string, error) {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	content, err := inputArg{name: name}.open()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(content)
	if closed := content.Close(); closed != nil {
		t.Error(closed)
	}
	return string(text), err
}

// pack compresses a text.
func pack(t *testing.T, ending, text string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := io.WriteCloser(gzip.NewWriter(&packed))
	if ending == ".zst" {
		encoder, err := zstd.NewWriter(&packed, zstd.WithZeroFrames(true))
		if err != nil {
			t.Fatal(err)
		}
		z = encoder
	}
	_, err := io.WriteString(z, text)
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
