package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// openJournal opens an output whose requests are equal where their URLs are.
func openJournal(t *testing.T, name string) *Output {
	t.Helper()
	j, err := Open(name, Settings{AppendRequest: appendURL})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// appendURL is a Settings.AppendRequest.
func appendURL(text []byte, r *fetch.Request) []byte { return append(text, r.URL...) }

// runRequest reports whether a request was done before, and writes and commits its line otherwise.
func runRequest(t *testing.T, j *Output, url string) bool {
	t.Helper()
	r := fetch.Request{URL: url}
	if j.Done(&r) {
		return true
	}
	if _, err := fmt.Fprintln(j, url); err != nil {
		t.Fatal(err)
	}
	if err := j.commit([]entry{{tag: r.Tag}}); err != nil {
		t.Fatal(err)
	}
	return false
}

// crash closes the files as a kill of the process does.
func crash(j *Output) { j.closeFiles() }

func closeJournal(t *testing.T, j *Output) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestResume: what is committed is done, whether the run before ended or was killed; what is only written is truncated.
// Equal requests are told apart by their order.
func TestResume(t *testing.T) {
	for name, end := range map[string]func(*Output){"killed": crash, "closed": func(j *Output) { closeJournal(t, j) }} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			j := openJournal(t, out)
			for _, url := range []string{"a", "b", "a"} {
				if runRequest(t, j, url) {
					t.Errorf("%s was done before it was asked", url)
				}
			}
			if _, err := j.Write([]byte("never committed")); err != nil {
				t.Fatal(err)
			}
			end(j)

			j = openJournal(t, out)
			if j.DoneBefore() != 3 || filetest.Read(t, out) != "a\nb\na\n" {
				t.Fatalf("%d done before, the output is %q", j.DoneBefore(), filetest.Read(t, out))
			}
			for _, step := range []struct {
				url  string
				done bool
			}{{"a", true}, {"c", false}, {"a", true}, {"a", false}, {"b", true}, {"b", false}} {
				if done := runRequest(t, j, step.url); done != step.done {
					t.Errorf("%s is done: %v, want %v", step.url, done, step.done)
				}
			}
			closeJournal(t, j)
			if got := filetest.Read(t, out); got != "a\nb\na\nc\na\nb\n" {
				t.Errorf("the output is %q", got)
			}
		})
	}
}

// TestResumeSecondOfEquals: where only the second of two equal requests succeeded, the first is asked again.
func TestResumeSecondOfEquals(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	first, second := fetch.Request{URL: "a"}, fetch.Request{URL: "a"}
	j.Done(&first)
	j.Done(&second)
	if err := j.commit([]entry{{tag: second.Tag}}); err != nil {
		t.Fatal(err)
	}
	closeJournal(t, j)
	j = openJournal(t, out)
	defer closeJournal(t, j)
	if j.Done(&first) || !j.Done(&second) {
		t.Error("the first is done, or the second is not")
	}
}

// TestResumeLeavesAlone: a run that has nothing to do changes nothing.
func TestResumeLeavesAlone(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "a")
	closeJournal(t, j)
	before := filetest.Read(t, out) + filetest.Read(t, out+".journal")
	j = openJournal(t, out)
	if !runRequest(t, j, "a") {
		t.Error("a is not done")
	}
	closeJournal(t, j)
	if after := filetest.Read(t, out) + filetest.Read(t, out+".journal"); after != before {
		t.Errorf("the files have changed from %q to %q", before, after)
	}
}

// TestResumeRefuses: files that do not belong together are refused with a hint, and left unchanged.
func TestResumeRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		spoil   func(t *testing.T, out string)
		problem string
	}{
		{"no journal", func(t *testing.T, out string) { removeFile(t, out+".journal") }, "without a journal"},
		{"no output", func(t *testing.T, out string) { removeFile(t, out) }, "missing or empty"},
		{"short output", func(t *testing.T, out string) { truncateFile(t, out, 5) }, "has 5 bytes, fewer"},
		{"another output", func(t *testing.T, out string) {
			filetest.Write(t, out, "something else, and longer\n",
				0o644)
		}, "content has changed"},
		{"a stranger's journal", func(t *testing.T, out string) {
			filetest.Write(t, out+".journal", "dear diary\n",
				0o644)
		}, "is not a journal of batchfetch"},
		{"a later version", func(t *testing.T, out string) {
			filetest.Write(t, out+".journal", "batchfetch journal 3\n",
				0o644)
		}, "another version"},
		{"a damaged journal", func(t *testing.T, out string) {
			flipByte(t, out+".journal",
				headerSize+runSize+frameHead+frameTail+20)
		}, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			j := openJournal(t, out)
			runRequest(t, j, "first")
			runRequest(t, j, "second")
			closeJournal(t, j)
			c.spoil(t, out)
			before := fmt.Sprint(readOrEmpty(out), readOrEmpty(out+".journal"))
			_, err := Open(out, Settings{AppendRequest: appendURL})
			var refused *ResumeError
			if !errors.As(err, &refused) || !strings.Contains(refused.Problem, c.problem) || refused.Hint == "" {
				t.Errorf("got %v, want %q and a hint", err, c.problem)
			}
			if after := fmt.Sprint(readOrEmpty(out), readOrEmpty(out+".journal")); after != before {
				t.Errorf("the files have changed from %q to %q", before, after)
			}
		})
	}
	_, err := Open(t.TempDir(), Settings{AppendRequest: appendURL})
	var refused *ResumeError
	if !errors.As(err, &refused) {
		t.Errorf("a directory: %v", err)
	}
}

func removeFile(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func truncateFile(t *testing.T, name string, size int64) {
	t.Helper()
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
}

// flipByte flips bits of the byte at an offset.
func flipByte(t *testing.T, name string, at int) {
	t.Helper()
	text := []byte(filetest.Read(t, name))
	text[at] ^= 0x55
	filetest.Write(t, name, string(text), 0o644)
}

// readOrEmpty returns the content of a file, or nothing where it is missing.
func readOrEmpty(name string) string {
	text, _ := os.ReadFile(name)
	return string(text)
}

// TestResumeBusy: a second run on the same output is refused, with --resume or without.
func TestResumeBusy(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	if _, err := Open(out, Settings{AppendRequest: appendURL}); !errors.Is(err, file.ErrBusy) {
		t.Errorf("a second run with --resume: %v", err)
	}
	if _, err := file.Create(out, LockExisting); !errors.Is(err, file.ErrBusy) {
		t.Errorf("a run without --resume meanwhile: %v", err)
	}
	if _, err := os.Stat(out + ".part"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it left something behind: %v", err)
	}
	closeJournal(t, j)

	f, err := file.Create(out, LockExisting)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(out, Settings{AppendRequest: appendURL}); !errors.Is(err, file.ErrBusy) {
		t.Errorf("a run with --resume meanwhile: %v", err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := filetest.Names(t, filepath.Dir(out)); len(got) != 1 || got[0] != "out" {
		t.Errorf("an output begun anew stands beside %v: its journal was not about it", got)
	}
}

// TestResumeThroughLink: a symbolic link and its target have one journal, and one lock.
func TestResumeThroughLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("out", link); err != nil {
		t.Skip(err)
	}
	j := openJournal(t, link)
	defer closeJournal(t, j)
	if _, err := Open(filepath.Join(dir, "out"), Settings{AppendRequest: appendURL}); !errors.Is(err, file.ErrBusy) {
		t.Errorf("the same output by its own name: %v", err)
	}
}

// TestResumeVanished: Close fails where the output has lost its name.
func TestResumeVanished(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "a")
	removeFile(t, out)
	if err := j.Close(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("closing says %v", err)
	}
}

// TestDoneAfterClose: a Source that was blocked in a read may call Done after Close.
func TestDoneAfterClose(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "a")
	closeJournal(t, j)
	if j.Done(&fetch.Request{URL: "a"}) {
		t.Error("a is done in a journal that is closed")
	}
}

// TestJournalHoldsNoText: a journal holds neither a URL nor a secret.
func TestJournalHoldsNoText(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "https://user:hunter2@example.com/a")
	closeJournal(t, j)
	if text := filetest.Read(t, out+".journal"); strings.Contains(text, "hunter2") ||
		strings.Contains(text, "example") {
		t.Errorf("the journal holds %q", text)
	}
}
