package fetch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestImportsPointOneWay checks that imports point one way: main, cmd, output, fetch, and then the packages below
// fetch. fetch imports nothing of flags and terminals.
func TestImportsPointOneWay(t *testing.T) {
	const root = ".."
	const terminal = "github.com/spf13/ github.com/schollz/progressbar golang.org/x/term flag os/signal"
	forbidden := map[string]string{ // by directory: prefixes of imports that its code may not have
		"cmd":    "batchfetch/main",
		"output": "batchfetch/cmd github.com/spf13/",
		"fetch":  "batchfetch/cmd batchfetch/output " + terminal,
	}
	seen := make(map[string]int)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (entry.Name()[0] == '.' || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		relative, _ := filepath.Rel(root, path)
		place, _, _ := strings.Cut(filepath.ToSlash(relative), "/")
		seen[place]++
		for _, imported := range importsOf(t, path) {
			for prefix := range strings.FieldsSeq(forbidden[place]) {
				if imported == prefix || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/") {
					t.Errorf("%s imports %s", relative, imported)
				}
			}
			if place == "main.go" && imported != "os" && imported != "batchfetch/cmd" {
				t.Errorf("main.go imports %s", imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for place := range forbidden {
		if seen[place] == 0 {
			t.Errorf("no code is found in %s", place)
		}
	}
}

// TestSubPackagesKnowNoTask checks that the packages below fetch import neither fetch nor anything above it.
func TestSubPackagesKnowNoTask(t *testing.T) {
	paths, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		for _, imported := range importsOf(t, path) {
			if !strings.HasSuffix(path, "_test.go") && (imported == "batchfetch/fetch" ||
				strings.HasPrefix(imported, "batchfetch/") && !strings.HasPrefix(imported, "batchfetch/fetch/")) {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	}
}

// importsOf returns what a file imports.
func importsOf(t *testing.T, path string) (imports []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imports = append(imports, name)
	}
	return imports
}
