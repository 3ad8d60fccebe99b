package fetch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport lists, by package, which packages of ours its code may import. A package that is not in it fails, and so
// does an import that is not: a new wall is built here first. "fixtures" are packages for tests alone, which only tests
// and other fixtures may import.
var mayImport = map[string]string{
	"fetch/failure":   "",
	"fetch/queue":     "",
	"fetch/fdlimit":   "",
	"fetch/spool":     "",
	"fetch/unnamed":   "",
	"fetch/resp":      "",
	"fetch/cache":     "fetch/resp fetch/unnamed",
	"fetch/limits":    "fetch/plan fetch/resp",
	"fetch/workqueue": "fetch/resp",
	"fetch/digest":    "",
	"fetch/login":     "",
	"fetch/paging":    "",
	"fetch/robots":    "",
	"fetch/parse":     "",
	"fetch/histogram": "",

	"fetch/resolver":  "",
	"fetch/spelling":  "",
	"fetch/httpurl":   "fetch/failure",
	"fetch/redact":    "fetch/failure fetch/httpurl",
	"fetch/cookiejar": "fetch/httpurl",
	"fetch/netrc":     "fetch/httpurl",
	"fetch/coding":    "fetch/failure",

	"fetch/dictionary": "",

	"fetch/conn": "fetch/failure",
	"fetch/dial": "fetch/conn fetch/failure fetch/fdlimit fetch/httpurl fetch/resolver",
	"fetch/transport": "fetch/conn fetch/dial fetch/failure fetch/fdlimit fetch/httpurl fetch/transport/altsvc " +
		"fetch/transport/h2 fetch/transport/h3",

	"fetch/transport/altsvc": "",
	"fetch/transport/h2":     "fetch/conn",
	"fetch/transport/h3":     "fetch/conn fetch/dial fetch/failure fetch/transport/h2",

	"fetch/judge": "fetch/failure fetch/fdlimit",
	"fetch/plan":  "fetch/failure fetch/judge fetch/queue",

	"fetch": "fetch/cache fetch/coding fetch/cookiejar fetch/dial fetch/dictionary fetch/failure fetch/fdlimit " +
		"fetch/histogram fetch/httpurl fetch/judge " +
		"fetch/digest fetch/login fetch/netrc fetch/paging fetch/plan fetch/queue fetch/redact fetch/robots fetch/spool " +
		"fetch/transport",
	"fetch/input": "fetch fetch/failure fetch/httpurl fetch/judge fetch/parse fetch/redact fetch/spelling",

	"output/encode": "fetch fetch/failure fetch/input fetch/redact fetch/spool",
	"output/file":   "",
	"output/savedir": "fetch fetch/failure fetch/fdlimit fetch/httpurl fetch/spelling fetch/unnamed output/encode " +
		"output/file",
	"output":          "fetch fetch/failure fetch/httpurl fetch/spool output/encode",
	"output/journal":  "fetch output output/encode output/file output/savedir",
	"output/merge":    "fetch/spool",
	"output/report":   "fetch fetch/failure fetch/histogram fetch/httpurl fetch/input output output/encode",
	"output/warc":     "fetch fetch/spool output/encode",
	"output/loading":  "",
	"output/metrics":  "fetch output",
	"output/actions":  "fetch output output/encode",
	"output/junit":    "fetch fetch/failure output output/encode",
	"output/terminal": "fetch fetch/failure output output/encode",

	"cmd/hostsfile": "fetch fetch/judge fetch/login fetch/parse",
	"cmd": "cmd/hostsfile fetch fetch/cache fetch/cookiejar fetch/dial fetch/failure fetch/fdlimit " +
		"fetch/httpurl fetch/input fetch/judge fetch/limits fetch/netrc fetch/paging fetch/parse fetch/redact fetch/resp " +
		"fetch/login fetch/spelling fetch/spool fetch/transport fetch/workqueue " +
		"output output/actions output/encode output/file output/journal output/junit output/loading output/merge " +
		"output/metrics output/report output/savedir output/terminal output/warc",
	"": "cmd",

	"fetch/coding/codingtest":  "fixtures",
	"fetch/nettest":            "fixtures",
	"fetch/nettest/netns":      "fixtures",
	"fetch/spool/spooltest":    "fixtures",
	"fetch/cache/storetest":    "fixtures fetch/cache",
	"output/encode/encodetest": "fixtures fetch fetch/failure fetch/spool",
	"output/file/filetest":     "fixtures",
}

// isPure are the packages that compute from their arguments alone: no clock, network, file or context.
var isPure = map[string]bool{
	"fetch/plan": true, "fetch/judge": true, "fetch/queue": true, "fetch/httpurl": true, "fetch/redact": true,
	"fetch/coding": true, "fetch/netrc": true, "fetch/cookiejar": true, "fetch/paging": true, "fetch/parse": true,
	"fetch/spelling": true, "fetch/dictionary": true, "fetch/transport/altsvc": true, "fetch/robots": true,
	"fetch/digest": true,
}

// pureImports are the packages outside of this module that a pure package may import: a new one is added here where it
// has no clock, network, file or context. Of net/http a pure package may use the names in pureHTTP, and Method and
// Status constants; of package time none of impureTime.
const (
	pureImports = "bufio bytes cmp compress/zlib container/heap container/list " +
		"crypto/md5 crypto/sha1 crypto/sha256 crypto/sha512 hash hash/crc32 hash/crc64 encoding/base64 encoding/binary " +
		"encoding/hex encoding/json encoding/xml errors fmt html io math net/http net/netip net/url regexp slices strconv " +
		"strings sync time unicode/utf8 github.com/agnivade/levenshtein github.com/andybalholm/brotli " +
		"github.com/dunglas/go-urlpattern github.com/dunglas/httpsfv " +
		"github.com/klauspost/compress/flate github.com/klauspost/compress/gzip " +
		"github.com/klauspost/compress/zstd golang.org/x/net/html golang.org/x/net/http/httpguts " +
		"golang.org/x/net/idna golang.org/x/net/publicsuffix golang.org/x/time/rate"
	pureHTTP   = "CanonicalHeaderKey Header ParseTime StatusText TimeFormat"
	impureTime = "Now Since Until Sleep After AfterFunc NewTimer NewTicker Tick"
)

// startsGoroutines are the files with go statements, or calls of a WaitGroup's Go.
const startsGoroutines = "fetch/run.go fetch/transport/dials.go fetch/transport/h1write.go " +
	"fetch/transport/h2/start.go fetch/transport/h2/flush.go " +
	"fetch/transport/h3/conn.go fetch/transport/h3/request.go " +
	"fetch/cache/batcher.go fetch/dial/race.go fetch/resolver/client.go " +
	"cmd/demo.go cmd/dryrun.go cmd/interrupts.go cmd/progress.go cmd/push.go cmd/queue.go"

// outsideOurs says what else code below a folder may not import: fetch and output know no flag and no terminal.
// Templates call methods by name, for which the linker keeps the methods of all types: 3 MB.
var outsideOurs = map[string]string{
	"cmd":    "html/template text/template",
	"fetch":  "github.com/spf13/ golang.org/x/term flag os/signal html/template text/template",
	"output": "github.com/spf13/ flag os/signal html/template text/template",
}

// TestImports holds the code of every package against mayImport and outsideOurs.
func TestImports(t *testing.T) {
	seen, used := map[string]bool{}, map[string]bool{}
	for _, f := range ourFiles(t) {
		seen[f.dir] = true
		allowed, known := mayImport[f.dir]
		if !known {
			t.Errorf("package %q is not in the table of imports", f.dir)
			continue
		}
		own := strings.Fields(allowed)
		top, _, _ := strings.Cut(f.dir, "/")
		for _, path := range f.imports() {
			ours, is := strings.CutPrefix(path, "batchfetch/")
			used[f.dir+" "+ours] = used[f.dir+" "+ours] || !f.isTest
			switch {
			case is && f.isTest:
			case is && isFixture(ours) && !isFixture(f.dir):
				t.Errorf("%s imports %s, which is for tests", f.path, path)
			case is && !isFixture(ours) && !slices.Contains(own, ours):
				t.Errorf("%s imports %s, which %q may not", f.path, path, f.dir)
			}
			for prefix := range strings.FieldsSeq(outsideOurs[top]) {
				if !f.isTest && (path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")) {
					t.Errorf("%s imports %s, which nothing below %s may", f.path, path, top)
				}
			}
		}
	}
	for dir, allowed := range mayImport {
		if !seen[dir] {
			t.Errorf("there is no package %q", dir)
		}
		for own := range strings.FieldsSeq(strings.TrimPrefix(allowed, "fixtures")) {
			if !used[dir+" "+own] {
				t.Errorf("%q does not import %s any more", dir, own)
			}
		}
	}
}

func isFixture(dir string) bool { return strings.HasPrefix(mayImport[dir], "fixtures") }

// TestPurePackages: they import nothing that is impure, under its own name, and use no clock and no HTTP client.
func TestPurePackages(t *testing.T) {
	for _, f := range ourFiles(t) {
		if f.isTest || !isPure[f.dir] {
			continue
		}
		for _, spec := range f.tree.Imports {
			path, _ := strconv.Unquote(spec.Path.Value) // the parser has read it
			if !strings.HasPrefix(path, "batchfetch/") && !slices.Contains(strings.Fields(pureImports), path) {
				t.Errorf("%s imports %s, and is pure", f.path, path)
			}
			if spec.Name != nil && (path == "time" || path == "net/http") {
				t.Errorf("%s imports %s under another name, and is pure", f.path, path)
			}
		}
		f.inspect(func(n ast.Node) {
			selected, is := n.(*ast.SelectorExpr)
			if !is {
				return
			}
			name := selected.Sel.Name
			switch pkg, _ := selected.X.(*ast.Ident); {
			case pkg == nil:
			case pkg.Name == "time" && slices.Contains(strings.Fields(impureTime), name),
				pkg.Name == "http" && !isPureHTTP(name):
				t.Errorf("%s uses %s.%s, and is pure", f.at(n), pkg.Name, name)
			case pkg.Name == "rate" && name == "Sometimes":
				t.Errorf("%s uses rate.Sometimes, which reads the clock, and is pure", f.at(n))
			}
		})
	}
}

// isPureHTTP reports whether a pure package may use this name of net/http.
func isPureHTTP(name string) bool {
	return slices.Contains(strings.Fields(pureHTTP), name) ||
		strings.HasPrefix(name, "Method") || strings.HasPrefix(name, "Status")
}

// TestGoroutinesHaveFewHomes: they are started in the named files only, each of which does start some.
func TestGoroutinesHaveFewHomes(t *testing.T) {
	starts := map[string]bool{}
	for _, f := range ourFiles(t) {
		if f.isTest || isFixture(f.dir) {
			continue
		}
		f.inspect(func(n ast.Node) {
			if !isStart(n) {
				return
			}
			starts[f.path] = true
			if !slices.Contains(strings.Fields(startsGoroutines), f.path) {
				t.Errorf("%s starts a goroutine", f.at(n))
			}
		})
	}
	for path := range strings.FieldsSeq(startsGoroutines) {
		if !starts[path] {
			t.Errorf("%s starts no goroutine any more", path)
		}
	}
}

// isStart reports whether a node is a go statement or a call of a method Go.
func isStart(n ast.Node) bool {
	if call, is := n.(*ast.CallExpr); is {
		selected, is := call.Fun.(*ast.SelectorExpr)
		return is && selected.Sel.Name == "Go" && len(call.Args) == 1
	}
	_, is := n.(*ast.GoStmt)
	return is
}

// TestNoEmbeddedPointers: no struct embeds a pointer to a type of ours, which would hand out all of its fields.
func TestNoEmbeddedPointers(t *testing.T) {
	for _, f := range ourFiles(t) {
		if f.isTest {
			continue
		}
		f.inspect(func(n ast.Node) {
			fields, is := n.(*ast.StructType)
			if !is {
				return
			}
			for _, field := range fields.Fields.List {
				if pointer, is := field.Type.(*ast.StarExpr); is && len(field.Names) == 0 && f.isOurs(pointer.X) {
					t.Errorf("%s embeds a pointer", f.at(field))
				}
			}
		})
	}
}

// A sourceFile is a parsed file of the module.
type sourceFile struct {
	path, dir string // from the module's root, with slashes
	isTest    bool
	set       *token.FileSet
	tree      *ast.File
}

func (f *sourceFile) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

func (f *sourceFile) inspect(see func(ast.Node)) {
	ast.Inspect(f.tree, func(n ast.Node) bool { see(n); return true })
}

func (f *sourceFile) imports() (paths []string) {
	for _, spec := range f.tree.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // the parser has read it
		paths = append(paths, path)
	}
	return paths
}

// isOurs reports whether a type, or the generic type that it is made of, is declared in this module.
func (f *sourceFile) isOurs(kind ast.Expr) bool {
	switch kind := kind.(type) {
	case *ast.IndexExpr:
		return f.isOurs(kind.X)
	case *ast.IndexListExpr:
		return f.isOurs(kind.X)
	case *ast.SelectorExpr:
		qualifier, _ := kind.X.(*ast.Ident)
		return slices.ContainsFunc(f.tree.Imports, func(spec *ast.ImportSpec) bool {
			path, _ := strconv.Unquote(spec.Path.Value) // the parser has read it
			name := path[strings.LastIndexByte(path, '/')+1:]
			if spec.Name != nil {
				name = spec.Name.Name
			}
			return strings.HasPrefix(path, "batchfetch/") && qualifier != nil && name == qualifier.Name
		})
	}
	return true // an unqualified name is of this package
}

// ourFiles parses all Go files of the module, whatever system they are for.
func ourFiles(t *testing.T) (files []*sourceFile) {
	t.Helper()
	const root = ".."
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (entry.Name()[0] == '.' || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		tree, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		relative = filepath.ToSlash(relative)
		dir := ""
		if slash := strings.LastIndexByte(relative, '/'); slash >= 0 {
			dir = relative[:slash]
		}
		files = append(files, &sourceFile{relative, dir, strings.HasSuffix(path, "_test.go"), set, tree})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
