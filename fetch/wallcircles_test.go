package fetch

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageDirs returns the directories of all packages of the module, as paths from this one.
func packageDirs(t *testing.T) []string {
	found := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			return err
		case entry.IsDir() && path != ".." && (name[0] == '.' || name == "testdata"):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			found[filepath.Dir(path)] = true
		}
		return nil
	})
	if err != nil || !found[filepath.Join("..", "fetch")] {
		t.Fatalf("%d packages found: %v", len(found), err)
	}
	return slices.Sorted(maps.Keys(found))
}

// TestFilesHaveAnOrder checks that no files of a package use each other in a circle, so that a reader may begin at the
// bottom and never needs what is still to come.
func TestFilesHaveAnOrder(t *testing.T) {
	seen := 0
	for _, dir := range packageDirs(t) {
		uses := usesOfFiles(t, dir)
		seen += len(uses)
		for len(uses) > 0 { // take away what uses nothing that is left
			before := len(uses)
			maps.DeleteFunc(uses, func(_ string, used map[string]bool) bool {
				maps.DeleteFunc(used, func(file string, _ bool) bool { return uses[file] == nil })
				return len(used) == 0
			})
			if len(uses) == before {
				t.Errorf("in %s these files are in a circle, or use some that are: %v", dir, slices.Sorted(maps.Keys(uses)))
				break
			}
		}
	}
	if seen == 0 {
		t.Error("no file was seen to use another")
	}
}

// usesOfFiles returns, by file of the package in a directory, the files whose names it uses. What only the types of
// other packages tell is not seen: these are not read.
func usesOfFiles(t *testing.T, dir string) map[string]map[string]bool {
	fset := token.NewFileSet()
	var files []*ast.File
	paths, _ := filepath.Glob(filepath.Join(dir, "*.go")) // the pattern is valid
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_other.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: emptyImporter{}, Error: func(error) {}} // of what it imports nothing is known
	pkg, _ := config.Check(dir, fset, files, info)
	uses := make(map[string]map[string]bool)
	for name, object := range info.Uses {
		from, to := fset.Position(name.Pos()).Filename, fset.Position(object.Pos()).Filename
		if object.Pkg() != pkg || from == to || to == "" {
			continue
		}
		if uses[from] == nil {
			uses[from] = make(map[string]bool)
		}
		uses[from][to] = true
	}
	return uses
}

// An emptyImporter has every package, with nothing in it.
type emptyImporter struct{}

func (emptyImporter) Import(path string) (*types.Package, error) {
	pkg := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	pkg.MarkComplete()
	return pkg, nil
}

// TestDocNamesFiles checks that the files that a package's comment names exist.
func TestDocNamesFiles(t *testing.T) {
	name := regexp.MustCompile(`[a-z0-9_]+(/[a-z0-9_]+)*\.go\b`)
	for _, dir := range packageDirs(t) {
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a package of one file
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range name.FindAllString(string(text), -1) {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
				t.Errorf("%s names %s: %v", filepath.Join(dir, "doc.go"), file, err)
			}
		}
	}
}

// TestDocReadingOrder: where a package's comment says that of the files that it lists each uses earlier ones only, it
// lists all of them, and that is so.
func TestDocReadingOrder(t *testing.T) {
	name := regexp.MustCompile(`[a-z0-9_]+\.go\b`)
	seen := 0
	for _, dir := range packageDirs(t) {
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		_, list, found := strings.Cut(string(text), "each uses earlier ones only")
		if err != nil || !found {
			continue
		}
		seen++
		place := map[string]int{"doc.go": 0}
		for _, file := range name.FindAllString(list, -1) {
			place[file] = len(place)
		}
		paths, _ := filepath.Glob(filepath.Join(dir, "*.go")) // the pattern is valid
		for _, path := range paths {
			if _, listed := place[filepath.Base(path)]; !listed && !strings.HasSuffix(path, "_test.go") {
				t.Errorf("%s does not list %s", dir, filepath.Base(path))
			}
		}
		for file, used := range usesOfFiles(t, dir) {
			for other := range used {
				if file, other := filepath.Base(file), filepath.Base(other); place[other] > place[file] {
					t.Errorf("%s lists %s before %s, which it uses", dir, file, other)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no such comment was found")
	}
}

// TestMapNamesFiles checks that the files that CONTRIBUTING.md names by their paths exist.
func TestMapNamesFiles(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", ".github", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile("`[a-z0-9_/]+/[a-z0-9_]+\\.go`").FindAllString(string(text), -1)
	if len(files) == 0 {
		t.Fatal("none are named")
	}
	for _, file := range files {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(strings.Trim(file, "`")))); err != nil {
			t.Errorf("CONTRIBUTING.md names %s: %v", file, err)
		}
	}
}
