#!/usr/bin/env bash
# Whether Apache honours Range on a page that it compresses depends on the size of the file.
#
# Expected: mod_deflate either leaves a request with Range alone, as RFC 9110 section 14.2 lets it ("a server MAY ignore
#   the Range header field"), or treats every file the same.
# Seen: Apache 2.4.71 (Debian 12), AddOutputFilterByType DEFLATE text/csv, "Accept-Encoding: gzip", "Range: bytes=100-199".
#   A file of 6 kB: 206, Content-Encoding gzip, and 100 bytes out of the middle of the gzip stream; Content-Range counts
#   the compressed bytes. A file of 200 kB, same type, same request: 200 and all of it, compressed, although the response
#   says Accept-Ranges: bytes. Without Accept-Encoding both are 206 with bytes 100 to 199 of the file.
# Why: the byte range filter runs behind the compressor, and cuts only what it has whole when the first bytes arrive.
# Why it matters: a client that offers gzip on each request, and is asked for a range, gets bytes that no decoder takes for
#   small files, and the whole for large ones. A range has to be asked for with "Accept-Encoding: identity".
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q apache2-bin=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu

mkdir www
seq -f '%.0f,value' 20000 >rows
head -c 6000 rows >www/small.csv
head -c 200000 rows >www/large.csv
port=18480
{
  echo "ServerRoot $dir"
  echo 'ServerName test.invalid'
  [ "$(id -u)" != 0 ] || echo 'User nobody'
  for module in mpm_event authz_core mime filter deflate; do
    echo "LoadModule ${module}_module $dir/root/usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<END
DefaultRuntimeDir $dir
PidFile $dir/pid
ErrorLog $dir/error.log
Listen 127.0.0.1:$port
DocumentRoot $dir/www
TypesConfig /dev/null
AddType text/csv .csv
AddOutputFilterByType DEFLATE text/csv
<Directory $dir/www>
Require all granted
</Directory>
END
} >config
root/usr/sbin/apache2 -v
root/usr/sbin/apache2 -X -f "$dir/config" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/small.csv" && break || sleep 0.1; done

# ask NAME HEADER...: the status, the coding, and how many bytes came
ask() {
  local name=$1 header=()
  shift
  for line in "$@"; do header+=(-H "$line"); done
  curl -s --max-time 10 -o body -D head "${header[@]}" "http://127.0.0.1:$port/$name"
  echo "$(awk 'NR == 1 {print $2}' head) $(grep -i ^content-encoding head | tr -d '\r' | cut -d' ' -f2) $(stat -c %s body)"
}

small=$(ask small.csv 'Accept-Encoding: gzip' 'Range: bytes=100-199')
large=$(ask large.csv 'Accept-Encoding: gzip' 'Range: bytes=100-199')
accepts=$(grep -ic '^accept-ranges: bytes' head || true)
plain_small=$(ask small.csv 'Range: bytes=100-199')
plain_large=$(ask large.csv 'Range: bytes=100-199')
echo "gzip offered, 6 kB:   $small"
echo "gzip offered, 200 kB: $large (Accept-Ranges: bytes in $accepts line)"
echo "no coding, 6 kB:      $plain_small"
echo "no coding, 200 kB:    $plain_large"
[ "$small" = '206 gzip 100' ] && [[ $large == '200 gzip '* ]] && [ "$accepts" = 1 ] &&
  [ "$plain_small" = '206  100' ] && [ "$plain_large" = '206  100' ]
