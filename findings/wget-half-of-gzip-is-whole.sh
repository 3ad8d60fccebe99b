#!/usr/bin/env bash
# Wget --compression=auto takes a compressed page of which half has come for whole, and does not try again.
#
# Expected: a connection that closes before Content-Length bytes have come is "Connection closed at byte N. Retrying.",
#   and exit code 4 in the end, as it is for the same page without compression.
# Seen: Wget 1.21.3 (1.25.0, the newest, too): half or a tenth of a gzip body comes, with the Content-Length of all:
#   that is exit code 0, no message and no second try, with the beginning of the page in the file.
# Why: a body that is decoded is written with another length than was announced, so the announced one is forgotten
#   ("saved [53302]" in place of "[53302/12654]"); that the gzip stream has no end is not looked at either.
# Why it matters: the option is what one adds to a batch of text to make it faster, and from then on a server that is
#   restarted leaves halves of pages which no exit code, log or second run tells from whole ones (-nc and -N keep them).
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q wget=1.21.3-1+deb12u1 &>/dev/null
dpkg -x wget_*.deb root

cat >server.py <<'END_PY'
import gzip, http.server, sys
plain = b''.join(b'line %d of the page\n' % n for n in range(5000))
coded = gzip.compress(plain)
print(f'a page of {len(plain)} bytes, {len(coded)} of them with gzip', flush=True)
class Page(http.server.BaseHTTPRequestHandler):  # /CODING/PERCENT: so much of the body comes
    def log_message(self, *args): pass
    def do_GET(self):
        coding, percent = self.path[1:].split('/')
        body = coded if coding == 'gzip' else plain
        print(f'  request for {self.path}', flush=True)
        self.send_response(200)
        if coding == 'gzip': self.send_header('Content-Encoding', 'gzip')
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) * int(percent) // 100])
server = http.server.HTTPServer(('127.0.0.1', 0), Page)
open('port', 'w').write(str(server.server_port))
server.serve_forever()
END_PY
python3 server.py >requests &
server=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done

root/usr/bin/wget --version | head -1
failed=0
# get PATH CODE TRIES
get() {
  local code=0 tries
  timeout 20 root/usr/bin/wget --no-config --no-proxy -q --compression=auto --tries=2 --waitretry=0 -O page \
    "http://127.0.0.1:$(cat port)/$1" || code=$?
  tries=$(grep -c "request for /$1\$" requests)
  echo "$1 percent: exit code $code after $tries requests, $(wc -c <page) bytes in the file"
  [[ $code == "$2" && $tries == "$3" ]] || failed=1
}
get plain/100 0 1
get plain/50 4 2
get gzip/100 0 1
get gzip/50 0 1
get gzip/10 0 1
exit "$failed"
