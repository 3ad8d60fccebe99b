#!/usr/bin/env bash
# HAProxy and Apache end a body that broke off behind them as if it were whole, where their server speaks HTTP/2.
#
# Expected: a server that fails within a body resets its stream (RFC 9113, 8.1), and a gateway passes that on: as a
#   reset in HTTP/2, in HTTP/1.1 by closing the connection within the chunks. nghttpx 1.52 does so, and HAProxy and
#   Apache do where their server speaks HTTP/1.1 and closes its connection.
# Seen: HAProxy 2.6.12 (Debian 12), HTTP/2 on both sides: half of the body, then an empty DATA frame with END_STREAM.
#   Apache 2.4.71 with mod_proxy_http2, HTTP/1.1 to its client: half of the body, then the last chunk. curl exits with 0
#   for both. With an HTTP/1.1 client HAProxy, and with an HTTP/2 client Apache, tell of the cut. (Caddy 2.6.2, of the
#   same Debian, does it with any protocol; that is known there, and mended since.)
# Why it matters: such a body has no length of its own, as pages made on the fly have not. A batch files it as a
#   success, a cache keeps it, and which protocol two machines have agreed upon, which no one looks at, decides that.
#   Only what the data say of themselves shows it: the end of a gzip, a closing brace, a digest in a trailer.
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
timeout 240 apt-get download -q haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 apache2-bin=2.4.71-1~deb12u1 \
  libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 nghttp2-proxy=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 \
  caddy=2.6.2-5 libopentracing-c-wrapper0=1.1.3-3+b1 libopentracing1=1.6.0-4 \
  libc-ares2=1.18.1-3 libev4=1:4.33-1 libjemalloc2=5.3.0-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu

# HTTP/2 without TLS: half of a body of 200 kB, and then a reset of its stream
cat >origin.js <<'END_JS'
const http2 = require('http2'), fs = require('fs')
const server = http2.createServer()
server.on('stream', stream => {
  stream.on('error', () => {})
  stream.respond({ ':status': 200, 'content-type': 'text/csv' })
  stream.write('id,value\n'.repeat(20000).slice(0, 100000),
    () => setTimeout(() => stream.destroy(new Error('out of rows')), 100))
})
server.listen(0, '127.0.0.1', () => fs.writeFileSync('port', String(server.address().port)))
END_JS
node origin.js &
servers+=($!)
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done
origin=127.0.0.1:$(cat port)
port=18781
cat >haproxy.cfg <<END
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
listen both
  bind 127.0.0.1:$port
  server origin $origin proto h2
END
modules=root/usr/lib/apache2/modules
cat >apache.conf <<END
ServerRoot $dir
ServerName localhost
PidFile $dir/pid
ErrorLog $dir/error.log
Mutex pthread
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule http2_module $modules/mod_http2.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http2_module $modules/mod_proxy_http2.so
Listen 127.0.0.1:$((port + 1))
Protocols h2c http/1.1
ProxyPass / h2c://$origin/
END
cat >Caddyfile <<END
{
  admin off
}
http://127.0.0.1:$((port + 3)) {
  reverse_proxy h2c://$origin
}
END
HOME=$dir root/usr/bin/caddy run --config Caddyfile --adapter caddyfile &>caddy.log & servers+=($!)
root/usr/sbin/haproxy -db -f haproxy.cfg &>haproxy.log & servers+=($!)
root/usr/sbin/apache2 -DFOREGROUND -f "$dir/apache.conf" &>apache.log & servers+=($!)
root/usr/sbin/nghttpx -f"127.0.0.1,$((port + 2));no-tls" -b"${origin/:/,};;proto=h2" -L FATAL -n1 &>nghttpx.log &
servers+=($!)
echo "node $(node --version)"
for package in haproxy apache2-bin nghttp2-proxy caddy; do echo "$package $(dpkg-deb -f "$package"_*.deb Version)"; done
for n in 0 1 2 3; do
  for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$((port + n))") 2>/dev/null && break || sleep 0.1; done
done

failed=0
# get NAME PORT OPTION CODE: what a client gets; CODE is a pattern for curl's exit code
get() {
  local code=0 came
  came=$(curl -s -m 20 -o /dev/null -w '%{http_code}, %{size_download} bytes' "$3" "http://127.0.0.1:$2/") || code=$?
  printf '%-8s %-24s %s, exit code %s\n' "$1" "${3#--}" "$came" "$code"
  # shellcheck disable=SC2053
  [[ $came == '200, 100000 bytes' && $code == $4 ]] || failed=1
}
echo 'a body that breaks off after 100000 bytes, by the protocol of the client:'
get HAProxy "$port" --http2-prior-knowledge 0
get HAProxy "$port" --http1.1 18
get Apache $((port + 1)) --http1.1 0
get Apache $((port + 1)) --http2-prior-knowledge '[1-9]*'
get nghttpx $((port + 2)) --http2-prior-knowledge '[1-9]*'
get nghttpx $((port + 2)) --http1.1 '[1-9]*'
get Caddy $((port + 3)) --http1.1 0
exit "$failed"
