#!/usr/bin/env bash
# HAProxy: an upload over HTTP/2 that waits for a server stops its whole connection, and so the upload that has one.
#
# Expected: with `maxconn 1` of a server the second of two uploads waits in HAProxy's queue until the first is done, and
#   that takes as long as the two one after the other, some milliseconds. Streams of HTTP/2 have windows of their own
#   (RFC 9113, 5.2), so that one that is not read holds up no other. Over HTTP/1.1, with a connection each, it is so.
# Seen: HAProxy 2.6.12 (Debian 12), two uploads of 400 kB at once over one connection: the first, which has the server,
#   stops as well, and neither moves until `timeout queue` (here 3 s; by default `timeout connect`) ends the second with
#   503. A GET of that connection for another server, which is idle, is not answered before that either. HAProxy
#   grants each stream 64 kB, and has one buffer of 16 kB for what it reads of a connection: what came for the stream
#   that waits stays in it, and the rest of the first upload is behind that.
# Why it matters: maxconn of a server is there so that what is too much waits, and clients of HTTP/1.1 see just that.
#   A batch of uploads that goes over to HTTP/2 loses most of them by 503s that tell of a server without room, while the
#   server waits for data; and retries at once meet the same. What helps is HTTP/1.1, or an upload at a time.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
timeout 240 apt-get download -q haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 libopentracing-c-wrapper0=1.1.3-3+b1 \
  libopentracing1=1.6.0-4 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu

# a server that reads what is uploaded, and answers with its length
cat >origin.js <<'END_JS'
const http = require('http'), fs = require('fs')
http.createServer((request, response) => {
  let bytes = 0
  request.on('data', data => { bytes += data.length }).on('end', () => response.end(String(bytes)))
}).listen(0, '127.0.0.1', function () { fs.writeFileSync('port', String(this.address().port)) })
END_JS
node origin.js &
servers+=($!)
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done
port=18791
cat >haproxy.cfg <<END
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 5s
  timeout queue 3s
frontend both
  bind 127.0.0.1:$port
  use_backend free if { path /free }
  default_backend one
backend one
  server origin 127.0.0.1:$(cat port) maxconn 1
backend free
  server origin 127.0.0.1:$(cat port)
END
root/usr/sbin/haproxy -db -f haproxy.cfg &>haproxy.log & servers+=($!)
for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break || sleep 0.1; done

# two uploads, and a GET 0.3 s later
cat >client.js <<'END_JS'
const http = require('http'), http2 = require('http2')
const [port, version] = process.argv.slice(2)
const body = Buffer.alloc(400000, 'x')
const agent = new http.Agent({ keepAlive: true })
const session = version === '2' ? http2.connect(`http://127.0.0.1:${port}`) : null
function send(name, method, path) {
  const began = Date.now()
  const say = status => {
    const took = Date.now() - began
    const time = took < 1500 ? 'less than 1.5 s' : took < 10000 ? '1.5 to 10 s' : 'more'
    console.log(`HTTP/${version} ${name}: ${status} after ${time}`)
  }
  const length = method === 'PUT' ? { 'content-length': body.length } : {}
  return new Promise(resolve => {
    const answered = (status, stream) => { stream.resume(); stream.on('end', () => { say(status); resolve() }) }
    let request
    if (session) {
      request = session.request({ ':method': method, ':path': path, ...length })
      request.on('response', headers => answered(headers[':status'], request))
    } else {
      request = http.request({ host: '127.0.0.1', port, method, path, agent, headers: length },
        response => answered(response.statusCode, response))
    }
    request.on('error', error => { say(error.code || error.message); resolve() })
    request.end(method === 'PUT' ? body : undefined)
  })
}
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
;(async () => {
  const all = [send('first upload', 'PUT', '/1'), send('second upload', 'PUT', '/2')]
  await pause(300)
  all.push(send('GET of another server', 'GET', '/free'))
  await Promise.all(all)
  agent.destroy()
  if (session) session.close()
})()
END_JS
echo "node $(node --version), haproxy $(dpkg-deb -f haproxy_*.deb Version)"
timeout 30 node client.js "$port" 1.1 | sort | tee came
timeout 30 node client.js "$port" 2 | sort | tee -a came
diff - came <<'END'
HTTP/1.1 GET of another server: 200 after less than 1.5 s
HTTP/1.1 first upload: 200 after less than 1.5 s
HTTP/1.1 second upload: 200 after less than 1.5 s
HTTP/2 GET of another server: 200 after 1.5 to 10 s
HTTP/2 first upload: 200 after 1.5 to 10 s
HTTP/2 second upload: 503 after 1.5 to 10 s
END
