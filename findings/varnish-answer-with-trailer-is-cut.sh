#!/usr/bin/env bash
# Varnish cuts each answer that has a trailer, behind the last byte of its body.
#
# Expected: trailers may be left out by whoever does not want them (RFC 9110, 6.5.1), and a gateway that knows nothing
#   of them does just that: nginx 1.22 delivers the body without. So a server loses nothing by sending the digest of a
#   page made on the fly behind it (RFC 9530).
# Seen: Varnish 7.1.1 (Debian 12), no settings but the backend: the whole body, and then the connection is closed in
#   place of the last chunk, so that curl exits with 18; where body and trailer come at once, 503. It is so each time.
#   The same body in chunks without a trailer arrives.
# Why: Varnish takes anything but an empty line behind the chunk of size 0 for an error of the transfer.
# Why it matters: all bytes came, and the transfer counts as broken, or the page as down: a batch gets the body four
#   times, and counts it as failed. The field by which a server lets its clients check a body is what destroys it.
set -euo pipefail

dir=$(mktemp -d)
servers=
trap '[ -z "$servers" ] || { kill $servers; wait $servers || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q varnish=7.1.1-2+deb12u1 libvarnishapi3=7.1.1-2+deb12u1 libjemalloc2=5.3.0-1 \
  nginx=1.22.1-9+deb12u11 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/usr/lib/x86_64-linux-gnu/varnish

cat >origin.js <<'END_JS'
const http = require('http'), crypto = require('crypto'), fs = require('fs')
const rows = 'id,value\n'.repeat(1000)
const digest = crypto.createHash('sha256').update(rows).digest('base64')
http.createServer((request, response) => {
  const has = request.url.startsWith('/trailer')
  response.writeHead(200, { 'Content-Type': 'text/csv', ...(has && { Trailer: 'Content-Digest' }) })
  response.write(rows)
  if (has) response.addTrailers({ 'Content-Digest': `sha-256=:${digest}:` })
  setTimeout(() => response.end(), 100)
}).listen(0, '127.0.0.1', function () { fs.writeFileSync('port', String(this.address().port)) })
END_JS
node origin.js &
servers=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done
port=18791
echo "vcl 4.1; backend default { .host = \"127.0.0.1\"; .port = \"$(cat port)\"; }" >default.vcl
cat >nginx.conf <<END
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxied;
  server {
    listen 127.0.0.1:$((port + 1));
    location / { proxy_pass http://127.0.0.1:$(cat port); proxy_http_version 1.1; }
  }
}
END
root/usr/sbin/varnishd -F -n "$dir/state" -a "127.0.0.1:$port" -f "$dir/default.vcl" -s malloc,32m -j none \
  &>varnish.log &
servers="$servers $!"
root/usr/sbin/nginx -p "$dir" -c nginx.conf &>nginx.log &
servers="$servers $!"
echo "node $(node --version)"
for package in varnish nginx; do echo "$package $(dpkg-deb -f "$package"_*.deb Version)"; done
for n in 0 1; do
  for _ in $(seq 200); do curl -s -o /dev/null "http://127.0.0.1:$((port + n))/" && break || sleep 0.1; done
done

failed=0
# get NAME PORT PATH WHOLE: gets three answers that no cache has; WHOLE of them arrive whole
get() {
  local ends= whole=0 n code came
  for n in 1 2 3; do
    code=0
    came=$(curl -s -m 20 -o got -w '%{http_code}, %{size_download} bytes' "http://127.0.0.1:$2/$3$n") || code=$?
    ends="$ends; $came, exit code $code"
    [[ $came != '200, 9000 bytes' || $code != 0 ]] || whole=$((whole + 1))
  done
  echo "$1, $3: $whole of 3 arrive (${ends#; })"
  [[ $whole == "$4" ]] || failed=1
}
get varnish "$port" plain 3
get varnish "$port" trailer 0
get nginx "$((port + 1))" plain 3
get nginx "$((port + 1))" trailer 3
exit "$failed"
