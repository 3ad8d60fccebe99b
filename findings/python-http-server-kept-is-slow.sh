#!/usr/bin/env bash
# http.server of Python over a kept connection takes 40 ms for each answer, over a new one for each request about one.
#
# Expected: a connection that is kept saves a handshake for each request, so it is the faster one, if only by little on
#   the same machine. A server that is slow for its writes is slow for both.
# Seen: Python 3.11.2 (Debian 12), SimpleHTTPRequestHandler ("python3 -m http.server --protocol HTTP/1.1") and a handler
#   of one's own that ends with end_headers() and wfile.write(body): over one connection each answer takes 41 to 48 ms,
#   over a new connection for each 0.5 to 4 ms. With disable_nagle_algorithm = True a kept connection takes less than
#   1 ms. WEBrick 1.8 and the API of Icinga 2.13, with TLS, take 44 ms for each response in the same way (not run here).
# Why: header and body are two writes on a socket with Nagle's algorithm, which holds the second back until the first
#   is acknowledged; the client's system waits 40 ms with that for something to send. On a new connection Linux
#   acknowledges the first segments at once, and where the server closes at the end, the close sends the rest.
# Why it matters to a batch fetcher: the usual advice, keep connections, makes such a server ten times slower and more:
#   ten at once get 230 answers a second where "Connection: close" gets a thousand, and each request looks like a slow
#   page with a fast first byte. A mock that a benchmark runs against measures this timer. A client can help itself:
#   TCP_QUICKACK (Linux) once the header has come and the body has not.
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
timeout 100 apt-get download -q python3.11-minimal=3.11.2-6+deb12u9 libpython3.11-minimal=3.11.2-6+deb12u9 \
  libpython3.11-stdlib=3.11.2-6+deb12u9 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export PYTHONHOME=$dir/root/usr PYTHONDONTWRITEBYTECODE=1
mkdir pages
head -c 5000 /dev/zero >pages/page
cat >server.py <<'END'
import http.server, platform, sys

class Static(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def __init__(self, *args):
        super().__init__(*args, directory="pages")
    def log_message(self, *args):
        pass

class TwoWrites(Static):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

class NoDelay(TwoWrites):
    disable_nagle_algorithm = True

print("Python", platform.python_version(), flush=True)
for name, handler in (("static", Static), ("two", TwoWrites), ("nodelay", NoDelay)):
    if name == sys.argv[1]:
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), handler).serve_forever()
END
port=18881
for name in static two nodelay; do
  timeout 100 root/usr/bin/python3.11 server.py "$name" "$port" >version 2>log & servers+=($!)
  for _ in $(seq 200); do curl -s -o /dev/null "http://127.0.0.1:$port/page" && break || sleep 0.1; done
  port=$((port + 1))
done
cat version
curl --version | cut -d' ' -f1-2 | head -1

# median PORT [FLAG...]: the median time of the last 20 of 40 requests, in milliseconds
median() {
  local from=$1
  shift
  for _ in $(seq 40); do printf 'url = "http://127.0.0.1:%s/page"\noutput = /dev/null\n' "$from"; done >urls
  curl -s "$@" -K urls -w '%{time_total}\n' | tail -20 | sort -n | awk 'NR == 10 { printf "%.1f", $1 * 1000 }'
}
changed=
expect() { # NAME MILLISECONDS slow|fast
  echo "$1: $2 ms"
  [ "$(awk "BEGIN { print ($2 >= 35) ? \"slow\" : \"fast\" }")" = "$3" ] || { echo "  not $3"; changed=1; }
}
expect 'files, one connection' "$(median 18881)" slow
expect 'files, a new connection each' "$(median 18881 -H 'Connection: close')" fast
expect 'two writes, one connection' "$(median 18882)" slow
expect 'two writes, a new connection each' "$(median 18882 -H 'Connection: close')" fast
expect 'two writes without Nagle, one connection' "$(median 18883)" fast
if [ -z "$changed" ]; then
  echo 'as described: the connection that is kept is the slow one'
else
  echo 'the behaviour has changed'
  exit 1
fi
