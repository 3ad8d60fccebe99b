package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// writeJournal writes an output and its journal: three requests, one of them with pages that others follow, and end.
func writeJournal(t *testing.T, out string, end func(*Output)) {
	t.Helper()
	j := openJournal(t, out)
	for _, url := range []string{"a", "b"} {
		runRequest(t, j, url)
	}
	if err := j.syncCommitted(); err != nil {
		t.Fatal(err)
	}
	r := fetch.Request{URL: "c"}
	j.Done(&r)
	_, err := j.Write([]byte("c\n"))
	if err == nil {
		err = j.commit([]entry{{tag: r.Tag, next: &fetch.Page{Number: 2, URL: "https://c.test/?page=2"}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	end(j)
}

// TestEveryBitIsGuarded: whichever bit of a journal is damaged, the salt's too, it is refused and nothing is changed,
// after a run that ended and after a kill.
func TestEveryBitIsGuarded(t *testing.T) {
	if !file.CurrentBoot().IsKnown() {
		t.Skip("without the ID of a boot, damage may be the trace of a power cut")
	}
	for name, end := range map[string]func(*Output){"killed": crash, "closed": func(j *Output) { closeJournal(t, j) }} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			writeJournal(t, out, end)
			whole, lines := filetest.Read(t, out+".journal"), filetest.Read(t, out)
			for bit := range 8 * len(whole) {
				damaged := []byte(whole)
				damaged[bit/8] ^= 1 << (bit % 8)
				if err := findGoodOf(damaged, lines); err == nil {
					t.Errorf("bit %d of byte %d of %d is taken for good", bit%8, bit/8, len(whole))
				}
				if bit/8%8 != bit%8 {
					continue
				}
				if err := os.WriteFile(out+".journal", damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				_, err := Open(out, Settings{AppendRequest: appendURL})
				var refused *ResumeError
				if !errors.As(err, &refused) || refused.Hint == "" {
					t.Errorf("bit %d of byte %d of %d: %v", bit%8, bit/8, len(whole), err)
				}
				if filetest.Read(t, out+".journal") != string(damaged) || filetest.Read(t, out) != lines {
					t.Fatalf("bit %d of byte %d: the files have changed", bit%8, bit/8)
				}
			}
		})
	}
}

// findGoodOf is findGood of a journal and its output, with the header.
func findGoodOf(journal []byte, out string) error {
	head, err := parseHeader(journal[:headerSize], int64(len(journal)))
	if err != nil {
		return err
	}
	h, err := readJournalState(bytes.NewReader(journal), head, int64(len(journal)))
	if err == nil {
		_, err = h.findGood(strings.NewReader(out), int64(len(out)), file.CurrentBoot())
	}
	return err
}

// TestDamageAfterAPowerCut: where a power cut may explain the damage, what is taken for done is still in the output.
func TestDamageAfterAPowerCut(t *testing.T) {
	before, here := file.HashBoot("before"), file.HashBoot("here")
	whole := newTornRun(before, false).journal
	for bit := 8 * headerSize; bit < 8*len(whole); bit++ {
		s := newTornRun(before, false)
		s.journal[bit/8] ^= 1 << (bit % 8)
		to, dones, err := s.findGood(here)
		if err != nil && !errors.Is(err, errDamaged) || err == nil && (to.outputLength != 10*dones || dones < 1) {
			t.Errorf("bit %d of byte %d: good to %v with %d done: %v", bit%8, bit/8, to, dones, err)
		}
	}
}

// TestFirstFrameIsGuarded: where the frame that tells the boot is damaged, and no mark follows, it is no power cut.
func TestFirstFrameIsGuarded(t *testing.T) {
	here := file.HashBoot("here")
	for _, tt := range []struct {
		name  string
		spoil func(s *tornRun)
		err   error
	}{
		{"damaged", func(s *tornRun) { s.journal[headerSize+frameHead] ^= 1 }, errDamaged},
		{"never written", func(s *tornRun) { clear(s.journal[headerSize:]) }, nil},
		{"torn", func(s *tornRun) { s.journal = s.journal[:headerSize+9] }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTornRun(here, false)
			s.journal = s.journal[:s.commitEnds[0]] // as far as before the first sync
			tt.spoil(&s)
			if to, dones, err := s.findGood(here); !errors.Is(err, tt.err) || to.outputLength != 0 || dones != 0 {
				t.Errorf("good to %v with %d done: %v", to, dones, err)
			}
		})
	}
}

// TestResumeEarlierVersion: a journal whose header has no check sum, as version 0.1.0 wrote it, is continued.
func TestResumeEarlierVersion(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	filetest.Write(t, out, "", 0o600)
	filetest.Write(t, out+".journal", "batchfetch journal 1\n0123456789abcdef", 0o600)
	for done, end := range []func(*Output){crash, func(j *Output) { closeJournal(t, j) }, crash} {
		j := openJournal(t, out)
		for n, url := range []string{"a", "b", "c"} {
			if wasDone := runRequest(t, j, url); wasDone != (n < done) {
				t.Errorf("run %d: %s was done: %v", done, url, wasDone)
			}
			if n == done {
				break
			}
		}
		end(j)
	}
	if got := filetest.Read(t, out); got != "a\nb\nc\n" {
		t.Errorf("the output is %q", got)
	}
	if got := filetest.Read(t, out+".journal")[:37]; got != "batchfetch journal 1\n0123456789abcdef" {
		t.Errorf("the header has become %q", got)
	}
}
