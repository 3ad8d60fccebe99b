#!/usr/bin/env bash
# A download that undici's RetryAgent continues is made of two versions of the file, without an error.
#
# Expected: a transfer that broke off is continued only while the file is the same; both answers of the server have an
#   ETag, and the two are different.
# Seen: undici 7.30.2 drops an ETag that is weak, and then neither asks for the version it has (If-Match, If-Range) nor
#   compares the tag of the 206 with the first one: half of the old file and half of the new one come as one body with
#   status 200. With a strong ETag the same ends as an error. Express 5.2.1 sends weak ETags for files by default.
# Why: weak tags may not be used in If-Match and If-Range (RFC 9110, 13.1.1 and 13.1.5); nothing takes their place. That
#   two weak tags are the same does not say that bytes are, but that they are different says that it is another version.
# Why it matters: who resumes needs a rule for answers without a strong validator: to begin again, or at least to
#   compare all that the two answers say of themselves (ETag, Last-Modified, length).
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
timeout 120 npm install --silent --no-audit --no-fund undici@7.30.2 express@5.2.1 >/dev/null
cat >check.js <<'JS'
const express = require('express')
const fs = require('fs')
const http = require('http')
const { request, Agent, RetryAgent } = require('undici')

const size = 1 << 20
const tags = []

// serves a file by express.static, but breaks the first transfer off in the middle and then replaces the file
async function download (etag) {
  fs.mkdirSync('www', { recursive: true })
  fs.writeFileSync('www/file', 'a'.repeat(size))
  const app = express()
  let broken = false
  app.use((req, res, next) => {
    const writeHead = res.writeHead
    res.writeHead = function (...all) {
      if (etag) res.setHeader('ETag', etag())
      tags.push(res.getHeader('ETag'))
      return writeHead.apply(this, all)
    }
    if (broken) return next()
    let sent = 0
    const write = res.write
    res.write = function (chunk, ...rest) {
      if (broken) return false
      if (sent + chunk.length > size / 2) {
        broken = true
        write.call(this, chunk.subarray(0, size / 2 - sent), () => {
          fs.writeFileSync('www/file', 'b'.repeat(size))
          fs.utimesSync('www/file', new Date(), new Date(Date.now() + 60000))
          res.socket.destroy()
        })
        return false
      }
      sent += chunk.length
      return write.call(this, chunk, ...rest)
    }
    next()
  })
  app.use(express.static('www'))
  const server = http.createServer(app)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const agent = new RetryAgent(new Agent(), { minTimeout: 100, maxRetries: 3 })
  let result
  try {
    const { statusCode, body } = await request(`http://127.0.0.1:${server.address().port}/file`, { dispatcher: agent })
    const text = await body.text()
    const old = text.lastIndexOf('a') + 1
    result = `${statusCode}, ${text.length} bytes, of the old file ${old}, of the new one ${text.length - old}`
  } catch (error) {
    result = `error: ${error.message}`
  }
  await agent.close()
  server.closeAllConnections()
  server.close()
  return result
}

(async () => {
  const weak = await download()
  console.log('weak ETags of express:', weak)
  console.log('  ', tags.join(' then '))
  const strong = await download(() => fs.readFileSync('www/file', 'utf8')[0] === 'a' ? '"old"' : '"new"')
  console.log('strong ETags:         ', strong)
  const ok = weak === `200, ${size} bytes, of the old file ${size / 2}, of the new one ${size / 2}` && /^error/.test(strong)
  process.exit(ok && tags[0] !== tags[1] ? 0 : 1)
})()
JS
echo "node $(node --version), undici $(node -p 'require("./node_modules/undici/package.json").version')"
NODE_ENV=test timeout 30 node check.js
