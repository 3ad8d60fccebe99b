#!/usr/bin/env bash
# With ContentDigest On, the Content-MD5 of Apache's 206 answers is that of the whole file, not of the part that is sent.
#
# Expected: Content-MD5 is the MD5 of the entity-body of its message (RFC 2616 section 14.15, RFC 1864); that of a 206
#   is the part. So it is the part's, or there is none, as there is none where mod_deflate has changed the bytes.
# Seen: Apache 2.4.71 (Debian 12), ContentDigest On, a file of 20000 bytes. GET: Content-MD5 is that of the 20000 bytes.
#   "Range: bytes=0-9": 206, ten bytes, and the same Content-MD5. Two ranges in multipart/byteranges: the same again, in
#   the header of the whole.
# Why: the core's handler hashes the file before the byte range filter cuts it, and that filter leaves the header.
# Why it matters: a client that verifies Content-MD5 takes every part of a download that is continued, or fetched in
#   blocks, for damaged, and asks for it again and again. It can be held against a 200 alone.
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
head -c 20000 rows >www/rows.csv
port=18511
{
  echo "ServerRoot $dir"
  echo 'ServerName test.invalid'
  [ "$(id -u)" != 0 ] || echo 'User nobody'
  for module in mpm_event authz_core; do
    echo "LoadModule ${module}_module $dir/root/usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<END
DefaultRuntimeDir $dir
PidFile $dir/pid
ErrorLog $dir/error.log
Listen 127.0.0.1:$port
DocumentRoot $dir/www
ContentDigest On
<Directory $dir/www>
Require all granted
</Directory>
END
} >config
root/usr/sbin/apache2 -v
root/usr/sbin/apache2 -X -f "$dir/config" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done

# ask [RANGE]: the status, how many bytes came, the Content-MD5, and the MD5 of the bytes
ask() {
  local range=()
  [ $# = 0 ] || range=(-H "Range: bytes=$1")
  curl -s --max-time 10 -o body -D head "${range[@]}" "http://127.0.0.1:$port/rows.csv"
  echo "$(awk 'NR == 1 {print $2}' head) $(stat -c %s body) $(tr -d '\r' <head | sed -n 's/^Content-MD5: //p')" \
    "$(openssl md5 -binary body | base64)"
}

whole=$(ask) part=$(ask 0-9) several=$(ask 0-9,100-109)
echo "all of it:  $whole"
echo "ten bytes:  $part"
echo "two ranges: $several"
read -r status size said is <<<"$whole"
[ "$status $size" = '200 20000' ] && [ "$said" = "$is" ]
[[ $part == "206 10 $said "* ]] && [[ $part != *" $said $said" ]] && [[ $several == 206\ *" $said "* ]]
