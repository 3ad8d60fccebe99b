package coding

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"os"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
)

// dictionaryOf returns the Dictionary with that content.
func dictionaryOf(content string) *Dictionary {
	return &Dictionary{sha256.Sum256([]byte(content)), []byte(content)}
}

// decodeWith returns what a Reader makes of a dcz body where a dictionary was offered.
func decodeWith(dictionary *Dictionary, body string) (string, error) {
	r, err := NewReader([]string{DCZ}, strings.NewReader(body), dictionary, nil)
	if err != nil {
		return "", err
	}
	defer r.Close()
	decoded, err := io.ReadAll(r)
	return string(decoded), err
}

// noise returns n bytes that can't be compressed.
func noise(n int) string {
	text := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(text) // never fails
	return string(text)
}

func TestOfWithDictionary(t *testing.T) {
	h := map[string][]string{"Content-Encoding": {"dcz"}}
	if known, kept := Of(h, nil); known != nil || kept != "dcz" {
		t.Errorf("without a dictionary: got %q and %q", known, kept)
	}
	if known, kept := Of(h, dictionaryOf("x")); !slices.Equal(known, []string{"dcz"}) || kept != "" {
		t.Errorf("with one: got %q and %q", known, kept)
	}
}

// TestReaderOfDelta: a body of the size of its dictionary, with little changed, is decoded from few bytes, for
// dictionaries from small to larger than any window.
func TestReaderOfDelta(t *testing.T) {
	for name, size := range map[string]int{"10 KB": 10 << 10, "200 KB": 200 << 10, "12 MB": 12 << 20} {
		t.Run(name, func(t *testing.T) {
			before := noise(size)
			after := before[:size/2] + "changed" + before[size/2+100:]
			coded := codingtest.EncodeWithDictionary(t, after, before)
			if size < 1<<20 && len(coded) > 1000 {
				t.Errorf("%d bytes for a change of 7", len(coded))
			}
			if got, err := decodeWith(dictionaryOf(before), coded); err != nil || got != after {
				t.Errorf("got %d bytes of %d: %v", len(got), len(after), err)
			}
		})
	}
}

// TestReaderOfPatch decodes what zstd(1) makes by --patch-from, whose windows are as large as the file.
func TestReaderOfPatch(t *testing.T) {
	if _, err := exec.LookPath("zstd"); err != nil {
		t.Skip("zstd is not installed")
	}
	before := noise(9 << 20)
	after := before[:100] + "changed" + before[100:]
	dir := t.TempDir()
	old, now := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	if err := errors.Join(os.WriteFile(old, []byte(before), 0o600), os.WriteFile(now, []byte(after), 0o600)); err != nil {
		t.Fatal(err)
	}
	var patch bytes.Buffer
	cmd := exec.Command("zstd", "-q", "-c", "--patch-from="+old, now)
	cmd.Stdout = &patch
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if patch.Len() > 10<<10 {
		t.Errorf("the patch has %d bytes", patch.Len())
	}
	d := dictionaryOf(before)
	if got, err := decodeWith(d, dczMagic+string(d.SHA256[:])+patch.String()); err != nil || got != after {
		t.Errorf("got %d bytes of %d: %v", len(got), len(after), err)
	}
}

// TestReaderOfBrokenDelta: a dictionary that is not the one offered, another header, a cut at any byte.
func TestReaderOfBrokenDelta(t *testing.T) {
	before := noise(1000)
	d := dictionaryOf(before)
	coded := codingtest.EncodeWithDictionary(t, before[:900]+"changed", before)
	for name, body := range map[string]string{
		"another dictionary": codingtest.EncodeWithDictionary(t, text, "another"),
		"zstd":               codingtest.Encode(t, text, "zstd") + strings.Repeat("x", 100),
		"another magic":      "\x5f" + coded[1:],
	} {
		var failed *failure.Failure
		if _, err := decodeWith(d, body); !errors.As(err, &failed) || failed.Kind != failure.Decode {
			t.Errorf("%s: %v", name, err)
		}
	}
	for cut := 1; cut < len(coded); cut++ {
		if _, err := decodeWith(d, coded[:cut]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d of %d: %v", cut, len(coded), err)
		}
	}
	if got, err := decodeWith(d, ""); got != "" || err != nil {
		t.Errorf("no bytes: %q, %v", got, err)
	}
}
