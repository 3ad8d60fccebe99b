#!/usr/bin/env bash
# cpp-httplib compresses a file by brotli at its highest quality, whole, before it answers: 3 s of silence a megabyte.
#
# Expected: "Accept-Encoding: gzip, br" makes a transfer shorter. A server that compresses as it answers takes a quick
#   level (4 to 6 of brotli's 11), and sends the header and the first bytes at once; a static file is not slower by it.
# Seen: cpp-httplib 0.11.4 (Debian 12), files of a folder by set_mount_point: 1.5 MB of CSV without Accept-Encoding have
#   their first byte after 2 ms, with gzip after 0.2 s, and with br after 4 s and more, and that for each request
#   anew. The body is, byte for byte, what "brotli -q 11 -w 22" makes of the file. "gzip, deflate, br", what browsers
#   send, is br. HEAD takes as long.
# Why: the header has a Content-Length, so the body is compressed before it, with the settings that a new encoder of the
#   brotli library has; quality 11 is its default, and is meant for files that are compressed once.
# Why it matters: with codings accepted, a file of 10 MB is silent for half a minute: clients with a limit for that
#   give up, retry, and occupy one more of the server's 8 threads each time, as it goes on compressing. A plain "curl",
#   which accepts no coding, shows nothing of it. A client that met silence should ask again with
#   "Accept-Encoding: identity".
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 apt-get download -q libcpp-httplib-dev=0.11.4+ds-1+deb12u1 libcpp-httplib0.11=0.11.4+ds-1+deb12u1 \
  brotli=1.0.9-2+deb12u1 libbrotli1=1.0.9-2+deb12u1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$dir/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$lib

port=18710
mkdir www
for ((i = 0; i < 55000; i++)); do echo "$i,$((i * i * 7919 % 1000003)),city $((i % 977)),$((i * 31 % 8191)).5"; done \
  >www/rows.csv
cat >serve.cc <<EOF
#include <httplib.h>
int main() {
  httplib::Server server;
  server.set_mount_point("/", "www");
  return server.listen("127.0.0.1", $port) ? 0 : 1;
}
EOF
g++ -std=c++17 -I root/usr/include serve.cc -o serve -L "$lib" -lcpp-httplib -Wl,--allow-shlib-undefined -lpthread
timeout 110 ./serve &
server=$!
url=http://127.0.0.1:$port/rows.csv
for _ in $(seq 100); do curl -s -o /dev/null -r 0-0 "$url" && break || sleep 0.1; done
echo "cpp-httplib $(dpkg-deb -f libcpp-httplib0*.deb Version), $(stat -c %s www/rows.csv) bytes of CSV"

# ask CODINGS: milliseconds until the first byte; the header and the body are files head and body
ask() {
  curl -s --max-time 60 -H "Accept-Encoding: $1" -D head -o body -w '%{time_starttransfer}' "$url" |
    awk '{printf "%d", $1 * 1000}'
}
plain=$(ask identity)
gzip=$(ask gzip)
coded=$(ask 'gzip, deflate, br')
echo "first byte: without a coding after $plain ms, gzip $gzip ms, \"gzip, deflate, br\" $coded ms"
grep -i '^content-encoding: br' head
root/usr/bin/brotli -q 11 -w 22 -c www/rows.csv >best
root/usr/bin/brotli -q 5 -w 22 -c www/rows.csv >quick
echo "body: $(stat -c %s body) bytes; brotli -q 11: $(stat -c %s best), -q 5: $(stat -c %s quick)"
cmp body best
again=$(ask br)
echo "once more: $again ms"
[ "$coded" -gt $((20 * (plain + 1))) ] && [ "$again" -gt $((20 * (plain + 1))) ]
