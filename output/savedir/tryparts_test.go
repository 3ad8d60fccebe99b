package savedir

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

// TestNoPartsWhereNoneCanBeKept: where a closed file can't be written on, as in a mount of rclone 1.60 without
// --vfs-cache-mode, bodies are written without parts: each body large enough for one was lost there, with "the file or
// its folder has been moved or replaced meanwhile".
func TestNoPartsWhereNoneCanBeKept(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	if !bodies.keepsParts() {
		t.Fatal("no part can be kept here")
	}
	suspendBody(t, bodies, partRequest, "01234")
	bodies.losesParts = true
	if bodies.Partial(partRequest) != nil {
		t.Error("a part is continued that can't be")
	}
	suspendBody(t, bodies, partRequest, "01234")
	stem := partStem(t, bodies, dir, partRequest)
	for _, ending := range []string{partEnding, markEnding, tempEnding} {
		if _, err := os.Lstat(stem + ending); err == nil {
			t.Errorf("%s is there", filepath.Base(stem+ending))
		}
	}
	kept := startBody(t, bodies, partRequest)
	writeText(t, kept, "01234")
	kept.SetInfo(partMark)
	writeText(t, kept, "56789")
	if _, err := kept.Commit(sha256.Sum256([]byte("0123456789"))); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "body")); err != nil || string(text) != "0123456789" {
		t.Errorf("the body is %q, %v", text, err)
	}
}
