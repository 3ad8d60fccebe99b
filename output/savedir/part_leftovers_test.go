package savedir

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// What is no part, under the name of one, is never read, followed or waited for: the body is saved all the same, and
// what is outside the directory stays as it is. A kill -9 leaves some of these.
func TestPartsMeetLeftovers(t *testing.T) {
	needsLocks(t)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, stem, outside string)
		stays []string // endings of what is left in the end
	}{
		{"bytes without a mark", func(t *testing.T, stem, _ string) {
			filetest.Write(t, stem+partEnding, "01234",
				0o644)
		}, nil},
		{"no byte", func(t *testing.T, stem, _ string) {
			filetest.Write(t, stem+partEnding, "", 0o644)
			filetest.Write(t, stem+markEnding, partMarkJSON, 0o600)
		}, nil},
		{"a mark without bytes", func(t *testing.T, stem, _ string) {
			filetest.Write(t, stem+markEnding, partMarkJSON,
				0o600)
		}, nil},
		{"more bytes than the whole", writePart("0123456789x", partMarkJSON), nil},
		{"half a mark", writePart("01234", partMarkJSON[:20]), nil},
		{"two marks", writePart("01234", partMarkJSON+partMarkJSON), nil},
		{"an empty mark", writePart("01234", ""), nil},
		{"a mark of another kind", writePart("01234", `["v1"]`), nil},
		{"a mark that says more", writePart("01234", `{"if_range":"\"v1\"","at":"https://a.test/body","more":1}`), nil},
		{"a mark of negative length", writePart("01234", `{"if_range":"\"v1\"","total":-1,"at":"https://a.test/body"}`),
			nil},
		{"a mark with a header in it",
			writePart("01234", `{"if_range":"\"v1\"\r\nHost: b","at":"https://a.test/body"}`), nil},
		{"a weak mark", writePart("01234", `{"if_range":"W/\"v1\"","at":"https://a.test/body"}`), nil},
		{"a huge mark", writePart("01234", `{"if_range":"\"v1\"","at":"`+strings.Repeat("a", 1<<20)+`"}`), nil},
		{"a mark that is a link", func(t *testing.T, stem, outside string) {
			filetest.Write(t, stem+partEnding, "01234", 0o644)
			filetest.Write(t, outside, partMarkJSON, 0o600)
			filetest.Symlink(t, outside, stem+markEnding)
		}, nil},
		{"a mark that is a link inside", func(t *testing.T, stem, _ string) {
			filetest.Write(t, stem+partEnding, "01234", 0o644)
			filetest.Write(t, stem+".other", partMarkJSON, 0o600)
			filetest.Symlink(t, filepath.Base(stem)+".other", stem+markEnding)
		}, []string{".other"}},
		{"a mark of two names", func(t *testing.T, stem, outside string) {
			filetest.Write(t, stem+partEnding, "01234", 0o644)
			filetest.Write(t, outside, partMarkJSON, 0o600)
			makeHardLink(t, outside, stem+markEnding)
		}, nil},
		{"a mark that is a folder", func(t *testing.T, stem, _ string) {
			filetest.Write(t, stem+partEnding, "01234", 0o644)
			makeFolder(t, stem+markEnding)
		}, nil},
		{"a mark that is a full folder", func(t *testing.T, stem, _ string) {
			filetest.Write(t, stem+partEnding, "01234", 0o644)
			makeFolder(t, stem+markEnding)
			filetest.Write(t, filepath.Join(stem+markEnding, "x"), "x", 0o644)
		}, []string{markEnding + "/x"}},
		{"bytes that are a link", func(t *testing.T, stem, outside string) {
			filetest.Write(t, outside, "01234", 0o644)
			filetest.Symlink(t, outside, stem+partEnding)
			filetest.Write(t, stem+markEnding, partMarkJSON, 0o600)
		}, nil},
		{"bytes that are a link to nothing", func(t *testing.T, stem, _ string) {
			filetest.Symlink(t, filepath.Base(stem)+".other", stem+partEnding)
			filetest.Write(t, stem+markEnding, partMarkJSON, 0o600)
		}, nil},
		{"bytes of two names", func(t *testing.T, stem, outside string) {
			filetest.Write(t, outside, "01234", 0o644)
			makeHardLink(t, outside, stem+partEnding)
			filetest.Write(t, stem+markEnding, partMarkJSON, 0o600)
		}, nil},
		{"bytes that are a folder", func(t *testing.T, stem, _ string) {
			makeFolder(t, stem+partEnding)
			filetest.Write(t, stem+markEnding, partMarkJSON, 0o600)
		}, nil},
		{"bytes that are a full folder", func(t *testing.T, stem, _ string) {
			makeFolder(t, stem+partEnding)
			filetest.Write(t, filepath.Join(stem+partEnding, "x"), "x", 0o644)
			filetest.Write(t, stem+markEnding, partMarkJSON, 0o600)
		}, []string{markEnding, partEnding + "/x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := t.TempDir()
			dir, outside := filepath.Join(top, "saved"), filepath.Join(top, "outside")
			makeFolder(t, dir)
			stem := partStem(t, openDir(t, dir, ""), dir, partRequest)
			c.spoil(t, stem, outside)
			before, _ := os.ReadFile(outside) // many have nothing there
			bodies := openDir(t, dir, "")
			if part := bodies.Partial(partRequest); part != nil {
				t.Fatalf("found %+v", part.Info())
			}
			kept := startBody(t, bodies, partRequest)
			writeText(t, kept, "today")
			kept.SetInfo(partMark)
			if path, err := kept.Commit(sha256.Sum256([]byte("today"))); err != nil ||
				filetest.Read(t, path) != "today" {
				t.Errorf("saved as %q, %v", path, err)
			}
			if after, _ := os.ReadFile(outside); string(after) != string(before) {
				t.Errorf("outside there is %q now", after)
			}
			want := []string{}
			for _, ending := range c.stays {
				want = append(want, filepath.ToSlash(filepath.Base(stem)+ending))
			}
			if got := listFiles(t, dir); !slices.Equal(got, append(want, "body")) {
				t.Errorf("there are %q", got)
			}
		})
	}
}

// writePart writes a part and its mark.
func writePart(text, mark string) func(*testing.T, string, string) {
	return func(t *testing.T, stem, _ string) {
		filetest.Write(t, stem+partEnding, text, 0o644)
		filetest.Write(t, stem+markEnding, mark, 0o600)
	}
}

func makeFolder(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
}

func makeHardLink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Link(target, name); err != nil {
		t.Skip("no hard links here: ", err)
	}
}

// TestPartThatIsBeingCommitted: a part has a second name for a moment, where a file can't be renamed to a name that
// none has otherwise. It is its owner's still, and no leftover that another run may remove.
func TestPartThatIsBeingCommitted(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	part := filepath.Join(dir, "part")
	filetest.Write(t, part, "the body", 0o600)
	must(t, os.Link(part, filepath.Join(dir, "body")))
	owner, err := os.Open(part)
	must(t, err)
	must(t, file.Lock(owner))
	if taken, err := bodies.takePart("part"); !errors.Is(err, file.ErrBusy) {
		t.Errorf("another takes %v, %v", taken, err)
	}
	if got := filetest.Read(t, part); got != "the body" {
		t.Errorf("it has %q", got)
	}
	must(t, owner.Close())
	taken, err := bodies.takePart("part") // of a kill between the two names
	must(t, err)
	info, err := taken.Stat()
	if err != nil || info.Size() > 0 || filetest.Read(t, filepath.Join(dir, "body")) != "the body" {
		t.Errorf("the next run takes %v, %v", info, err)
	}
	must(t, taken.Close())
}
