package savedir

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// A mark reads back as it was written; one that is too large is not written.
func TestMarkOnDisk(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	if err := bodies.writeMark("mark", partMark, bootSynced); err != nil ||
		filetest.Read(t, filepath.Join(dir, "mark")) != partMarkJSON {
		t.Errorf("wrote %s, %v", filetest.Read(t, filepath.Join(dir, "mark")), err)
	}
	if m, err := bodies.readMark("mark"); err != nil || m != partMark {
		t.Errorf("read %+v, %v", m, err)
	}
	if err := bodies.writeMark("mark", partMark, bootSynced); err == nil {
		t.Error("a mark was written over")
	}
	if err := bodies.writeMark("long", fetch.PartialInfo{Validator: `"v1"`,
		URL: "https://a.test/" + strings.Repeat("a", maxMarkSize)}, bootSynced); err == nil {
		t.Error("an over-long mark was written")
	}
	if got := listFiles(t, dir); !slices.Equal(got, []string{"mark"}) {
		t.Errorf("there are %q", got)
	}
}

// Whatever is read as a usable mark can be sent in a header, and reads back from what is written of it.
func FuzzParseMark(f *testing.F) {
	for _, seed := range []string{partMarkJSON, "", "{}", "null",
		`{"if_range":"Fri, 02 Jan 2026 11:59:59 GMT","at":"http://a.test/"}`,
		`{"if_range":"\"\u000d\u000a\"","at":"x"}`, `{"total":1e3,"at":"x"}`, partMarkJSON + " {}",
		`{"IF_RANGE":"\"a\"","at":"x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseMark(text, file.HashBoot("here"))
		if err != nil || !m.Usable(1) {
			return
		}
		if m.Total < 0 || strings.ContainsFunc(m.Validator, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q became %+v", text, m)
		}
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = root.Close() }() // only read
		b := &tree{root: root}
		if err := b.writeMark("m", m, bootSynced); err != nil {
			return // too long by its escapes
		}
		if again, err := b.readMark("m"); err != nil || again != m {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}
