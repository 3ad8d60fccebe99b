#!/usr/bin/env bash
# HTTPS servers of Python's http.server never say the end of TLS, so that whole pages end as those of a killed process.
#
# Expected: a body without a length ends with the connection, and over TLS with close_notify, as RFC 8446 (6.1) asks
#   of each side; RFC 9112 (9.8) calls one without it incomplete. ssl.SSLSocket.close(), or the server around it, sends
#   it.
# Seen: Python 3.11.2 (Debian 12), http.server with ssl.SSLContext.wrap_socket, the usual way, and no Content-Length,
#   which the handler does not add. The end of a whole answer and of one whose process died in the middle are the same
#   to a client: "unexpected eof while reading" (openssl s_client). curl 7.88.1 exits with 0 for both.
# Why: close() of an ssl socket closes the descriptor; only unwrap() sends close_notify, and socketserver doesn't know
#   it.
# Why it matters: of the two rules that a client can have, one loses whole pages: each is "truncated" in each try; the
#   other takes half of a page for one. The same bytes, once more, of the same length are no proof, but the best there
#   is. A length, or chunks, take it out of the question, and most frameworks above send one.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null && wait "$server" || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
timeout 120 apt-get download -q python3.11-minimal=3.11.2-6+deb12u9 libpython3.11-minimal=3.11.2-6+deb12u9 \
  libpython3.11-stdlib=3.11.2-6+deb12u9 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
  -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
cat >server.py <<'END'
import http.server, os, ssl, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain')
        self.end_headers()
        self.wfile.write(b'x' * 5000)
        if self.path == '/dies':
            os._exit(1)
        if self.path == '/whole':
            self.wfile.write(b'x' * 5000)

server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(sys.version.split()[0], ssl.OPENSSL_VERSION, flush=True)
server.serve_forever()
END

# get PATH CLIENT: starts a server, and says how many bytes of the body CLIENT got, and how it says that they ended
get() {
  local code=0
  PYTHONHOME=$dir/root/usr root/usr/bin/python3.11 server.py "$port" >version 2>/dev/null &
  servers+=($!)
  for _ in $(seq 100); do
    curl -s -o /dev/null --cacert cert.pem "https://127.0.0.1:$port/ready" && break || sleep 0.1
  done
  if [ "$2" = curl ]; then
    curl -s --max-time 10 -o body --cacert cert.pem "https://127.0.0.1:$port$1" || code=$?
    result="$(stat -c %s body), exit code $code"
  else
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >request
    timeout 10 openssl s_client -quiet -verify_quiet -CAfile cert.pem -connect "127.0.0.1:$port" \
      <request >answer 2>end || true
    result="$(sed '1,/^\r$/d' answer | wc -c), $(grep -o 'unexpected eof while reading' end || echo 'a clean end')"
  fi
  port=$((port + 1))
}

port=18491
get /whole openssl && whole=$result
get /dies openssl && dies=$result
get /whole curl && curl_whole=$result
get /dies curl && curl_dies=$result
echo "Python $(cat version), $(curl --version | head -1 | cut -d' ' -f1-4)"
echo "whole: openssl $whole; curl $curl_whole"
echo "dies:  openssl $dies; curl $curl_dies"
[ "$whole" = '10000, unexpected eof while reading' ] && [ "$dies" = '5000, unexpected eof while reading' ] &&
  [ "${curl_whole#*,}" = "${curl_dies#*,}" ]
