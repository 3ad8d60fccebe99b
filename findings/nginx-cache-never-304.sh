#!/usr/bin/env bash
# nginx with a cache answers neither 304 nor 206 for what its cache may not keep, though the server behind it does.
#
# Expected: what a cache must not keep passes through it as if there were none, with If-None-Match and Range of the
#   client (RFC 9111, 4.3; nginx without proxy_cache does so). If the cache does not pass them on, as nginx documents, it
#   applies them itself to the 200 that comes, as it does to what it keeps.
# Seen: nginx 1.22.1 (Debian 12) with proxy_cache: a page with "Cache-Control: private" or Set-Cookie is sent whole to
#   a client that has it, with the same ETag in request and answer; and a range gets a 200 with the whole file, which says
#   "Accept-Ranges: bytes". A page of max-age=60 gets its 304 and 206, also at the first request.
# Why: nginx takes the fields out of each request in such a location before it knows the answer, and does not compare
#   them itself where the answer turns out not to be cacheable (disable_not_modified, allow_ranges).
# Why it matters: the pages that have to be asked for each time are those for which a 304 saves most, and they never get
#   one: a nightly run over 100,000 of them transfers all of them, with validators that look right. A download of such a
#   file never goes on where it broke off, whatever Accept-Ranges says: on a line that breaks, a large one never ends.
set -euo pipefail

dir=$(mktemp -d)
servers=
trap '[ -z "$servers" ] || { kill $servers; wait $servers || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q nginx=1.22.1-9+deb12u11 &>/dev/null
dpkg -x nginx_*.deb root

cat >origin.js <<'END_JS'
const http = require('http'), fs = require('fs')
const rows = 'id,value\n'.repeat(1000), tag = '"v1"'
const more = {
  '/private': { 'Cache-Control': 'private, max-age=60' },
  '/cookie': { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'seen=1' },
  '/public': { 'Cache-Control': 'max-age=60' },
}
http.createServer((request, response) => {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range)
  const head = { ETag: tag, 'Accept-Ranges': 'bytes', 'Content-Type': 'text/csv', ...more[request.url] }
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304, head).end()
  } else if (range) {
    const part = rows.slice(Number(range[1]), Number(range[2]) + 1)
    head['Content-Range'] = `bytes ${range[1]}-${range[2]}/${rows.length}`
    response.writeHead(206, { ...head, 'Content-Length': part.length }).end(part)
  } else {
    response.writeHead(200, { ...head, 'Content-Length': rows.length }).end(rows)
  }
}).listen(0, '127.0.0.1', function () { fs.writeFileSync('port', String(this.address().port)) })
END_JS
node origin.js &
servers=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done
port=18794
cat >nginx.conf <<END
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $dir/uploads;
  proxy_temp_path $dir/proxied;
  proxy_cache_path $dir/cache keys_zone=pages:1m;
  server {
    listen 127.0.0.1:$port;
    location / { proxy_pass http://127.0.0.1:$(cat port); }
  }
  server {
    listen 127.0.0.1:$((port + 1));
    location / { proxy_pass http://127.0.0.1:$(cat port); proxy_cache pages; }
  }
}
END
root/usr/sbin/nginx -p "$dir" -c nginx.conf &>nginx.log &
servers="$servers $!"
echo "nginx $(dpkg-deb -f nginx_*.deb Version)"
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/" && break || sleep 0.1; done

failed=0
# get NAME PORT PATH WANT: the statuses of a request with the page's ETag and of one for 100 bytes
get() {
  local tag range
  tag=$(curl -s -m 10 -o /dev/null -w '%{http_code}, %{size_download} bytes' -H 'If-None-Match: "v1"' \
    "http://127.0.0.1:$2/$3")
  range=$(curl -s -m 10 -o /dev/null -D head -w '%{http_code}, %{size_download} bytes' -r 0-99 "http://127.0.0.1:$2/$3")
  printf '%-8s /%-8s if-none-match: %-16s range: %s (%s)\n' "$1" "$3" "$tag" "$range" \
    "$(tr -d '\r' <head | grep -i '^accept-ranges' || echo no accept-ranges)"
  [[ "$tag; $range" == "$4" ]] || failed=1
}
for page in private cookie public; do get direct "$port" "$page" '304, 0 bytes; 206, 100 bytes'; done
for page in private cookie; do get cached "$((port + 1))" "$page" '200, 9000 bytes; 200, 9000 bytes'; done
get cached "$((port + 1))" public '304, 0 bytes; 206, 100 bytes'
exit "$failed"
