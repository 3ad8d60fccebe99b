#!/usr/bin/env bash
# Varnish cuts each answer whose gzip has two members, every time, also for clients that it need not decode it for.
#
# Expected: a gzip file is "a series of members" (RFC 1952, 2.2), so that logs of a day are made by cat of those of its
#   hours, and bgzip writes blocks; a cache between passes on a body that its client accepts as it came.
# Seen: Varnish 7.1.1 (Debian 12), no settings but the backend. To a request with "Accept-Encoding: gzip" it announces
#   200, Content-Encoding: gzip and the right Content-Length, and closes the connection before the end, or says 503; the
#   second and third request end in the same way. So does one without Accept-Encoding, as Varnish asks its backend for
#   gzip all the same. A gzip of one member, and the same bytes without a Content-Encoding, arrive.
# Why: Varnish checks each gzip body while it fetches it, and takes a byte behind the first member for junk.
# Why it matters: a body that ends early is what one tries again, and here each attempt transfers the file for nothing
#   and counts against the host. Without Varnish such a file fares little better: of its members Wget 1.25, Wget2 2.2
#   and aria2 1.37 keep the first one and exit with 0, curl 8.22 fails behind it, Node.js and Go read both.
set -euo pipefail

dir=$(mktemp -d)
servers=
trap '[ -z "$servers" ] || { kill $servers; wait $servers || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q varnish=7.1.1-2+deb12u1 libvarnishapi3=7.1.1-2+deb12u1 libjemalloc2=5.3.0-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/usr/lib/x86_64-linux-gnu/varnish

cat >origin.py <<'END_PY'
import gzip, http.server
lines = b''.join(b'%d,value\n' % n for n in range(100000))
half = len(lines) // 2
bodies = {'one': gzip.compress(lines), 'two': gzip.compress(lines[:half]) + gzip.compress(lines[half:])}
class Log(http.server.BaseHTTPRequestHandler):  # /MEMBERS/coded and /MEMBERS/file
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def do_GET(self):
        members, how = self.path[1:].split('/')
        self.send_response(200)
        self.send_header('Content-Type', 'text/csv' if how == 'coded' else 'application/gzip')
        if how == 'coded': self.send_header('Content-Encoding', 'gzip')
        self.send_header('Content-Length', str(len(bodies[members])))
        self.end_headers()
        self.wfile.write(bodies[members])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Log)
open('port', 'w').write(str(server.server_port))
server.serve_forever()
END_PY
python3 origin.py 2>/dev/null &
servers=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done
port=18721
echo "vcl 4.1; backend default { .host = \"127.0.0.1\"; .port = \"$(cat port)\"; }" >default.vcl
root/usr/sbin/varnishd -V 2>&1 | head -1
root/usr/sbin/varnishd -F -n "$dir/state" -a "127.0.0.1:$port" -f "$dir/default.vcl" -s malloc,32m -j none \
  &>varnish.log &
servers="$servers $!"
for _ in $(seq 200); do curl -s -o /dev/null "http://127.0.0.1:$port/one/file" && break || sleep 0.1; done

failed=0
# get PATH ACCEPT WHOLE: gets it three times; WHOLE of them arrive whole
get() {
  local ends= whole=0 code status
  for _ in 1 2 3; do
    code=0
    status=$(curl -s -m 20 -o body -D head -w '%{http_code}' -H "Accept-Encoding: $2" \
      "http://127.0.0.1:$port/$1") || code=$?
    ends="$ends; $status, exit code $code"
    [[ $status != 200 || $code != 0 ]] || whole=$((whole + 1))
  done
  echo "$1 with Accept-Encoding '$2': $whole of 3 arrive (curl: ${ends#; })"
  tr -d '\r' <head | grep -iE '^(content-encoding|content-length)' | sed 's/^/    /' || true
  [[ $whole == "$3" ]] || failed=1
}
get one/coded gzip 3
get one/coded '' 3
get two/coded gzip 0
get two/coded '' 0
get two/file gzip 3
exit "$failed"
