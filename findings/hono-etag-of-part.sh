#!/usr/bin/env bash
# Hono gives each range of a file another strong ETag, and answers If-Range with a part whatever the tag says.
#
# Expected: a 206 has the ETag that a 200 would have had to the same request (RFC 9110, 15.3.7), as the tag names the
#   representation, so that parts can be joined where tags are equal (14.3, 15.3.7.3); If-Range with a tag that does not
#   match gets the whole (13.1.5).
# Seen: hono 4.13.19 with hono/etag and the serveStatic of @hono/node-server 2.1.9 (both newest), one file that nobody
#   touches. Bytes 0-99, 100-199 and the whole have three strong ETags. If-Range with the whole's own tag, or with any
#   other, is 206. So is "Range: bytes=0-9,20-29", with the whole file as "bytes 0-19999/20000".
# Why: the middleware hashes the body of the response, which for a 206 is the part.
# Why it matters: a client that compares tags, as it must, takes each continuation for a changed file and begins from
#   zero, as often as the connection breaks; one that relies on If-Range joins parts of two files. Nothing but
#   Last-Modified tells here whether a part fits. A cache that stores the tag of a part revalidates the wrong thing.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts hono@4.13.19 @hono/node-server@2.1.9 >/dev/null
mkdir www
seq -f '%.0f,value' 20000 >rows
head -c 20000 rows >www/rows.csv
port=18483
cat >server.mjs <<'END'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
const app = new Hono().use(etag()).use(serveStatic({ root: 'www' }))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.argv[2]) })
END
for package in hono @hono/node-server; do
  echo "$package $(sed -n 's/^  "version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
node server.mjs "$port" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done

# ask HEADER...: status, Content-Range, ETag
ask() {
  local header=()
  for line in "$@"; do header+=(-H "$line"); done
  curl -s --max-time 10 -o body -D head "${header[@]}" "http://127.0.0.1:$port/rows.csv"
  echo "$(awk 'NR == 1 {print $2}' head)" \
    "$(grep -iE '^(content-range|etag)' head | tr -d '\r' | cut -d' ' -f2- | sort -r | tr '\n' ' ')"
}

whole=$(ask)
tag=$(grep -i ^etag: head | tr -d '\r' | cut -d' ' -f2)
first=$(ask 'Range: bytes=0-99')
second=$(ask 'Range: bytes=100-199')
own=$(ask 'Range: bytes=100-199' "If-Range: $tag")
other=$(ask 'Range: bytes=100-199' 'If-Range: "other"')
several=$(ask 'Range: bytes=0-9,20-29')
echo "whole:                  $whole"
echo "first range:            $first"
echo "second range:           $second"
echo "If-Range, its own tag:  $own"
echo "If-Range, \"other\":      $other"
echo "two ranges:             $several"
[[ $whole == '200 "'* ]] && [[ $first == '206 bytes 0-99/20000 "'* ]] &&
  [[ $second == '206 bytes 100-199/20000 "'* ]] &&
  [ "${first##* \"}" != "${second##* \"}" ] && [ "${second##* \"}" != "${tag#\"} " ] &&
  [ "$own" = "$second" ] && [ "$other" = "$second" ] && [[ $several == '206 bytes 0-19999/20000 "'* ]]
