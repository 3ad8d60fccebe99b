package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"batchfetch/fetch/spool/spooltest"
)

// newSpool makes a File that holds text.
func newSpool(t *testing.T, text string) *File {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.WriteString(s, text); n != len(text) || err != nil {
		t.Fatal(n, err)
	}
	return s
}

// textOf returns all bytes of a File, after it has read them by Reader and by WriteTo.
func textOf(t *testing.T, s *File) string {
	t.Helper()
	read, err := io.ReadAll(s.Reader())
	var written bytes.Buffer
	n, err2 := s.WriteTo(&written)
	if err = errors.Join(err, err2); err != nil || written.String() != string(read) ||
		n != s.Size() || int64(len(read)) != n {
		t.Fatalf("reads %d bytes, writes %d of %d, %v", len(read), n, s.Size(), err)
	}
	return string(read)
}

// TestSpool checks that what is written can be read several times, and that the file has no name on systems that allow
// it.
func TestSpool(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	s := newSpool(t, "hello ")
	if left, err := os.ReadDir(os.TempDir()); runtime.GOOS != "windows" && (err != nil || len(left) > 0) {
		t.Errorf("the file has a name: %v, %v", left, err)
	}
	_ = textOf(t, s)
	if n, err := s.ReadFrom(strings.NewReader("world")); n != 5 || err != nil {
		t.Error(n, err)
	}
	other := newSpool(t, "ahead ")
	if n, err := s.Section(6, 3).WriteTo(other); n != 3 || err != nil || textOf(t, other) != "ahead wor" {
		t.Errorf("%d bytes, %v, %q", n, err, textOf(t, other))
	}
	part := s.Section(6, 5)
	if textOf(t, part) != "world" || textOf(t, part.Section(1, 3)) != "orl" || textOf(t, s) != "hello world" {
		t.Errorf("%q of %q", textOf(t, part), textOf(t, s))
	}
	if err := s.Truncate(5); err != nil || textOf(t, s) != "hello" {
		t.Error(err, textOf(t, s))
	}
	if info, err := s.file.Stat(); err != nil || info.Size() != 5 {
		t.Error("the file still has the truncated bytes")
	}
	if _, err := io.WriteString(s, "!"); err != nil || textOf(t, s) != "hello!" {
		t.Error(err, textOf(t, s))
	}
	if err := errors.Join(part.Close(), other.Close()); err != nil || textOf(t, s) != "hello!" {
		t.Error("a part closes the whole:", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSpoolErrors checks that every error names the directory and the reason.
func TestSpoolErrors(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	dir := os.TempDir()
	s := newSpool(t, "cut short by someone")
	if err := s.file.Truncate(3); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteTo(io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file cut short: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, wrote := s.Write([]byte("y"))
	_, took := s.ReadFrom(strings.NewReader("y"))
	_, gave := s.WriteTo(io.Discard)
	_, read := s.Reader().Read(make([]byte, 1))
	for name, err := range map[string]error{
		"write": wrote, "read from": took, "write to": gave, "read": read,
		"truncate": s.Truncate(0), "close": s.Close(),
	} {
		var failed *Error
		if !errors.As(err, &failed) || failed.Dir != dir || !errors.Is(err, os.ErrClosed) ||
			strings.Contains(err.Error(), "batchfetch-") {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "missing"))
	_, err := New()
	if err == nil || err.Error() != "a temporary file in "+filepath.Join(dir, "missing")+": no such file or directory" {
		t.Errorf("got %v", err)
	}
}
