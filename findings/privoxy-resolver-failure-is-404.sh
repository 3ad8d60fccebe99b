#!/usr/bin/env bash
# Privoxy says "404 No such domain" while its resolver does not answer.
#
# Expected: a proxy that can't look a name up says 502 or 504, which is of the proxy and worth a retry; at most a name
#   that is known not to exist is another matter. tinyproxy 1.11.1 says 500 for both.
# Seen: Privoxy 3.0.34 (Debian 12) says 404, for http and to CONNECT, where getaddrinfo says "Temporary failure in name
#   resolution" (EAI_AGAIN). The title of the page that comes with it says "502 - Bad Gateway"; no field of the header
#   tells it from an answer of the site.
# Why it matters: half a minute without a resolver becomes a list of pages that are gone: 404 is not retried, link
#   checkers report it, crawlers delete what they have. Behind a proxy a 404 proves nothing unless another one of the
#   same host was answered otherwise, and a CONNECT that fails with 404 has not reached the host at all.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 apt-get download -q privoxy=3.0.34-1 libmbedtls14=2.28.3-1 libmbedx509-1=2.28.3-1 \
  libmbedcrypto7=2.28.3-1 libpcre3=2:8.39-15 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/lib/x86_64-linux-gnu
port=18496
cat >config <<CONFIG
listen-address 127.0.0.1:$port
confdir $dir/root/etc/privoxy
templdir $dir/root/etc/privoxy/templates
logdir $dir
CONFIG
echo "privoxy $(dpkg-deb -f privoxy_*.deb Version)"

# A network with nothing but its loopback: no resolver can be reached in it.
cat >inside.sh <<'INSIDE'
set -eu
ip link set lo up
root/usr/sbin/privoxy --no-daemon config >/dev/null 2>&1 &
privoxy=$!
trap 'kill $privoxy' EXIT
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$1/" && break || sleep 0.1; done
python3 -c '
import socket
try: socket.getaddrinfo("www.example.com", 80)
except socket.gaierror as error: print("getaddrinfo:   ", error.strerror, error.errno == socket.EAI_AGAIN)'
curl -s --max-time 20 -o page -D head -x "http://127.0.0.1:$1" http://www.example.com/
echo "http:           $(head -1 head | tr -d '\r')"
echo "its page says:  $(grep -o '<title>[^(]*' page | cut -c8-)"
echo "CONNECT:        $(curl -s --max-time 20 -w '%{http_connect}' -x "http://127.0.0.1:$1" https://www.example.com/ || true)"
INSIDE
timeout 60 unshare --user --map-root-user --net bash inside.sh "$port" | tee seen
grep -q 'getaddrinfo: .* True' seen && grep -q 'http: .*404 No such domain' seen && grep -q '502 - Bad Gateway' seen &&
  grep -q 'CONNECT: *404' seen
