package coding

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
)

// text is the decoded body of these tests: long enough that a cut falls into the middle of its coded forms.
var text = strings.Repeat("All happy families are alike; each unhappy family is unhappy in its own way.\n", 500)

// decode returns what a Reader makes of source under codings.
func decode(codings []string, source io.Reader) (string, error) {
	r, err := NewReader(codings, source)
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
	}{
		{"no header", nil, nil},
		{"one", []string{"gzip"}, []string{"gzip"}},
		{"in lower case", []string{"GZip"}, []string{"gzip"}},
		{"in the order applied", []string{"gzip, br"}, []string{"gzip", "br"}},
		{"over several lines", []string{"gzip", "br , zstd"}, []string{"gzip", "br", "zstd"}},
		{"without identity", []string{"identity, gzip, Identity"}, []string{"gzip"}},
		{"identity alone", []string{"identity"}, nil},
		{"empty elements", []string{"", " ,\tgzip,, "}, []string{"gzip"}},
		{"one that is unknown", []string{"lzma"}, []string{"lzma"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for _, line := range tt.lines {
				h.Add("Content-Encoding", line)
			}
			if got := Of(h); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
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

// TestReaderRefuses checks which codings are failures of kind Decode before anything is read.
func TestReaderRefuses(t *testing.T) {
	for name, codings := range map[string][]string{
		"an unknown coding":           {"lzma"},
		"an unknown one below gzip":   {"lzma", "gzip"},
		"more codings than the bound": slices.Repeat([]string{"gzip"}, maxCodings+1),
	} {
		_, err := decode(codings, iotest.ErrReader(errors.New("the source was read")))
		var failed *failure.Failure
		if !errors.As(err, &failed) || failed.Kind != failure.Decode {
			t.Errorf("%s: %v", name, err)
		}
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
			r, err := NewReader([]string{coding}, strings.NewReader(body))
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
