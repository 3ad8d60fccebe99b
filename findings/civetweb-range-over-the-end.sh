#!/usr/bin/env bash
# civetweb announces one byte too many for a range that goes over the end of the file.
#
# Expected: a last position beyond the end is cut to the last byte (RFC 9110, 14.1.2): of 1000 bytes, "bytes=900-1999"
#   is "Content-Range: bytes 900-999/1000" and 100 bytes. Behind the end it is 416.
# Seen: civetweb 1.15 (Debian 12): "Content-Range: bytes 900-1000/1000", "Content-Length: 101", and 100 bytes; then
#   the connection is closed, and curl exits with 18, "transfer closed with 1 bytes remaining". "bytes=900-" and
#   "bytes=900-999" are right. "bytes=-100", the last hundred, is 200 and all of the file. "bytes=1000-", behind the
#   end, is 206 with "Content-Range: bytes 1000-999/1000".
# Why: the last position is limited to the size, not to the size less one.
# Why it matters: downloads in blocks of a fixed size get a last block that is truncated by a byte in each try, so
#   that the file never becomes complete, although all of its bytes arrived. An open range, "bytes=900-", is the one to
#   ask for.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 apt-get download -q civetweb=1.15+dfsg-4 libcivetweb1=1.15+dfsg-4 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
mkdir www
seq 1000 1199 | head -c 1000 >www/rows.csv
port=18500
root/usr/bin/civetweb -document_root "$dir/www" -listening_ports "127.0.0.1:$port" &>server.log &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done
echo "civetweb $(dpkg-deb -f civetweb_*.deb Version)"

# ask RANGE: status, Content-Range, bytes announced and received, and curl's exit code
ask() {
  local code=0
  : >body
  curl -s --max-time 10 -o body -D head -H "Range: bytes=$1" "http://127.0.0.1:$port/rows.csv" || code=$?
  echo "$(awk 'NR == 1 {print $2}' head) $(field content-range | cut -d' ' -f2)" \
    "$(field content-length) $(stat -c %s body) $code"
}

field() { grep -i "^$1:" head | tr -d '\r' | cut -d' ' -f2-; }

open=$(ask 900-)
exact=$(ask 900-999)
over=$(ask 900-1999)
last=$(ask -100)
behind=$(ask 1000-)
echo "900-:     $open"
echo "900-999:  $exact"
echo "900-1999: $over"
echo "-100:     $last"
echo "1000-:    $behind"
[ "$open" = '206 900-999/1000 100 100 0' ] && [ "$exact" = "$open" ] && [ "$over" = '206 900-1000/1000 101 100 18' ] &&
  [ "$last" = '200  1000 1000 0' ] && [ "$behind" = '206 1000-999/1000 0 0 0' ]
