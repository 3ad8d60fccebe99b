package fetch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ordered are the packages whose files have an order: each uses only what stands in itself or below.
var ordered = strings.Fields("fetch fetch/cache fetch/dial fetch/judge fetch/plan fetch/input " +
	"fetch/transport fetch/transport/h2 fetch/transport/h3 " +
	"fetch/conn fetch/coding fetch/resolver fetch/spool fetch/paging " +
	"fetch/failure fetch/nettest/netns fetch/cache/storetest " +
	"output/encode output/savedir output/journal output/warc output/terminal output/file " +
	"cmd cmd/hostsfile")

// TestFilesHaveAnOrder checks that no files of the packages in ordered use each other in a circle, so that a reader may
// begin at the bottom and never needs what is still to come.
func TestFilesHaveAnOrder(t *testing.T) {
	for _, dir := range ordered {
		uses := usesOfFiles(t, filepath.Join("..", filepath.FromSlash(dir)))
		if len(uses) == 0 {
			t.Errorf("%s has no files that use others", dir)
		}
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
	for _, dir := range ordered {
		dir = filepath.Join("..", filepath.FromSlash(dir))
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
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
