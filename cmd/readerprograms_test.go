package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// readersInTest are the readers of the table in help readers. installed is the command that succeeds where one is
// there, refuses the modes of --body whose output the version of the table refuses as a whole; another may read it.
var readersInTest = []struct {
	name, installed, refuses string
	prepare                  func(t *testing.T) loadFunc
}{
	{"jq", "jq --version", "json", filter("jq", "-r", jqProgram)},
	{"gojq", "gojq --version", "", filter("gojq", "-r", jqProgram)},
	{"miller", "mlr --version", "json", filter("mlr", "--ijsonl", "--onidx", "put", "-q",
		`if (is_present($index)) { print $index . " " . $type . " " . (is_string($body) ? sha256($body) : "") }`)},
	{"python", "python3 -c 'import json'", "", filter("python3", "-c", pythonProgram)},
	{"node", "node --version", "", filter("node", "-e", nodeProgram)},
	{"sqlite", "sqlite3 -version", "", statement("sqlite",
		`SELECT "index" || ' ' || "type" || ' ' || coalesce(hex(body), '') FROM records;`, "sqlite3", ":memory:")},
	{"postgres", "ls /usr/lib/postgresql/*/bin/initdb", "json text", preparePostgres},
	{"duckdb", `node -e 'require("@duckdb/node-api")'`, "json", statement("duckdb",
		`SELECT concat_ws(' ', "index", "type", hex(body->>'$')) FROM records;`, "node", "-e", duckdbProgram)},
	{"clickhouse", `node -e 'require("chdb")'`, "", statement("clickhouse",
		`SELECT concat(toString(index), ' ', type, ' ', hex(ifNull(body, ''))) FROM records`, "node", "-e", chdbProgram)},
	{"pandas", "python3 -c 'import pandas'", "json", filter("python3", "-c", pandasProgram)},
	{"r", "Rscript -e 'library(jsonlite)'", "auto json", filter("Rscript", "-e", rProgram)},
	{"polars", `node -e 'require("nodejs-polars")'`, "json", statement("polars", "", "node", "-e", polarsProgram)},
}

const (
	jqProgram     = `select(.index) | "\(.index) \(.type) \(.body | if type == "string" then @base64 else "" end)"`
	pythonProgram = `
import base64, json, sys
for line in sys.stdin.buffer:
    r = json.loads(line)
    if "index" in r:
        body = r.get("body")
        body = base64.b64encode(body.encode()).decode() if isinstance(body, str) else ""
        print(r["index"], r["type"], body)
`
	nodeProgram = `
for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const r = JSON.parse(line)
  if ("index" in r)
    console.log(r.index, r.type, typeof r.body === "string" ? Buffer.from(r.body).toString("base64") : "")
}
`
	pandasProgram = `
import base64, pandas, sys
for r in pandas.read_json(sys.stdin, lines=True, dtype=False).to_dict("records"):
    if r["index"] == r["index"]:
        body = base64.b64encode(r["body"].encode()).decode() if isinstance(r["body"], str) else ""
        print(int(r["index"]), r["type"], body)
`
	rProgram = `
r <- jsonlite::stream_in(file("stdin"), verbose = FALSE)
for (i in which(!is.na(r$index))) {
  body <- r$body[[i]]
  text <- is.character(body) && length(body) == 1 && !is.na(body)
  cat(r$index[i], r$type[i], if (text) gsub("\n", "", jsonlite::base64_enc(charToRaw(body))), "\n")
}
`
	duckdbProgram = `
const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  for (const query of require("fs").readFileSync(0, "utf8").split(/;\n/)) {
    const rows = (await connection.runAndReadAll(query)).getRows()
    if (query.startsWith("SELECT")) console.log(rows.join("\n"))
  }
})()
`
	chdbProgram = `
const session = new (require("chdb").Session)()
session.query("CREATE DATABASE d")
session.query("USE d")
for (const query of require("fs").readFileSync(0, "utf8").split(/;\n/)) {
  const rows = session.query(query, "TSVRaw")
  if (query.startsWith("SELECT")) console.log(rows)
}
session.cleanup()
`
	// polarsProgram has the schema and the file of the Python program in its input.
	polarsProgram = `
const pl = require("nodejs-polars")
const program = require("fs").readFileSync(0, "utf8"), schema = {}
for (const [, name, kind] of program.matchAll(/"(\w+)": pl\.(\w+)/g)) schema[name] = pl[kind]
const frame = pl.scanJson(program.match(/scan_ndjson\("(.*?)"/)[1], { schema }).collectSync()
for (const r of frame.toRecords())
  if (r.type != "summary" && r.type != "plan")
    console.log(Number(r.index), r.type, Buffer.from(r.body ?? "").toString("base64"))
`
)

// filter returns the loadFunc of a program that reads lines of JSON from its standard input.
func filter(name string, args ...string) func(*testing.T) loadFunc {
	return func(*testing.T) loadFunc {
		return func(t *testing.T, dir, file string) ([]byte, error) {
			return runFor(t, dir, string(readAll(t, filepath.Join(dir, file))), name, args...)
		}
	}
}

func readAll(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// statementFor returns what batchfetch schema prints for a reader and a file.
func statementFor(t *testing.T, reader, file string) string {
	t.Helper()
	statement, err := exec.CommandContext(t.Context(), "batchfetch", "schema", "--for", reader, file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(statement)
}

// statement returns the loadFunc of a program that runs, from its standard input, the statement for a reader, and then
// a query.
func statement(reader, query, name string, args ...string) func(*testing.T) loadFunc {
	return func(*testing.T) loadFunc {
		return func(t *testing.T, dir, file string) ([]byte, error) {
			return runFor(t, dir, statementFor(t, reader, file)+query, name, args...)
		}
	}
}

// preparePostgres starts a PostgreSQL on a Unix socket, as the user postgres where the test is root.
func preparePostgres(t *testing.T) loadFunc {
	dir, err := os.MkdirTemp("", "pg") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	shell := func(command string) {
		t.Helper()
		arguments := []string{"sh", "-c", command}
		if os.Getuid() == 0 {
			arguments = []string{"su", "postgres", "-s", "/bin/sh", "-c", command}
		}
		arguments = append([]string{"-c", `"$@" >"$0" 2>&1 </dev/null || { cat "$0"; exit 1; }`, filepath.Join(dir, "said")},
			arguments...)
		if out, err := runFor(t, dir, "", "sh", arguments...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // what stays is in the folder for temporary files
	if os.Getuid() == 0 {
		if out, err := runFor(t, dir, "", "chown", "postgres", dir); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	cluster := programs[len(programs)-1] + "/pg_ctl -w -D " + dir + "/db "
	shell(cluster + "initdb -o '-A trust -U postgres -E UTF8 --no-sync'")
	shell(cluster + "start -l " + dir + `/log -o "-k ` + dir + ` -c listen_addresses= -c fsync=off"`)
	t.Cleanup(func() { shell(cluster + "stop -m immediate") })
	return func(t *testing.T, at, file string) ([]byte, error) {
		const query = `SELECT concat_ws(' ', index, type, encode(convert_to(body #>> '{}', 'UTF8'), 'hex')) FROM records;`
		const before = "SET client_min_messages = warning;\nDROP TABLE IF EXISTS records;\n"
		return runFor(t, at, before+statementFor(t, "postgres", file)+query, "psql", "-h", dir, "-U", "postgres", "-v",
			"ON_ERROR_STOP=1", "-qAtX", "postgres")
	}
}
