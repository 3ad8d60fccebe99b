#!/usr/bin/env bash
# lighttpd takes 8 requests at a time over an HTTP/2 connection, so that HTTP/2 is slower there than HTTP/1.1.
#
# Expected: SETTINGS_MAX_CONCURRENT_STREAMS is 100 or more, as RFC 9113 (6.5.2) recommends "so as to not unnecessarily
#   limit parallelism"; Apache says 100, nginx 128. One connection then does for a host.
# Seen: lighttpd 1.4.69 (Debian 12) says 8. 32 answers of 0.3 s each take 4 rounds over one
#   connection of HTTP/2 and one round over 32 connections of HTTP/1.1.
# Why it matters: a fetcher that keeps to one HTTP/2 connection a host has a width of 8 there, whatever width it is
#   told, and slow answers stand in the way of quick ones. It has to open further connections by the number that the
#   server says, and not only where a stream is refused: nothing is refused here.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 apt-get download -q lighttpd=1.4.69-1 nghttp2-client=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 \
  libev4=1:4.33-1 libjansson4=2.14-2 libjemalloc2=5.3.0-1 libnettle8=3.8.1-2 libxxhash0=0.8.1-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
mkdir www
printf '%s\n' '#!/bin/sh' 'sleep 0.3' 'printf "Content-Type: text/plain\\r\\n\\r\\nok\\n"' >www/slow
chmod +x www/slow
port=18497
cat >lighttpd.conf <<END
server.modules = ("mod_cgi")
server.document-root = "$dir/www"
server.bind = "127.0.0.1"
server.port = $port
cgi.assign = ("slow" => "")
END
root/usr/sbin/lighttpd -D -f lighttpd.conf -m root/usr/lib/lighttpd &>server.log &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/none" && break || sleep 0.1; done
root/usr/sbin/lighttpd -v

# load OPTION...: milliseconds that 32 requests take; fails where one of them does
load() {
  local begun
  begun=$(date +%s%N)
  timeout 60 root/usr/bin/h2load -n 32 "$@" "http://127.0.0.1:$port/slow" >load.txt
  grep -q ' 32 succeeded, 0 failed' load.txt && echo $((($(date +%s%N) - begun) / 1000000))
}

streams=$(timeout 10 root/usr/bin/nghttp -nv "http://127.0.0.1:$port/none" |
  awk '/recv SETTINGS/ {theirs = 1} theirs && sub(/.*MAX_CONCURRENT_STREAMS\(0x03\):/, "") {print $1 + 0; exit}')
one=$(load -c 1 -m 32)
many=$(load --h1 -c 32 -m 1)
echo "streams that it allows:     $streams"
echo "HTTP/2, one connection:     $one ms"
echo "HTTP/1.1, 32 connections:   $many ms"
[ "$streams" = 8 ] && [ "$one" -ge 1200 ] && [ "$many" -lt "$one" ]
