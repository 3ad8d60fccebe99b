#!/usr/bin/env bash
# DuckDB refuses a file of JSON lines in which two objects have members whose names differ in case only.
#
# Expected: names of members are compared code by code (RFC 8259, 8.3); {"id":1} in one line and {"ID":2} in another are
#   two optional members, as with any two names. At the worst DuckDB, whose columns have no case, gives the second
#   another name, as it does for the columns of a file: ID_1.
# Seen: duckdb 1.5.6 (@duckdb/node-api 1.5.6-r.1, newest). Two lines {"body":{"id":1}} and {"body":{"ID":2}}:
#   "Not implemented Error: Duplicate name "ID" in struct auto-detected in JSON". The same members in the lines
#   themselves are two columns, id and ID_1. With a third line {"body":[]} the file with the bodies is read.
# Why: a struct is guessed from all bodies together, and its members have to differ beyond case; where bodies are of
#   several types no struct is guessed, but JSON.
# Why it matters: answers of several APIs in one file is what a batch fetcher is for, and "id" and "ID", "url" and "URL"
#   meet soon. Whether the file loads then depends on what else is in it. ignore_errors = true, which the message
#   proposes, reads it and drops one of the members; columns with body: 'JSON', or a body that is text, keep both.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >read.js <<'END'
const { DuckDBInstance, version } = require('@duckdb/node-api')
const fs = require('fs')
const files = {
  'in bodies': ['{"body":{"id":1}}', '{"body":{"ID":2}}'],
  'in lines': ['{"id":1}', '{"ID":2}'],
  'in bodies, and an array': ['{"body":{"id":1}}', '{"body":{"ID":2}}', '{"body":[]}'],
}
;(async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  console.log('duckdb', version())
  const read = async (name, from) => {
    let seen
    try {
      const result = await connection.runAndReadAll(`SELECT to_json(r)::VARCHAR AS row FROM ${from} r`)
      seen = result.getRows().join(' ')
    } catch (error) {
      seen = String(error).split('\n')[0].replace(/^Error: /, '')
    }
    console.log(`${name}: ${seen}`)
  }
  for (const [name, lines] of Object.entries(files)) {
    fs.writeFileSync('lines.jsonl', lines.join('\n') + '\n')
    await read(name, "read_json('lines.jsonl')")
    if (name == 'in bodies') await read('in bodies, ignore_errors', "read_json('lines.jsonl', ignore_errors = true)")
  }
})()
END
timeout 60 node read.js | tee seen
grep -q '^in bodies: .*Duplicate name "ID" in struct' seen && grep -q '^in lines: {.*ID_1' seen &&
  grep -q '^in bodies, and an array: .*"ID":2' seen
