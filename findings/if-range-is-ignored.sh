#!/usr/bin/env bash
# Azurite and apt-cacher-ng ignore If-Range: a download that goes on behind a change gets the rest of the new file.
#
# Expected: a file that has changed since its first part came is sent whole, as 200, in response to a Range with the old
#   ETag or date in If-Range (RFC 9110, 13.1.5). What stores files under strong tags, and honours Range, If-Match and
#   If-None-Match, honours this too.
# Seen: Azurite 3.35.0 (newest; the emulator of Azure Blob Storage): If-Range with the tag of the blob that was
#   replaced, or with any text: 206 and the rest of the new blob, with its tag. If-Match with the same tag is 412.
#   apt-cacher-ng 3.7.4 (Debian 12): it stores a list of packages, which changes at its origin; If-Range with the old
#   Last-Modified: 206 and the rest of the new list. nginx has 200 and all of it, by tag and by date.
# Why: neither looks at the field; apt-cacher-ng asks its origin with an If-Range of its own, and notices the change.
# Why it matters: a client that trusts the field, as the RFC lets it, joins the start of one version and the rest of
#   another, of the length that Content-Range says, and has no error. The ETag or Last-Modified of the 206 has to be
#   compared with that of the first part.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
timeout 240 apt-get download -q apt-cacher-ng=3.7.4-1+b2 libevent-{,core-,pthreads-}2.1-7=2.1.12-stable-8+deb12u1 \
  libc-ares2 libwrap0 nginx=1.22.1-9+deb12u11 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
libraries=lib/$(uname -m)-linux-gnu
port=18801
echo '{"private": true, "dependencies": {"azurite": "3.35.0"}}' >package.json
timeout 240 npm install --silent --no-audit --no-fund &>npm.log || { cat npm.log; exit 1; }

mkdir -p www/dists cache log conf
cat >nginx.conf <<END
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $dir/body;
  server { listen 127.0.0.1:$port; root $dir/www; }
}
END
cat >conf/acng.conf <<END
CacheDir: $dir/cache
LogDir: $dir/log
SupportDir: $dir/root/usr/lib/apt-cacher-ng
BindAddress: 127.0.0.1
Port: $((port + 1))
Remap-one: /up ; http://127.0.0.1:$port/
END
root/usr/sbin/nginx -p "$dir" -c nginx.conf &>nginx.log & servers+=($!)
LD_LIBRARY_PATH=$dir/root/usr/$libraries:$dir/root/$libraries root/usr/sbin/apt-cacher-ng -c "$dir/conf" ForeGround=1 \
  &>acng.log & servers+=($!)
node node_modules/azurite/dist/src/blob/main.js --blobHost 127.0.0.1 --blobPort $((port + 2)) --location blobs \
  --silent --disableTelemetry --skipApiVersionCheck &>azurite.log & servers+=($!)
for n in 0 1 2; do
  for _ in $(seq 300); do curl -s -o /dev/null "http://127.0.0.1:$((port + n))/" && break || sleep 0.1; done
done
for package in apt-cacher-ng nginx; do echo "$package $(dpkg-deb -f "$package"_*.deb Version)"; done
echo "azurite $(node -p 'require("azurite/package.json").version')"

# write LETTER FILE: a file of 1000 of that letter
write() { printf "%1000s" '' | tr ' ' "$1" >"$2"; }

# part URL HEADER: the status of a request for the second half with a header, how many bytes came, and which
part() {
  curl -s --max-time 10 -o got -D head -r 500- -H "$2" "$1"
  echo "$(awk 'NR == 1 {print $2}' head) $(wc -c <got) $(head -c 1 got)"
}

# field URL NAME: a field of the response to GET
field() { curl -s --max-time 10 -o /dev/null -D - "$1" | tr -d '\r' | sed -n "s/^$2: //Ip"; }

# a list at nginx, which apt-cacher-ng stores
list=http://127.0.0.1:$port/dists/Packages
stored=http://127.0.0.1:$((port + 1))/up/dists/Packages
write a www/dists/Packages
touch -d '2026-01-01 00:00:00' www/dists/Packages
tag=$(field "$list" etag)
date=$(field "$stored" last-modified)
write b www/dists/Packages
touch -d '2026-01-02 00:00:00' www/dists/Packages
nginx="$(part "$list" "If-Range: $tag"), by date $(part "$list" "If-Range: $date")"
proxy=$(part "$stored" "If-Range: $date")

# a blob in a container that anyone may read, written with a signature for the account (SAS) of Azurite's documentation
sas=$(node -e '
  const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
  const fields = {sv: "2020-08-04", ss: "b", srt: "sco", sp: "rwdlac", se: "2099-01-01T00:00:00Z", spr: "https,http"}
  const text = ["devstoreaccount1", fields.sp, fields.ss, fields.srt, "", fields.se, "", fields.spr, fields.sv, ""]
  const hash = require("crypto").createHmac("sha256", Buffer.from(key, "base64"))
  fields.sig = hash.update(text.join("\n")).digest("base64")
  console.log(new URLSearchParams(fields).toString())')
container=http://127.0.0.1:$((port + 2))/devstoreaccount1/lists
curl -s --max-time 10 -X PUT -H 'Content-Length: 0' -H 'x-ms-blob-public-access: blob' \
  "$container?restype=container&$sas"
put() { curl -s --max-time 10 -T "$1" -H 'x-ms-blob-type: BlockBlob' "$container/Packages?$sas"; }
write a blob
put blob
tag=$(field "$container/Packages" etag)
write b blob
put blob
azurite="$(part "$container/Packages" "If-Range: $tag"), any text $(part "$container/Packages" 'If-Range: "x"')"
match=$(part "$container/Packages" "If-Match: $tag")
echo "nginx:         $nginx"
echo "apt-cacher-ng: $proxy"
echo "Azurite:       $azurite; If-Match ${match% *}"
[ "$nginx" = '200 1000 b, by date 200 1000 b' ] && [ "$proxy" = '206 500 b' ] &&
  [ "$azurite" = '206 500 b, any text 206 500 b' ] && [[ $match == 412* ]]
