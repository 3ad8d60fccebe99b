package cmd_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bodiesForReaders are bodies of all kinds, by the path that answers with them: {Content-Type, body}.
var bodiesForReaders = map[string][2]string{
	"/object":    {"application/json", `{"a":1,"b":[1.50,1e40,-0.0],"c":null,"d":"\u00e9\ud83d\ude00"}`},
	"/unsigned":  {"application/json", `18446744073709551615`},
	"/array":     {"application/json", `[1,"two",{"three":3}]`},
	"/string":    {"application/json", `"just a string"`},
	"/null":      {"application/json", `null`},
	"/true":      {"application/problem+json", `true`},
	"/twice":     {"application/json", `{"a":1,"a":2}`},
	"/deep":      {"application/json", strings.Repeat("[", 249) + strings.Repeat("]", 249)},
	"/deeper":    {"application/json", strings.Repeat("[", 9000) + strings.Repeat("]", 9000)},
	"/lone":      {"application/json", `{"s":"\ud800"}`},
	"/nul":       {"application/json", `{"s":"a\u0000b"}`},
	"/integer":   {"application/json", `{"n":123456789012345678901234567890}`},
	"/overflow":  {"application/json", `{"n":1e400}`},
	"/name":      {"application/json", `{"":1}`},
	"/broken":    {"application/json", `{"a":`},
	"/latin":     {"text/html; charset=iso-8859-1", "<p>caf\xe9</p>\r\n"},
	"/control":   {"text/plain", "a\x07\x1b[2J\x7f\u0085\u2028\t\\ \"q\" '' \x01\x02\n"},
	"/nultext":   {"text/plain", "a\x00b"},
	"/emoji":     {"text/plain; charset=utf-8", "\U0001f600 한글 עברית"},
	"/csv":       {"text/csv", "a,b\n\"1,2\",3\n"},
	"/png":       {"image/png", "\x89PNG\r\n\x1a\n\x00\xff"},
	"/empty":     {"text/plain", ""},
	"/emptyjson": {"application/json", ""},
	"/long":      {"text/plain", strings.Repeat("x", 300<<10)},
}

// TestReaders runs the programs of the table in help readers that are installed over the output of a run with bodies of
// all kinds, and over the golden Records: they read each Record, and of --body string each body as it came. Those of
// Node.js are found by NODE_PATH.
func TestReaders(t *testing.T) {
	if testing.Short() {
		t.Skip("runs databases")
	}
	dir := t.TempDir()
	files := writeFilesForReaders(t, dir)
	for _, reader := range readersInTest {
		t.Run(reader.name, func(t *testing.T) {
			if out, err := runFor(t, dir, "", "sh", "-c", reader.installed); err != nil {
				t.Skipf("%s: %v %s", reader.installed, err, out)
			}
			load := reader.prepare(t)
			for _, file := range files {
				if !strings.Contains(reader.refuses, file.body) {
					checkReader(t, dir, file, load)
				} else if out, err := load(t, dir, file.name); err == nil {
					t.Logf("%s is read by this version: %.200s", file.name, out)
				}
			}
		})
	}
}

// A fileForReaders is an output that readers load.
type fileForReaders struct {
	name, body string // body is the mode; of the golden Records golden
	rows       map[string][]rowForReaders
}

// A rowForReaders is the type and the body of a Record; no body is "", and one that is not a string is not looked at.
type rowForReaders struct{ kind, body string }

// writeFilesForReaders writes an output of each mode into dir, with and without --all-members, and all golden Records.
func writeFilesForReaders(t *testing.T, dir string) (files []fileForReaders) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, known := bodiesForReaders[r.URL.Path]
		w.Header()["Content-Type"] = []string{body[0]}
		switch {
		case r.URL.Path == "/204":
			w.WriteHeader(http.StatusNoContent)
		case !known:
			http.Error(w, "nothing here", http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(body[1])) // a client that goes away is a failure of the test
		}
	}))
	defer server.Close()
	var input strings.Builder
	for path := range bodiesForReaders {
		input.WriteString(`{"url":"` + server.URL + path + `","id":"` + path + `","meta":{"n":[1,"x"]}}` + "\n")
	}
	input.WriteString(server.URL + "/204\n" + server.URL + "/missing\nnonsense\n")
	writeFile(t, filepath.Join(dir, "urls"), input.String(), 0o600)
	for _, body := range []string{"auto", "string", "json", "text", "base64"} {
		for _, all := range []string{"false", "true"} {
			name := body + "-" + all + ".jsonl"
			run := exec.CommandContext(t.Context(), "batchfetch", "--retries", "0", "--headers", "--timing", "--failures", "-",
				"-o", name, "--body", body, "--all-members="+all, "urls")
			run.Dir = dir
			if out, err := run.CombinedOutput(); run.ProcessState.ExitCode() != 3 {
				t.Fatalf("%v: %s", err, out)
			}
			files = append(files, fileForReaders{name, body, rowsOf(t, filepath.Join(dir, name))})
		}
	}
	golden, err := filepath.Glob("../output/encode/testdata/*.jsonl")
	if err != nil || len(golden) < 20 {
		t.Fatalf("%d golden Records, %v", len(golden), err)
	}
	var all []byte
	for _, name := range golden {
		all = append(all, readAll(t, name)...)
	}
	writeFile(t, filepath.Join(dir, "golden.jsonl"), string(all), 0o600)
	return append(files, fileForReaders{"golden.jsonl", "golden", rowsOf(t, filepath.Join(dir, "golden.jsonl"))})
}

// rowsOf returns what readers make of a file's Records, by the index.
func rowsOf(t *testing.T, name string) map[string][]rowForReaders {
	rows := make(map[string][]rowForReaders)
	for line := range bytes.Lines(readAll(t, name)) {
		var r struct {
			Type  string
			Index int64
			Body  any
		}
		if err := json.Unmarshal(line, &r); err != nil && !strings.Contains(err.Error(), "1e400") {
			t.Fatal(err)
		}
		if r.Type == "success" || r.Type == "failure" {
			body, _ := r.Body.(string)
			index := strconv.FormatInt(r.Index, 10)
			rows[index] = append(rows[index], rowForReaders{r.Type, body})
		}
	}
	return rows
}

// checkReader checks what a reader makes of a file: its lines are INDEX TYPE BODY, with a hash or the bytes of the body
// where that is a string in all lines of the file.
func checkReader(t *testing.T, dir string, file fileForReaders, load loadFunc) {
	t.Helper()
	out, err := load(t, dir, file.name)
	if err != nil {
		t.Errorf("%s: %v\n%.600s", file.name, err, out)
		return
	}
	rows, read := make(map[string][]string), 0
	for line := range strings.Lines(string(out)) {
		if index, row, _ := strings.Cut(strings.TrimSpace(line), " "); index != "" {
			rows[index] = append(rows[index], row)
			read++
		}
	}
	records := 0
	for index, wanted := range file.rows {
		records += len(wanted)
		for i, want := range wanted {
			kind, body := "", ""
			if i < len(rows[index]) {
				kind, body, _ = strings.Cut(rows[index][i], " ")
			}
			isExact := file.body == "string" || file.body == "base64"
			if kind != want.kind || isExact && !isBody(body, want.body) {
				t.Errorf("%s: index %s is read as %s %.200q, want %s %.200q", file.name, index, kind, body, want.kind, want.body)
			}
		}
	}
	if read != records {
		t.Errorf("%s: %d Records are read, want %d", file.name, read, records)
	}
}

// isBody reports whether text is the base64 or hexadecimal form of a body, or its SHA-256, each of which some readers
// can write.
func isBody(text, body string) bool {
	hash := sha256.Sum256([]byte(body))
	return text == base64.StdEncoding.EncodeToString([]byte(body)) || text == hex.EncodeToString(hash[:]) ||
		strings.EqualFold(text, hex.EncodeToString([]byte(body)))
}

// A loadFunc returns a line for each Record of a file: its index, its type, and its body as isBody has it.
type loadFunc func(t *testing.T, dir, file string) ([]byte, error)

// runFor runs a program with that input, for a minute at most; also at the end of the test.
func runFor(t *testing.T, dir, input, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, name, args...)
	run.Dir, run.Stdin = dir, strings.NewReader(input)
	return run.CombinedOutput()
}
