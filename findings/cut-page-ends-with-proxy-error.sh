#!/usr/bin/env bash
# Two intercepting proxies for Node.js end a page that its origin cut with the text of their error, as if it were whole.
#
# Expected: a proxy whose origin closes in the middle of a body closes its own connection without the last chunk (RFC
#   9112, 7.1 and 8), so that the client sees "incomplete" and tries again. An error page of a proxy has a status of
#   its own (502), and is possible only before the header of the answer has been passed on.
# Seen: mockttp 4.6.5 (the proxy of HTTP Toolkit), thenPassThrough, and http-mitm-proxy 1.1.0, both newest. Of a chunked
#   page that its origin cuts after 10000 bytes come 200, the 10000 bytes, "Error: aborted" behind them (mockttp), or
#   "SERVER_TO_PROXY_RESPONSE_ERROR: Error: aborted", and the last chunk: curl ends with 0. Of one with a
#   Content-Length of 20000 come the same bytes; then http-mitm-proxy closes the connection, and mockttp leaves it open.
# Why: their handlers of errors end the response with the error's text, whether or not its header was sent before.
# Why it matters: CSV, JSON lines and HTML that were recorded or fetched through them are short and have a line that is
#   no data, under a status and a framing of success: no retry, and a digest of what came is right. Only a length or
#   a digest of the origin's own shows it.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts mockttp@4.6.5 http-mitm-proxy@1.1.0 >/dev/null
port=18489
cat >server.cjs <<'END'
const port = Number(process.argv[2])
// the origin sends half of a page, and closes the connection
const body = 'a'.repeat(10000)
const pages = {
  '/length': 'HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n' + body,
  '/chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n' + body + '\r\n'
}
require('net').createServer((connection) => {
  connection.on('error', () => {})
  connection.once('data', (request) => {
    connection.write(pages[request.toString().split(' ')[1]])
    setTimeout(() => connection.end(), 200)
  })
}).listen(port + 1, '127.0.0.1', async () => {
  const mockttp = require('mockttp').getLocal()
  await mockttp.start(port)
  await mockttp.forAnyRequest().thenPassThrough()
  const { Proxy } = require('http-mitm-proxy')
  new Proxy().listen({ host: '127.0.0.1', port: port + 2, sslCaDir: 'ca' }, () => console.log('ready'))
})
END
for package in mockttp http-mitm-proxy; do
  echo "$package $(sed -n 's/^  "version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
node server.cjs "$port" >log 2>&1 &
server=$!
for _ in $(seq 300); do grep -q ready log && break || sleep 0.1; done

# ask PAGE OPTION...: exit code of curl, status, bytes of the body, the end of its text
ask() {
  local code=0 page=$1
  shift
  curl -s --max-time 5 -o body -w '%{http_code}' "$@" "http://127.0.0.1:$((port + 1))$page" >status || code=$?
  echo "$code $(cat status) $(wc -c <body) $(tail -c 15 body | xargs)"
}
direct=$(ask /chunks)
mockttp_chunks=$(ask /chunks -x "http://127.0.0.1:$port")
mockttp_length=$(ask /length -x "http://127.0.0.1:$port")
mitm_chunks=$(ask /chunks -x "http://127.0.0.1:$((port + 2))")
mitm_length=$(ask /length -x "http://127.0.0.1:$((port + 2))")
echo "exit code, status, bytes, and the last of them"
echo "chunked and cut, from its origin:          $direct"
echo "chunked and cut, through mockttp:          $mockttp_chunks"
echo "with a length and cut:                     $mockttp_length"
echo "chunked and cut, through http-mitm-proxy:  $mitm_chunks"
echo "with a length and cut:                     $mitm_length"
[ "$direct" = '18 200 10000 aaaaaaaaaaaaaaa' ] && [ "$mockttp_chunks" = '0 200 10014 aError: aborted' ] &&
  [ "$mockttp_length" = '28 200 10014 aError: aborted' ] && [ "$mitm_chunks" = '0 200 10046 Error: aborted' ] &&
  [ "$mitm_length" = '18 200 10046 Error: aborted' ]
