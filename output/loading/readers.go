package loading

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A reader is what loads a file of Records as the table records, or as a frame of that name. Its types are those of its
// columns; SQLite's have none, but a form of the expression.
type reader struct {
	name  string
	types [kinds]string
	// write appends the statement for a file name to text.
	write func(r *reader, text *strings.Builder, file string)
}

var readers = []reader{
	{"duckdb", [kinds]string{"VARCHAR", "BIGINT", "DOUBLE", "TIMESTAMPTZ", "JSON"}, (*reader).writeDuckDB},
	{"postgres", [kinds]string{"text", "bigint", "double precision", "timestamptz", "jsonb"}, (*reader).writePostgres},
	{"clickhouse", [kinds]string{"Nullable(String)", "Nullable(Int64)", "Nullable(Float64)",
		"Nullable(DateTime64(3, 'UTC'))", "Nullable(String)"}, (*reader).writeClickHouse},
	{"polars", [kinds]string{"pl.String", "pl.Int64", "pl.Float64", "pl.String", "pl.String"}, (*reader).writePolars},
	{"sqlite", [kinds]string{"line ->> '$.%s'", "line ->> '$.%s'", "line ->> '$.%s'", "line ->> '$.%s'",
		"nullif(line -> '$.%s', 'null')"}, (*reader).writeSQLite},
	{"bigquery", [kinds]string{"STRING", "INT64", "FLOAT64", "TIMESTAMP", "JSON"}, (*reader).writeBigQuery},
}

// Readers returns the names of the readers that there are statements for.
func Readers() (names []string) {
	for _, r := range readers {
		names = append(names, r.name)
	}
	return names
}

// Statement returns the statement with which a reader of Readers loads a file. The error says why no statement can name
// that file.
func Statement(name, file string) (string, error) {
	if !utf8.ValidString(file) || strings.ContainsFunc(file, unicode.IsControl) {
		return "", errors.New("has a control character, or is not UTF-8")
	}
	at := slices.IndexFunc(readers, func(r reader) bool { return r.name == name })
	if at < 0 {
		return "", fmt.Errorf("no reader has the name %s", name)
	}
	text := new(strings.Builder)
	readers[at].write(&readers[at], text, file)
	return text.String(), nil
}

// maxObject is the longest line that DuckDB is to read, in bytes: a body of 16 MiB of which every byte is escaped takes
// 96 MiB. By itself it reads 16 MiB.
const maxObject = 128 << 20

func (r *reader) writeDuckDB(text *strings.Builder, file string) {
	fmt.Fprintf(text, "CREATE TABLE records AS\nSELECT * FROM read_json(%s, format = 'newline_delimited',\n"+
		"  maximum_object_size = %d, columns = {\n", quoteSQL(file), maxObject)
	r.writeColumns(text, `    "%s": '%s'`)
	text.WriteString("\n  })\nWHERE \"type\" IN ('success', 'failure');\n")
}

// writePostgres writes statements for psql, whose \copy reads the file at the client. The characters U+0001 and U+0002,
// which are in no line, stand for the delimiter and the quotation mark of CSV, so that each line is one value as it is.
func (r *reader) writePostgres(text *strings.Builder, file string) {
	from := quoteSQL(file)
	if command := decompressor(file); command != "" {
		from = "PROGRAM " + quoteSQL(command+" < "+quoteShell(file))
	}
	fmt.Fprintf(text, "CREATE TEMPORARY TABLE lines (line json);\n"+
		`\copy lines FROM %s WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')`+"\n"+
		"CREATE TABLE records AS\nSELECT r.* FROM lines, json_to_record(line) AS r(\n", from)
	r.writeColumns(text, `  "%s" %s`)
	text.WriteString("\n)\nWHERE \"type\" IN ('success', 'failure');\nDROP TABLE lines;\n")
}

func (r *reader) writeClickHouse(text *strings.Builder, file string) {
	structure := new(strings.Builder)
	r.writeColumns(structure, "  `%s` %s")
	fmt.Fprintf(text, "CREATE TABLE records (\n%s\n) ENGINE = MergeTree ORDER BY tuple();\n"+
		"INSERT INTO records SELECT * FROM file(%s, JSONEachRow,\n%s)\nWHERE type IN ('success', 'failure')\n"+
		"SETTINGS date_time_input_format = 'best_effort';\n",
		structure, quoteBackslashed(file), quoteBackslashed(structure.String()))
}

func (r *reader) writePolars(text *strings.Builder, file string) {
	text.WriteString("import polars as pl\n\nrecords = pl.scan_ndjson(" + strconv.QuoteToASCII(file) + ", schema={\n")
	r.writeColumns(text, `    "%s": %s`)
	text.WriteString("\n}).filter(pl.col(\"type\") != \"summary\").with_columns(\n" +
		"    pl.col(\"started_at\").str.to_datetime(time_zone=\"UTC\")\n).collect()\n")
}

// writeSQLite writes a script for the shell sqlite3. In the mode ascii nothing in a line is a quotation mark.
func (r *reader) writeSQLite(text *strings.Builder, file string) {
	from := file
	if command := decompressor(file); command != "" {
		from = "|" + command + " < " + quoteShell(file)
	} else if strings.HasPrefix(file, "|") || strings.HasPrefix(file, "-") { // a command, or an option
		from = "./" + file
	}
	text.WriteString("CREATE TEMP TABLE lines (line TEXT);\n.mode ascii\n.separator \"\\001\" \"\\n\"\n.import " +
		quoteC(from) + " lines\n.mode list\nCREATE TABLE records AS SELECT\n")
	for i, c := range columns {
		if i > 0 {
			text.WriteString(",\n")
		}
		value := fmt.Sprintf(r.types[c.kind], c.name)
		switch c.name {
		case "id":
			value = "line ->> '$.id'"
		case "body": // JSON as it stands, text and base64 without quotation marks
			value = "CASE line ->> '$.body_encoding' WHEN 'json' THEN line -> '$.body' ELSE line ->> '$.body' END"
		}
		fmt.Fprintf(text, "  %s AS \"%s\"", value, c.name)
	}
	text.WriteString("\nFROM lines WHERE line ->> '$.type' IN ('success', 'failure');\nDROP TABLE lines;\n")
}

// writeBigQuery writes a statement of GoogleSQL, which loads files of Cloud Storage.
func (r *reader) writeBigQuery(text *strings.Builder, file string) {
	if !strings.Contains(file, "://") {
		file = "gs://BUCKET/" + file
	}
	text.WriteString("LOAD DATA INTO DATASET.records (\n")
	r.writeColumns(text, "  `%s` %s")
	text.WriteString("\n)\nFROM FILES (format = 'JSON', ignore_unknown_values = TRUE, uris = [" + quoteBackslashed(file) +
		"]);\nDELETE FROM DATASET.records WHERE type NOT IN ('success', 'failure');\n")
}

// writeColumns writes each column in a form for its name and its type, with commas between.
func (r *reader) writeColumns(text *strings.Builder, form string) {
	for i, c := range columns {
		if i > 0 {
			text.WriteString(",\n")
		}
		fmt.Fprintf(text, form, c.name, r.types[c.kind])
	}
}

// decompressor returns the command that decompresses a file of that name from its standard input to its standard
// output; "" is none.
func decompressor(file string) string {
	switch {
	case strings.HasSuffix(file, ".gz"):
		return "gzip -dc"
	case strings.HasSuffix(file, ".zst"):
		return "zstd -dc"
	}
	return ""
}

func quoteSQL(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoteShell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func quoteBackslashed(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func quoteC(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
