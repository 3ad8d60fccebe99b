package file

import (
	"os"
	"path/filepath"
	"testing"

	"batchfetch/output/file/filetest"
)

// Two names are one file however they are spelled, whether it exists or not.
func TestSameFile(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"dir", "other"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	filetest.Write(t, "there", "1", 0o644)
	filetest.Write(t, "equal", "1", 0o644)
	filetest.Write(t, "dir/there", "1", 0o644)
	for name, target := range map[string]string{
		"link": "there", "dir/up": "../there", "dangling": "dir/new", "chain": "dangling", "folder": "dir",
		"absolute": filepath.Join(here, "new"),
	} {
		if err := os.Symlink(target, name); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	if err := os.Link("there", "second"); err != nil {
		t.Skip("no hard links here: ", err)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"there", "there", true},
		{"there", "./there", true},
		{"there", "dir/../there", true},
		{"there", filepath.Join(here, "there"), true},
		{"there", "link", true},
		{"there", "dir/up", true},
		{"link", "dir/up", true},
		{"there", "second", true},
		{"link", "second", true},
		{"dir/there", "folder/there", true},
		{"there", "equal", false},
		{"there", "dir/there", false},

		{"new", "new", true},
		{"new", "./new", true},
		{"new", ".//new", true},
		{"new", "dir/../new", true},
		{"new", filepath.Join(here, "new"), true},
		{"new", "absolute", true},
		{"dir/new", "folder/new", true},
		{"dir/new", "dangling", true},
		{"folder/new", "chain", true},
		{"dangling", "chain", true},
		{"new", "new2", false},
		{"new", "dir/new", false},
		{"dir/new", "other/new", false},
		{"new.part", "new", false},

		{"there", "new", false},
		{"there", "dangling", false},
		{"missing/new", "./missing/new", true},
		{"missing/new", "missing/other", false},
		{os.DevNull, os.DevNull, false}, // takes any number of outputs
	} {
		if got := SameFile(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := SameFile(c.b, c.a); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

// A circle of symbolic links ends, and is no file.
func TestSameFileOfCircles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, target := range map[string]string{"a": "b", "b": "a"} {
		if err := os.Symlink(target, name); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	if SameFile("a", "c") {
		t.Error("a circle is another file")
	}
}

// Discard removes a part to which nothing was written, and no other.
func TestDiscard(t *testing.T) {
	t.Chdir(t.TempDir())
	filetest.Write(t, "out", "yesterday", 0o644)
	f, err := Create("out", nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Discard()
	if got := filetest.Names(t, "."); len(got) != 1 || filetest.Read(t, "out") != "yesterday" {
		t.Errorf("the directory holds %q", got)
	}
	if err := f.Commit(); err != nil || filetest.Read(t, "out") != "yesterday" {
		t.Errorf("after a commit past the end: %q, %v", filetest.Read(t, "out"), err)
	}

	written := createWith(t, "out", "today")
	written.Discard()
	if got := filetest.Read(t, "out.part"); got != "today" {
		t.Errorf("what was written is %q", got)
	}
	again, err := Create("out", nil)
	if err != nil {
		t.Fatal("it is still locked: ", err)
	}
	again.Discard()
}

// TestIsStream: devices and the streams of the process are told by their names; files of a file system in memory are
// none.
func TestIsStream(t *testing.T) {
	for name, want := range map[string]bool{
		"/dev/stdout": true, "/dev/fd/3": true, "/dev/null": true, "/proc/self/fd/1": true,
		"/dev/shm/out.jsonl": false, "/dev/shm/run/out.jsonl": false, "out.jsonl": false, "/tmp/dev/stdout": false,
	} {
		if got := IsStream(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
