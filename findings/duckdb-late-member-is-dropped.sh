#!/usr/bin/env bash
# Whether DuckDB refuses a late member of JSON lines or drops it without a word depends on which columns a query names.
#
# Expected: read_json guesses columns and the members in them from the first 20480 lines. A member that begins later is
#   an error, "Object ... has unknown key", whatever is selected: the lines are the same.
# Seen: duckdb 1.5.6 (@duckdb/node-api 1.5.6-r.1, newest), 20480 lines {"url":...,"body":{"a":1}} and one whose body has
#   the member "b" as well. SELECT url, body, and SELECT *, are that error. SELECT body, and CREATE TABLE t AS SELECT
#   body, read all lines, without an error or a warning, and "b" is in no row. With the line among the first 20480 it is.
# Why: unknown members are errors only where a query reads every column; to one that reads fewer, the members of the
#   other columns are unknown, too, and the check is off within the columns that it does read as well.
# Why it matters: bodies of an API are the same for thousands of lines and have one member more where there is something
#   to tell, an "error" or a "next". The query for the bodies alone is the usual one, and says that there were none.
#   columns with body: 'JSON', sample_size = -1, or bodies that are text keep it.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >read.js <<'END'
const { DuckDBInstance, version } = require('@duckdb/node-api')
const fs = require('fs')
const plain = '{"url":"https://example.com/","body":{"a":1}}'
const late = '{"url":"https://example.com/","body":{"a":1,"b":2}}'
;(async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  console.log('duckdb', version())
  for (const before of [20480, 20479]) {
    fs.writeFileSync('lines.jsonl', [...Array(before).fill(plain), late].join('\n') + '\n')
    for (const columns of ['url, body', 'body']) {
      let seen
      try {
        const query = `SELECT ${columns} FROM read_json('lines.jsonl')`
        const rows = (await connection.runAndReadAll(query)).getRowObjectsJson()
        seen = `${rows.length} rows, the last with ${JSON.stringify(rows.at(-1).body)}`
      } catch (error) {
        seen = String(error).split('\n')[0].replace(/.* in line/, 'error in line')
      }
      console.log(`after ${before} lines, SELECT ${columns}: ${seen}`)
    }
  }
})()
END
timeout 60 node read.js | tee seen
grep -q 'after 20480 lines, SELECT url, body: error .*unknown key "b"' seen &&
  grep -q 'after 20480 lines, SELECT body: 20481 rows, the last with {"a":"1"}$' seen &&
  grep -q 'after 20479 lines, SELECT body: 20480 rows, the last with {"a":"1","b":"2"}$' seen
