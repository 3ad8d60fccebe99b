#!/usr/bin/env bash
# Weborf answers a range request with 206 or 400 by the order of its header fields: it takes If-Range for Range.
#
# Expected: the order of header fields with different names means nothing (RFC 9110, 5.3). A request for the rest of a
#   file has "Range: bytes=100-" and "If-Range: ETAG"; which of them stands first is a matter of the client, and many
#   HTTP libraries (those of Go among them) sort the fields, so that If-Range is first.
# Seen: Weborf 0.19 (Debian 12): with Range first, 206 and the rest of the file. With If-Range first, 400 for the same
#   request. Range alone is 206. HTTP/1.1 has no other difference between the requests.
# Why: the field is found as the first "Range: " anywhere in the head, which "If-Range: " contains, and an entity tag is
#   no range.
# Why it matters: a download that broke off is continued by one client and never by the other, though both send what
#   the RFC asks for. By hand, "curl -r 100- -H 'If-Range: ...'" works, as curl writes Range first, and
#   "curl -H 'If-Range: ...' -H 'Range: ...'" does not. A client should write Range ahead of If-Range.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 apt-get download -q weborf=0.19-2.1+deb12u1 &>/dev/null
dpkg -x weborf_*.deb root
mkdir www
seq 1000 1199 >www/rows.csv
port=18730
timeout 60 root/usr/bin/weborf -p "$port" -i 127.0.0.1 -b "$dir/www" &>server.log &
server=$!
url=http://127.0.0.1:$port/rows.csv
for _ in $(seq 100); do curl -s -o /dev/null "$url" && break || sleep 0.1; done
echo "weborf $(dpkg-deb -f weborf_*.deb Version)"
tag=$(curl -s -D - -o /dev/null "$url" | tr -d '\r' | sed -n 's/^etag: //Ip')
echo "ETag: $tag"

# ask FIELD...: status and number of bytes of a request with these header fields in this order
ask() {
  local fields=()
  for field in "$@"; do fields+=(-H "$field"); done
  curl -s --max-time 10 -o body -w '%{http_code} %{size_download}' "${fields[@]}" "$url"
}
alone=$(ask 'Range: bytes=900-')
first=$(ask 'Range: bytes=900-' "If-Range: $tag")
second=$(ask "If-Range: $tag" 'Range: bytes=900-')
echo "Range:                   $alone"
echo "Range, then If-Range:    $first"
echo "If-Range, then Range:    ${second% *}"
[ "$alone" = '206 100' ] && [ "$first" = '206 100' ] && [ "${second% *}" = 400 ]
