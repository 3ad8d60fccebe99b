package loading

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"batchfetch/output/encode"
)

// TestColumns: there is a column for each member of a success or a failure, of a kind that the JSON Schema allows.
func TestColumns(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct{ Type any }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(encode.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	successes, failures := schema.Defs["success"].Properties, schema.Defs["failure"].Properties
	names := slices.Sorted(maps.Keys(successes))
	if !slices.Equal(names, slices.Sorted(maps.Keys(failures))) {
		t.Fatal("successes and failures have other members in the schema")
	}
	var got []string
	for _, c := range columns {
		got = append(got, c.name)
		want := map[kind]string{integer: "integer", double: "number"}[c.kind]
		switch kind, _ := json.Marshal([]any{successes[c.name].Type, failures[c.name].Type}); {
		case want != "" && !strings.Contains(string(kind), want):
			t.Errorf("the column %s is of %s", c.name, kind)
		case want == "" && (strings.Contains(string(kind), "integer") ||
			strings.Contains(string(kind), "number") && c.kind != anyJSON):
			t.Errorf("the column %s is no number, but the member may be %s", c.name, kind)
		}
	}
	if slices.Sort(got); !slices.Equal(got, names) {
		t.Errorf("the columns are %q, want %q", got, names)
	}
}

// TestStatements: a file name stands in a statement as the reader's language writes it; one that can't is refused.
func TestStatements(t *testing.T) {
	const odd = `o'd "\d.jsonl`
	for reader, want := range map[string][]string{
		"duckdb":     {`read_json('o''d "\d.jsonl',`, `"started_at": 'TIMESTAMPTZ'`, `"body": 'JSON'`},
		"postgres":   {`\copy lines FROM 'o''d "\d.jsonl' WITH`, `"index" bigint,`, `"body" jsonb,`},
		"clickhouse": {`file('o\'d "\\d.jsonl', JSONEachRow`, `DateTime64(3, 'UTC')`, `DateTime64(3, \'UTC\')`},
		"polars":     {`pl.scan_ndjson("o'd \"\\d.jsonl", schema`, `"elapsed_ms": pl.Float64,`},
		"sqlite":     {`.import "o'd \"\\d.jsonl" lines`, `nullif(line -> '$.meta', 'null') AS "meta"`},
		"bigquery":   {`uris = ['gs://BUCKET/o\'d "\\d.jsonl']`, "`index` INT64,"},
	} {
		statement, err := Statement(reader, odd)
		if err != nil {
			t.Errorf("%s: %v", reader, err)
		}
		for _, part := range want {
			if !strings.Contains(statement, part) {
				t.Errorf("for %s %q is missing in\n%s", reader, part, statement)
			}
		}
	}
	for _, name := range Readers() {
		for _, file := range []string{"a\nb", "a\x00b", "a\x1b[2J", "\xff"} {
			if statement, err := Statement(name, file); err == nil {
				t.Errorf("for %s the file %q becomes %s", name, file, statement)
			}
		}
	}
	for file, want := range map[string]string{
		"|rm x":     `.import "./|rm x" lines`,
		"--csv":     `.import "./--csv" lines`,
		"o'd.gz":    `.import "|gzip -dc < 'o'\\''d.gz'" lines`,
		"a b.zst":   `.import "|zstd -dc < 'a b.zst'" lines`,
		"a.jsonl":   `.import "a.jsonl" lines`,
		"-a.gz":     `.import "|gzip -dc < '-a.gz'" lines`,
		"$(x)`y`.a": ".import \"$(x)`y`.a\" lines",
	} {
		if statement, _ := Statement("sqlite", file); !strings.Contains(statement, want+"\n") {
			t.Errorf("the file %q becomes\n%s", file, statement)
		}
	}
	if statement, _ := Statement("postgres", "o'd.gz"); !strings.Contains(statement,
		`FROM PROGRAM 'gzip -dc < ''o''\''''d.gz''' WITH`) {
		t.Errorf("a packed file is read by %s", statement)
	}
}
