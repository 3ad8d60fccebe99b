#!/usr/bin/env bash
# Asked for the last 64 KiB of a shorter file, hapi says 500, and webfs sends a 206 that has no byte of its body.
#
# Expected: "If the selected representation is shorter than the specified suffix-length, the entire representation is
#   used" (RFC 9110, 14.1.2): "bytes=-65536" of 1000 bytes is 206 with "Content-Range: bytes 0-999/1000"; or 200, as
#   Range may be ignored; at worst 416.
# Seen: @hapi/hapi 21.4.10 with @hapi/inert 7.1.2 (both newest): 500, each time. webfs 1.21 (Debian 12): 206 with
#   "Content-Length: 65536" and "Content-Range: bytes -64536-999/1000", then the end of the connection. Both answer the
#   last 1000 bytes well.
# Why: both take the length less the suffix for the first position, and nothing looks at one below zero.
# Why it matters: readers of Zip, Parquet and logs ask for a tail of a fixed size first, since they know no length. The
#   small files of a batch then look as if the server were in trouble or broke off: they are retried with growing waits,
#   the host is slowed down for, and no retry helps. Who asks for a tail has to ask again without Range.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
mkdir www
head -c 1000 /dev/zero | tr '\0' x >www/file.bin
port=18497
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts @hapi/hapi@21.4.10 @hapi/inert@7.1.2 >/dev/null
cat >server.js <<'END_OF_SERVER'
const Hapi = require('@hapi/hapi')
const start = async () => {
  const server = Hapi.server({ host: '127.0.0.1', port: +process.argv[2] })
  await server.register(require('@hapi/inert'))
  server.route({ method: 'GET', path: '/{file*}', handler: { directory: { path: `${process.cwd()}/www` } } })
  await server.start()
}
start()
END_OF_SERVER
timeout 120 apt-get download -q webfs=1.21+ds1-12+b1 &>/dev/null
dpkg -x webfs_*.deb root
for package in @hapi/hapi @hapi/inert; do
  echo "$package $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
echo "webfs $(dpkg-deb -f webfs_*.deb Version)"
node server.js "$port" &
servers+=($!)
root/usr/bin/webfsd -F -i 127.0.0.1 -p "$((port + 1))" -r "$dir/www" &
servers+=($!)

# tail_of PORT SUFFIX: status, Content-Length and Content-Range, and how many bytes came
tail_of() {
  curl -s --max-time 10 -o body -D head -H "Range: bytes=-$2" "http://127.0.0.1:$1/file.bin" || true
  echo "$(awk 'NR == 1 {print $2}' head) $(sed -n 's/^content-length: //Ip' head | tr -d '\r')" \
    "$(sed -n 's/^content-range: //Ip' head | tr -d '\r'), $(cat body 2>/dev/null | wc -c) bytes"
  rm -f body
}

for one in "$port" "$((port + 1))"; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$one/file.bin" && break || sleep 0.1; done
done
hapi_whole=$(tail_of "$port" 1000) hapi=$(tail_of "$port" 65536)
webfs_whole=$(tail_of "$((port + 1))" 1000) webfs=$(tail_of "$((port + 1))" 65536)
printf '%-6s last 1000: %s\n       last 65536: %s\n' hapi "$hapi_whole" "$hapi" webfs "$webfs_whole" "$webfs"
[ "$hapi_whole" = '206 1000 bytes 0-999/1000, 1000 bytes' ] && [ "$webfs_whole" = "$hapi_whole" ] &&
  [[ $hapi == '500 '* ]] && [ "$webfs" = '206 65536 bytes -64536-999/1000, 0 bytes' ]
