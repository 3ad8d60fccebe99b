package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// packed is what the tests make of an output of a, b and c.
const packed = "<a\nb\nc\n>"

func pack(to io.Writer, from io.Reader) error {
	text, err := io.ReadAll(from)
	if err == nil {
		_, err = fmt.Fprintf(to, "<%s", text)
	}
	if err == nil {
		_, err = io.WriteString(to, ">")
	}
	return err
}

// newRepackRun returns an output of a, b and c.
func newRepackRun(t *testing.T) (name string, j *Output) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "out")
	j = openJournal(t, name)
	for _, url := range []string{"a", "b", "c"} {
		runRequest(t, j, url)
	}
	return name, j
}

// A moment is what the disk has at a moment of Repack, and what has to be the output then.
type moment struct {
	name, want string
	files      map[string]string // by suffix of the output's name
}

func readFiles(t *testing.T, name string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, suffix := range []string{"", ".journal", replacementSuffix} {
		if text, err := os.ReadFile(name + suffix); err == nil {
			files[suffix] = string(text)
		}
	}
	return files
}

// repackMoments returns every moment of a Repack at which a process may end.
func repackMoments(t *testing.T) (moments []moment) {
	t.Helper()
	const before = "a\nb\nc\n"
	is := before
	name, j := newRepackRun(t)
	add := func(what, want string) { moments = append(moments, moment{what, want, readFiles(t, name)}) }
	j.syncFile = func(f *os.File) error {
		add("sync of "+filepath.Base(f.Name()), is)
		return f.Sync()
	}
	err := j.Repack(func(to io.Writer, from io.Reader) error {
		add("begin", before)
		if _, err := io.WriteString(to, "<"); err != nil {
			return err
		}
		add("half a file", before)
		text, err := io.ReadAll(from)
		_, writeErr := fmt.Fprintf(to, "%s>", text)
		return errors.Join(err, writeErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	framed := moments[len(moments)-1]
	renamed := map[string]string{"": framed.files[replacementSuffix], ".journal": framed.files[".journal"]}
	is = packed
	add("before the mark", packed)
	closeJournal(t, j)
	add("after the mark", packed)
	moments = append(moments, moment{"renamed", packed, renamed})
	for cut := 1; cut < frameHead+repackSize+frameTail; cut++ {
		journal := framed.files[".journal"]
		moments = append(moments, moment{fmt.Sprintf("%d bytes of the frame missing", cut), before, map[string]string{
			"": framed.files[""], ".journal": journal[:len(journal)-cut],
			replacementSuffix: framed.files[replacementSuffix],
		}})
	}
	return moments
}

// TestRepackKilled: whenever a process ends within Repack, or the power is cut, the next one finds all that was done,
// in the old output or in the new one, goes on behind it, and can repack it.
func TestRepackKilled(t *testing.T) {
	moments := repackMoments(t)
	if len(moments) < 8 {
		t.Fatalf("only %d moments", len(moments))
	}
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			journal := []byte(m.files[".journal"])
			h, err := readJournalState(bytes.NewReader(journal), header{size: int64(headerSize)}, int64(len(journal)))
			if err != nil {
				t.Fatal(err)
			}
			out := m.files[""]
			good, err := h.findGood(bytes.NewReader([]byte(out)), int64(len(out)), file.HashBoot("after a power cut"))
			if err != nil || good.outputLength != int64(len(m.want)) {
				t.Errorf("after a power cut %v is good: %v", good, err)
			}

			name := filepath.Join(t.TempDir(), "out")
			for suffix, text := range m.files {
				if err := os.WriteFile(name+suffix, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			j := openJournal(t, name)
			if j.DoneBefore() != 3 || filetest.Read(t, name) != m.want {
				t.Fatalf("%d done, the output is %q", j.DoneBefore(), filetest.Read(t, name))
			}
			if _, err := os.Stat(name + replacementSuffix); err == nil {
				t.Error("the other file is left")
			}
			for _, url := range []string{"a", "b", "c", "d"} {
				if runRequest(t, j, url) != (url != "d") {
					t.Errorf("done before is wrong for %s", url)
				}
			}
			crash(j)
			j = openJournal(t, name)
			if j.DoneBefore() != 4 || filetest.Read(t, name) != m.want+"d\n" {
				t.Fatalf("%d done, the output is %q", j.DoneBefore(), filetest.Read(t, name))
			}
			if err := j.Repack(pack); err != nil {
				t.Fatal(err)
			}
			closeJournal(t, j)
			if want := "<" + m.want + "d\n>"; filetest.Read(t, name) != want {
				t.Errorf("the output is %q", filetest.Read(t, name))
			}
		})
	}
}

// TestRepackFails: after an error the output, its journal and the folder are as before, and go on.
func TestRepackFails(t *testing.T) {
	broken := errors.New("the disk is full")
	for name, spoil := range map[string]func(name string, j *Output) func(io.Writer, io.Reader) error{
		"packing": func(string, *Output) func(io.Writer, io.Reader) error {
			return func(to io.Writer, _ io.Reader) error {
				_, _ = io.WriteString(to, "half")
				return broken
			}
		},
		"sync of the new file": func(_ string, j *Output) func(io.Writer, io.Reader) error {
			return func(to io.Writer, from io.Reader) error {
				j.syncFile = func(*os.File) error { j.syncFile = (*os.File).Sync; return broken }
				return pack(to, from)
			}
		},
		"sync of the journal": func(name string, j *Output) func(io.Writer, io.Reader) error {
			return func(to io.Writer, from io.Reader) error {
				j.syncFile = func(f *os.File) error {
					if f.Name() == name+".journal" {
						j.syncFile = (*os.File).Sync
						return broken
					}
					return f.Sync()
				}
				return pack(to, from)
			}
		},
		"rename": func(name string, j *Output) func(io.Writer, io.Reader) error {
			return func(to io.Writer, from io.Reader) error {
				j.syncFile = func(f *os.File) error {
					if f.Name() == name+".journal" {
						j.syncFile = (*os.File).Sync
						return errors.Join(os.Remove(name+replacementSuffix), f.Sync())
					}
					return f.Sync()
				}
				return pack(to, from)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, j := newRepackRun(t)
			if err := j.syncCommitted(); err != nil {
				t.Fatal(err)
			}
			before := fmt.Sprint(readFiles(t, out))
			if err := j.Repack(spoil(out, j)); err == nil {
				t.Error("no error")
			}
			if after := fmt.Sprint(readFiles(t, out)); after != before {
				t.Errorf("%q before, %q after", before, after)
			}
			closeJournal(t, j)
			j = openJournal(t, out)
			if j.DoneBefore() != 3 {
				t.Errorf("%d done", j.DoneBefore())
			}
			if err := j.Repack(pack); err != nil || filetest.Read(t, out) != packed {
				t.Errorf("%v, %q", err, filetest.Read(t, out))
			}
			closeJournal(t, j)
		})
	}
}

// TestRepackOnce: an output to which nothing was added since is left alone, as is one with another name.
func TestRepackOnce(t *testing.T) {
	out, j := newRepackRun(t)
	for range 2 {
		if err := j.Repack(pack); err != nil || filetest.Read(t, out) != packed {
			t.Errorf("%v, %q", err, filetest.Read(t, out))
		}
		closeJournal(t, j)
		j = openJournal(t, out)
	}
	closeJournal(t, j)

	out, j = newRepackRun(t)
	err := os.Link(out, out+"-2")
	if info, statErr := os.Stat(out); err != nil || statErr != nil || file.IsOwned(info) {
		t.Skip("no other names here: ", err, statErr)
	}
	if err := j.Repack(pack); err != nil || filetest.Read(t, out) != "a\nb\nc\n" {
		t.Errorf("%v, %q", err, filetest.Read(t, out))
	}
	closeJournal(t, j)
}

// TestRepackBesideOthers: runs that begin with the same output while it is repacked don't get it, and disturb nothing.
func TestRepackBesideOthers(t *testing.T) {
	if !file.CanLock {
		t.Skip("no locks here")
	}
	for range 5 {
		name, j := newRepackRun(t)
		ended := make(chan struct{})
		var others sync.WaitGroup
		for range 4 {
			others.Go(func() {
				for {
					select {
					case <-ended:
						return
					default:
					}
					if f, err := file.Create(name, LockExisting); !errors.Is(err, file.ErrBusy) {
						t.Errorf("another has %v, %v", f, err)
						return
					}
				}
			})
		}
		err := j.Repack(pack)
		close(ended)
		others.Wait()
		if err = errors.Join(err, j.Close()); err != nil || filetest.Read(t, name) != packed {
			t.Errorf("it has %q, %v", filetest.Read(t, name), err)
		}
	}
}
