#!/usr/bin/env bash
# Behind two common Node.js proxies a body that the origin cut doesn't end: the connection stays open and silent.
#
# Expected: a proxy whose origin closes in the middle of a body closes its own connection, too (RFC 9112, section 8:
#   an incomplete message is not made to look otherwise), so that the client sees "truncated" at once and tries again.
# Seen: express-http-proxy 2.1.2 with express 5.3.0, and http-proxy 1.18.1 (all newest). The origin announces 15000
#   bytes and closes after 10000. The client gets the 10000 bytes at once, and then nothing: neither an end nor an
#   error, for as long as it waits. So it is with a body in chunks. http-proxy-middleware 4.2.2, which has another
#   engine, ends it.
# Why: origin.pipe(client) passes data and the end on, but not 'aborted' or 'error', and nobody else closes the
#   response.
# Why it matters: what is a moment's truncation without the proxy becomes a stall: without a limit on silence one dead
#   backend holds a worker of a batch for ever, with one of a minute for a minute each. The kind of failure is "stall"
#   or "timeout", not "truncated", and the part that came can be continued by Range all the same.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts express@5.3.0 express-http-proxy@2.1.2 \
  http-proxy@1.18.1 http-proxy-middleware@4.2.2 >/dev/null
port=18495
cat >server.mjs <<'END'
import http from 'node:http'
import express from 'express'
import expressHttpProxy from 'express-http-proxy'
import httpProxy from 'http-proxy'
import { createProxyMiddleware } from 'http-proxy-middleware'
const port = Number(process.argv[2])
const target = `http://127.0.0.1:${port}`
http.createServer((req, res) => {
  if (req.url === '/length') res.setHeader('Content-Length', 15000)
  if (req.url === '/ready') return res.end()
  res.write('x'.repeat(10000))
  setTimeout(() => res.destroy(), 200)
}).listen(port, '127.0.0.1')
express().use(expressHttpProxy(target)).listen(port + 1, '127.0.0.1')
const proxy = httpProxy.createProxyServer({ target })
proxy.on('error', (error, req, res) => res.destroy())
http.createServer((req, res) => proxy.web(req, res)).listen(port + 2, '127.0.0.1')
express().use(createProxyMiddleware({ target })).listen(port + 3, '127.0.0.1')
END
for package in express express-http-proxy http-proxy http-proxy-middleware; do
  echo "$package $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
echo "node $(node --version)"
node server.mjs "$port" &>server.log &
server=$!
for port in 18495 18496 18497 18498; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/ready" && break || sleep 0.1; done
done

# ask PORT PATH: bytes, and the exit code of curl: 18 for an end that comes early, 28 for 4 seconds of silence
ask() {
  local code=0
  curl -s --max-time 4 -o body "http://127.0.0.1:$1/$2" || code=$?
  echo "$(stat -c %s body) bytes, $code"
}

for path in length chunks; do
  origin=$(ask 18495 $path)
  express=$(ask 18496 $path)
  plain=$(ask 18497 $path)
  middleware=$(ask 18498 $path)
  echo "$path: origin $origin; express-http-proxy $express; http-proxy $plain; http-proxy-middleware $middleware"
  [ "$origin" = '10000 bytes, 18' ] && [ "$express" = '10000 bytes, 28' ] && [ "$plain" = '10000 bytes, 28' ] &&
    [ "$middleware" = '10000 bytes, 18' ] || exit 1
done
