package coding

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
)

// text is the decoded body of these tests: long enough that a cut falls into the middle of its coded forms.
var text = strings.Repeat("All happy families are alike; each unhappy family is unhappy in its own way.\n", 500)

// decode returns what a Reader makes of source under codings.
func decode(codings []string, source io.Reader) (string, error) {
	r, err := NewReader(codings, source, nil, nil)
	if err != nil {
		return "", err
	}
	defer r.Close()
	decoded, err := io.ReadAll(r)
	return string(decoded), err
}

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
		kept  string
	}{
		{"no header", nil, nil, ""},
		{"one", []string{"gzip"}, []string{"gzip"}, ""},
		{"in lower case", []string{"GZip"}, []string{"gzip"}, ""},
		{"in the order applied", []string{"gzip, br"}, []string{"gzip", "br"}, ""},
		{"over several lines", []string{"gzip", "br , zstd"}, []string{"gzip", "br", "zstd"}, ""},
		{"identity", []string{"identity"}, nil, "identity"},
		{"identity in between", []string{"gzip, Identity, br"}, []string{"gzip", "br"}, "Identity"},
		{"empty elements", []string{"", " ,\tgzip,, "}, []string{"gzip"}, ""},
		{"an S3 store's", []string{"aws-chunked"}, nil, "aws-chunked"},
		{"an S3 store's over gzip", []string{"gzip,aws-chunked"}, []string{"gzip"}, "aws-chunked"},
		{"an S3 store's below gzip", []string{"aws-chunked, gzip"}, []string{"gzip"}, "aws-chunked"},
		{"none", []string{"None"}, nil, "None"},
		{"a charset", []string{"UTF-8"}, nil, "UTF-8"},
		{"a charset over gzip", []string{"gzip, utf-8"}, []string{"gzip"}, "utf-8"},
		{"a transfer coding of mail", []string{"binary"}, nil, "binary"},
		{"a file's format", []string{"zip"}, nil, "zip"},
		{"the old compress", []string{"compress"}, nil, "compress"},
		{"one that is unknown", []string{"lzma"}, nil, "lzma"},
		{"one that is unknown below gzip", []string{"lzma, gzip"}, []string{"gzip"}, "lzma"},
		{"one that is unknown over gzip", []string{"gzip, LZMA"}, nil, "gzip, LZMA"},
		{"one that is unknown between two", []string{"br, lzma, identity, gzip"}, []string{"gzip"}, "br, lzma, identity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for _, line := range tt.lines {
				h.Add("Content-Encoding", line)
			}
			if known, kept := Of(h, nil); !slices.Equal(known, tt.want) || kept != tt.kept {
				t.Errorf("got %q and %q, want %q and %q", known, kept, tt.want, tt.kept)
			}
		})
	}
}

func TestReaderDecodes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		codings []string
		body    string
		want    string
	}{
		{"no coding", nil, text, text},
		{"gzip", []string{"gzip"}, codingtest.Encode(t, text, "gzip"), text},
		{"gzip by its old name", []string{"x-gzip"}, codingtest.Encode(t, text, "gzip"), text},
		{"gzip of two members", []string{"gzip"}, codingtest.Encode(t, text[:1000], "gzip") +
			codingtest.Encode(t, text[1000:], "gzip"), text},
		{"gzip of an empty body", []string{"gzip"}, codingtest.Encode(t, "", "gzip"), ""},
		{"br", []string{"br"}, codingtest.Encode(t, text, "br"), text},
		{"zstd", []string{"zstd"}, codingtest.Encode(t, text, "zstd"), text},
		{"zstd of two frames", []string{"zstd"}, codingtest.Encode(t, text[:1000], "zstd") +
			codingtest.Encode(t, text[1000:], "zstd"), text},
		{"zlib", []string{"deflate"}, codingtest.Encode(t, text, "zlib"), text},
		{"raw deflate", []string{"deflate"}, codingtest.Encode(t, text, "flate"), text},
		{"gzip, then br", []string{"gzip", "br"}, codingtest.Encode(t, text, "gzip", "br"), text},
		{"gzip twice", []string{"gzip", "gzip"}, codingtest.Encode(t, text, "gzip", "gzip"), text},
		{"the most codings", []string{"deflate", "zstd", "br", "deflate"},
			codingtest.Encode(t, text, "flate", "zstd", "br", "zlib"), text},
		{"no bytes under gzip", []string{"gzip"}, "", ""},
		{"no bytes under br", []string{"br"}, "", ""},
		{"no bytes under zstd", []string{"zstd"}, "", ""},
		{"no bytes under deflate", []string{"deflate"}, "", ""},
		{"no bytes under several", []string{"gzip", "zstd"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, source := range map[string]io.Reader{
				"at once": strings.NewReader(tt.body), "by the byte": iotest.OneByteReader(strings.NewReader(tt.body)),
			} {
				if got, err := decode(tt.codings, source); err != nil || got != tt.want {
					t.Errorf("%s: got %d bytes, want %d: %v", name, len(got), len(tt.want), err)
				}
			}
		})
	}
}

// TestReaderOfTruncatedBody cuts coded bodies at every length but the whole: none may pass for a complete body.
func TestReaderOfTruncatedBody(t *testing.T) {
	const short = "a body that is short enough to be cut everywhere"
	for _, tt := range []struct {
		coding  string
		formats []string
	}{
		{"gzip", []string{"gzip"}}, {"br", []string{"br"}}, {"zstd", []string{"zstd"}},
		{"deflate", []string{"zlib"}}, {"deflate", []string{"flate"}},
	} {
		t.Run(strings.Join(tt.formats, " "), func(t *testing.T) {
			body := codingtest.Encode(t, short, tt.formats...)
			for cut := 1; cut < len(body); cut++ {
				_, err := decode([]string{tt.coding}, strings.NewReader(body[:cut]))
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("cut at %d of %d: %v", cut, len(body), err)
				}
			}
		})
	}
}

// TestReaderIgnoresTail: what follows the last whole member and does not begin like another is ignored, and what does
// is a member that has to be whole.
func TestReaderIgnoresTail(t *testing.T) {
	zeros := strings.Repeat("\x00", 100<<10)
	for _, tt := range []struct {
		coding, format string
		magic          string // how a member begins; empty: there can be no second one
	}{
		{"gzip", "gzip", "\x1f\x8b"}, {"zstd", "zstd", "\x28\xb5\x2f\xfd"}, {"br", "br", ""},
		{"deflate", "zlib", ""}, {"deflate", "flate", ""},
	} {
		one := codingtest.Encode(t, text, tt.format)
		bodies := map[string]string{one: text}
		if tt.magic != "" {
			bodies[one+codingtest.Encode(t, text[:1000], tt.format)] = text + text[:1000]
			bodies[one+codingtest.Encode(t, "", tt.format)] = text
		}
		for body, want := range bodies {
			for _, tail := range []string{"\x00", "\n", "\r\n", zeros, "x", "<html>", zeros + one, "(\xb5\x2f\xfe", "\x1f "} {
				for name, source := range map[string]io.Reader{
					"at once":     strings.NewReader(body + tail),
					"by the byte": iotest.OneByteReader(strings.NewReader(body + tail)),
				} {
					if got, err := decode([]string{tt.coding}, source); err != nil || got != want {
						t.Errorf("%s, %d bytes, then %.10q, %s: got %d bytes of %d, %v", tt.format, len(body), tail, name,
							len(got), len(want), err)
					}
				}
			}
			for cut := 1; tt.magic != "" && cut < len(one); cut++ {
				source := strings.NewReader(body + one[:cut])
				if _, err := decode([]string{tt.coding}, source); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%s, then %d bytes of another: %v", tt.format, cut, err)
				}
			}
			if tt.magic == "" {
				continue
			}
			if _, err := decode([]string{tt.coding}, strings.NewReader(body+tt.magic+zeros)); err == nil {
				t.Errorf("%s: a second member that is broken is ignored", tt.format)
			}
		}
	}
}

// TestZstdFrames: frames of every kind of header and block are followed to their ends.
func TestZstdFrames(t *testing.T) {
	const magic = "\x28\xb5\x2f\xfd"
	skippable := "\x5a\x2a\x4d\x18\x03\x00\x00\x00abc"
	for name, body := range map[string]string{
		"a window, no check sum": magic + "\x00\x00" + "\x19\x00\x00abc",
		"single segment":         magic + "\x20\x03" + "\x19\x00\x00abc",
		"a size of 4 bytes":      magic + "\xa0\x03\x00\x00\x00" + "\x19\x00\x00abc",
		"a size of 8 bytes":      magic + "\xe0\x03\x00\x00\x00\x00\x00\x00\x00" + "\x19\x00\x00abc",
		"two raw blocks":         magic + "\x00\x00" + "\x08\x00\x00a" + "\x11\x00\x00bc",
		"skippable in front":     skippable + magic + "\x20\x03" + "\x19\x00\x00abc",
		"skippable behind":       magic + "\x20\x03" + "\x19\x00\x00abc" + skippable,
		"an empty one in front":  magic + "\x20\x00" + "\x01\x00\x00" + magic + "\x20\x03" + "\x19\x00\x00abc",
	} {
		for _, tail := range []string{"", "\x00", "abcdefgh"} {
			if got, err := decode([]string{"zstd"}, strings.NewReader(body+tail)); err != nil || got != "abc" {
				t.Errorf("%s, then %q: got %q, %v", name, tail, got, err)
			}
		}
	}
	repeated := magic + "\x20\x03" + "\x1b\x00\x00a" // an RLE block
	if got, err := decode([]string{"zstd"}, strings.NewReader(repeated+"\x00")); err != nil || got != "aaa" {
		t.Errorf("RLE: got %q, %v", got, err)
	}
	for _, none := range []string{"abcdefgh", skippable + "abcdefgh", magic} {
		if got, err := decode([]string{"zstd"}, strings.NewReader(none)); err == nil {
			t.Errorf("%q is taken for %q", none, got)
		}
	}
}

// TestReaderPassesErrorsOfSource checks that an error of the source, such as a connection that was reset, is not taken
// for an error of the coding.
func TestReaderPassesErrorsOfSource(t *testing.T) {
	reset := errors.New("connection reset")
	for format, coding := range map[string]string{
		"gzip": "gzip", "br": "br", "zstd": "zstd", "zlib": "deflate", "flate": "deflate",
	} {
		body := codingtest.Encode(t, text, format)
		for _, cut := range []int{0, 1, len(body) / 2} {
			source := io.MultiReader(strings.NewReader(body[:cut]), iotest.ErrReader(reset))
			if _, err := decode([]string{coding}, source); !errors.Is(err, reset) {
				t.Errorf("%s cut at %d: %v", format, cut, err)
			}
		}
	}
}

// TestTooManyCodings checks that more codings than the bound are a failure of kind Decode before anything is read.
func TestTooManyCodings(t *testing.T) {
	_, err := decode(slices.Repeat([]string{"gzip"}, maxCodings+1), iotest.ErrReader(errors.New("the source was read")))
	var failed *failure.Failure
	if !errors.As(err, &failed) || failed.Kind != failure.Decode {
		t.Error(err)
	}
}

// TestReaderPoolsAreClean checks that a decoder that was closed in the middle of a body, or after an error, decodes
// the next body right.
func TestReaderPoolsAreClean(t *testing.T) {
	for format, coding := range map[string]string{
		"gzip": "gzip", "br": "br", "zstd": "zstd", "zlib": "deflate", "flate": "deflate",
	} {
		body := codingtest.Encode(t, text, format)
		for range 3 {
			r, err := NewReader([]string{coding}, strings.NewReader(body), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
				t.Error(format, err)
			}
			r.Close()
			_, _ = decode([]string{coding}, strings.NewReader(body[:len(body)/2])) // its error is another test's
			if got, err := decode([]string{coding}, strings.NewReader(body)); err != nil || got != text {
				t.Errorf("%s: got %d bytes, want %d: %v", format, len(got), len(text), err)
			}
		}
	}
}

// FuzzZstdFrames checks that what a zstd decoder reads from a file it reads from its frames too.
func FuzzZstdFrames(f *testing.F) {
	for _, seed := range []string{"", "abc", codingtest.Encode(f, "abc", "zstd"), codingtest.Encode(f, text, "zstd"),
		"\x28\xb5\x2f\xfd\x20\x03\x1b\x00\x00a", "\x5a\x2a\x4d\x18\x03\x00\x00\x00abc"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		plain, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderMaxMemory(1<<20))
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		want, err := io.ReadAll(plain)
		if err != nil {
			return
		}
		if got, err := decode([]string{"zstd"}, bytes.NewReader(body)); err != nil || got != string(want) {
			t.Errorf("%q: got %d bytes, %v, want %d", body, len(got), err, len(want))
		}
	})
}
