#!/usr/bin/env bash
# Subversion over Apache says "Accept-Ranges: bytes" of each file, and answers each range with the whole file.
#
# Expected: Apache serves ranges of what has a length, and mod_dav_svn says "Accept-Ranges: bytes" with a strong ETag
#   and a Content-Length, so a download that broke off goes on with "Range: bytes=N-" and is 206.
# Seen: Subversion 1.14.2 in Apache 2.4.71 (Debian 12): a file of 50 bytes, of 20 kB and of 2 MB, by its path and by
#   that of a revision (/!svn/bc/1/), for a range from the start, the middle and the end, with If-Range or not: 200,
#   the whole file, and "Accept-Ranges: bytes" again. The same Apache answers ranges of the same files in a folder with
#   206. curl -C - exits with 33, "server doesn't seem to support byte ranges".
# Why: the module sets the field for each file, and hands the body on in pieces, the end by itself; the range filter
#   of Apache cuts only what it has whole, end included, when the first piece arrives.
# Why it matters: what is announced decides whether a fetcher splits a file, or keeps the part of one that broke off.
#   Here each try begins anew, and N connections for N parts bring N times the file; only the 200 tells.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
timeout 240 apt-get download -q apache2-bin=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 \
  {libapache2-mod-svn,libsvn1,subversion}=1.14.2-4+deb12u1 libserf-1-1=1.3.9-11 libutf8proc2=2.8.0-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/$(uname -m)-linux-gnu

mkdir files
seq 1000000 1400000 >rows
for size in 50 20000 2000000; do head -c "$size" rows >"files/$size.txt"; done
root/usr/bin/svnadmin create repository
root/usr/bin/svn import -q -m one --username test files "file://$dir/repository"
chmod -R a+rwX repository
port=18771
{
  for module in mpm_event authz_core dav dav_svn; do
    echo "LoadModule ${module}_module $dir/root/usr/lib/apache2/modules/mod_$module.so"
  done
  [ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
  cat <<END
ServerRoot $dir
ServerName test.invalid
DefaultRuntimeDir $dir
PidFile $dir/pid
ErrorLog $dir/error.log
Listen 127.0.0.1:$port
DocumentRoot $dir/files
<Location /svn>
DAV svn
SVNPath $dir/repository
</Location>
END
} >config
root/usr/sbin/apache2 -v
echo "Subversion $(root/usr/bin/svn --version -q)"
root/usr/sbin/apache2 -X -f "$dir/config" &>apache.log &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/50.txt" && break || sleep 0.1; done

# ask PATH RANGE OPTION...: the status, what is announced, and how many bytes came
ask() {
  local path=$1 range=$2
  shift 2
  curl -s --max-time 10 -o body -D head -r "$range" "$@" "http://127.0.0.1:$port/$path"
  echo "$(awk 'NR == 1 {print $2}' head) $(tr -d '\r' <head | sed -n 's/^accept-ranges: //Ip') $(stat -c %s body)"
}

result=0
for size in 50 20000 2000000; do
  tag=$(curl -s -I "http://127.0.0.1:$port/svn/$size.txt" | tr -d '\r' | sed -n 's/^etag: //Ip')
  got="$(ask "svn/$size.txt" 0-9), $(ask "svn/$size.txt" 20-), $(ask "svn/$size.txt" -5), \
$(ask "svn/$size.txt" 20- -H "If-Range: $tag"), $(ask "svn/!svn/bc/1/$size.txt" 20-29)"
  plain=$(ask "$size.txt" 20-29)
  echo "$size bytes, ETag $tag: $got; in a folder: $plain"
  whole="200 bytes $size"
  [ "$got" = "$whole, $whole, $whole, $whole, $whole" ] && [ "$plain" = '206 bytes 10' ] || result=1
done
head -c 100 files/20000.txt >part
code=0
curl -s --max-time 10 -C - -o part "http://127.0.0.1:$port/svn/20000.txt" || code=$?
echo "exit code of curl -C -: $code, $(stat -c %s part) bytes"
[ "$result" = 0 ] && [ "$code" = 33 ]
