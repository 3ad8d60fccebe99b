package fetch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxLine is how many characters a line of code or of a page about it has at most, its tabs counted as one each.
const maxLine = 120

// TestWallLines holds the lines of all code, tests included, and of the pages about it against maxLine.
func TestWallLines(t *testing.T) {
	count := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if slices.Contains([]string{".git", "testdata"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		case !slices.Contains([]string{".go", ".md"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > maxLine {
				t.Errorf("%s:%d has %d characters, over %d", filepath.ToSlash(path), number, n, maxLine)
			}
		}
		count += number
		return err
	})
	if err != nil || count < 10_000 {
		t.Errorf("%d lines were read: %v", count, err)
	}
}
