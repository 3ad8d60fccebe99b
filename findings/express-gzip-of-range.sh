#!/usr/bin/env bash
# Express compresses the part that a range asked for, where others cut a part out of the compressed file: same headers.
#
# Expected: a 206 with "Content-Encoding: gzip" is a piece of the gzip stream, and Content-Range counts its bytes. RFC
#   9110 has the coding as part of the representation (8.4), and ranges are of the representation (14.1.2); Apache and
#   nginx (gzip_static) do so. Or the compressor leaves a 206 alone.
# Seen: express 5.3.0 with compression 1.8.2 (all newest), "Accept-Encoding: gzip", "Range: bytes=100-9999" of a file
#   of 20000 bytes: 206, "Content-Range: bytes 100-9999/20000", "Content-Encoding: gzip", and some 2000 bytes that are a
#   whole gzip stream of their own, of bytes 100 to 9999 of the *uncompressed* file. Content-Range counts neither what
#   was sent nor a representation that exists: 20000 is the length without coding. The ETag is that of the whole,
#   compressed or not.
# Why: compression wraps res.write and looks at method, content type, length and Cache-Control, not at the status.
# Why it matters: two opposite meanings of the same headers, so a client can't know what a 206 with a coding holds.
#   One that appends what came to a kept gzip prefix makes a file that is broken, or, since gzip streams may be joined,
#   one that unpacks without an error to the wrong content, which the last lines here show. A 206 with a coding must be
#   refused, and a range asked for with "Accept-Encoding: identity".
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts express@5.3.0 compression@1.8.2 \
  send@1.2.1 >/dev/null
mkdir www
seq -f '%.0f,value' 20000 >rows
head -c 20000 rows >www/rows.csv
port=18482
cat >server.js <<'END'
const express = require('express')
const compression = require('compression')
express().use(compression()).use(express.static('www')).listen(process.argv[2], '127.0.0.1')
END
for package in express compression send; do
  echo "$package $(node -p "require('./node_modules/$package/package.json').version"), node $(node --version)"
done
node server.js "$port" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done

# ask FILE HEADER...: status, Content-Range and Content-Encoding; the body goes into FILE
ask() {
  local file=$1 header=()
  shift
  for line in "$@"; do header+=(-H "$line"); done
  curl -s --max-time 10 -o "$file" -D head "${header[@]}" "http://127.0.0.1:$port/rows.csv"
  echo "$(awk 'NR == 1 {print $2}' head)" \
    "$(grep -iE '^content-(range|encoding)' head | tr -d '\r' | cut -d' ' -f2- | sort | tr '\n' ' ')"
}

whole=$(ask whole.gz 'Accept-Encoding: gzip')
part=$(ask part.gz 'Accept-Encoding: gzip' 'Range: bytes=100-9999')
echo "whole: $whole, $(stat -c %s whole.gz) bytes"
echo "range: $part, $(stat -c %s part.gz) bytes"
[ "$whole" = '200 gzip ' ] && [ "$part" = '206 bytes 100-9999/20000 gzip ' ]
gzip -dc part.gz | cmp - <(head -c 10000 www/rows.csv | tail -c +101)
echo 'the part is a gzip stream of its own, of bytes 100-9999 of the plain file'

# Continued as ranges are meant: the whole stream was kept, and what lies behind its end is asked for.
size=$(stat -c %s whole.gz)
rest=$(ask rest.gz 'Accept-Encoding: gzip' "Range: bytes=$size-")
cat whole.gz rest.gz >joined.gz
echo "rest behind the $size bytes of the whole: $rest; unpacks to $(gzip -dc joined.gz | wc -c) bytes, no error"
[ "$rest" = "206 bytes $size-19999/20000 gzip " ] && [ "$(gzip -dc joined.gz | wc -c)" -gt 20000 ]
