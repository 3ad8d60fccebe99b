#!/usr/bin/env bash
# Asked for the last 100 bytes of a file, sirv, s3rver and Mojolicious send the first 101, as a 206 without a flaw.
#
# Expected: "Range: bytes=-100" is the last 100 bytes (RFC 9110, 14.1.2), here bytes 19900-19999 of 20000; or 200 with
#   all of it, or 416, where a server does not know suffixes. "bytes=0-0" is one byte.
# Seen: sirv 3.0.2 and s3rver 3.7.1 (npm, both newest), and Mojolicious 9.31 (Debian 12): 206, "Content-Range: bytes
#   0-100/20000", and the first 101 bytes of the file. "bytes=0-0" is 206 with all of it from sirv and s3rver.
# Why: each cuts the value at "-" and takes a first position that is empty for 0, and the number behind for the last
#   one; sirv and s3rver take a last position of 0 for one that is missing.
# Why it matters: that is how the directory of a Zip, the footer of a Parquet file or the end of a log is fetched, and
#   how one asks for the length alone. Status, length, ETag and Content-Range agree with each other; only one who
#   compares Content-Range with his request (RFC 9110, 15.3.7) sees that the bytes are others. curl exits with 0.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
mkdir -p www s3
seq 10000 19999 | head -c 20000 >www/rows.txt
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts sirv@3.0.2 s3rver@3.7.1 >/dev/null
timeout 120 apt-get download -q libmojolicious-perl=9.31+dfsg-1 &>/dev/null
dpkg -x libmojolicious-perl_*.deb root
find root -xtype l -delete # of JavaScript in other packages
port=18621
cat >sirv.cjs <<'END'
require('http').createServer(require('sirv')('www')).listen(process.argv[2], '127.0.0.1')
END
cat >s3rver.cjs <<'END'
const S3rver = require('s3rver')
new S3rver({ port: +process.argv[2], address: '127.0.0.1', directory: 's3', silent: true,
  configureBuckets: [{ name: 'bucket' }] }).run()
END
cat >app.pl <<'END'
use Mojolicious::Lite -signatures;
app->log->level('error');
app->static->paths(['www']);
app->start;
END
for package in sirv s3rver; do
  echo "$package $(node -p "require('./node_modules/$package/package.json').version"), node $(node --version)"
done
echo "Mojolicious $(dpkg-deb -f libmojolicious-perl_*.deb Version), $(perl -e 'print "perl $^V"')"
node sirv.cjs $((port)) &>sirv.log & servers+=($!)
node s3rver.cjs $((port + 1)) &>s3rver.log & servers+=($!)
PERL5LIB=root/usr/share/perl5 perl app.pl daemon -l "http://127.0.0.1:$((port + 2))" &>mojo.log & servers+=($!)
for n in 0 1 2; do
  for _ in $(seq 150); do curl -s -o /dev/null "http://127.0.0.1:$((port + n))/" && break || sleep 0.1; done
done

login=(--aws-sigv4 aws:amz:us-east-1:s3 -u S3RVER:S3RVER -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD')
curl -sS --max-time 10 "${login[@]}" -T www/rows.txt "http://127.0.0.1:$((port + 1))/bucket/rows.txt"

# ask RANGE CURL_ARGUMENT...: status, Content-Range, bytes received, and whether they are the end or the start
ask() {
  curl -sS --max-time 10 -o body -D head -H "Range: bytes=$1" "${@:2}"
  local which=neither size
  size=$(stat -c %s body)
  cmp -s body <(tail -c "$size" www/rows.txt) && which=end
  cmp -s body <(head -c "$size" www/rows.txt) && which=start
  [ "$size" != 20000 ] || which=all
  echo "$(awk 'NR == 1 {print $2}' head)$(grep -i '^content-range:' head | tr -d '\r' | cut -d: -f2) $size $which"
}

changed=
expect() { # NAME RANGE WANTED CURL_ARGUMENT...
  local got
  got=$(ask "$2" "${@:4}")
  echo "$1: bytes=$2 -> $got"
  [ "$got" = "$3" ] || { echo "  not: $3"; changed=1; }
}
first='206 bytes 0-100/20000 101 start'
expect sirv -100 "$first" "http://127.0.0.1:$port/rows.txt"
expect s3rver -100 "$first" "${login[@]}" "http://127.0.0.1:$((port + 1))/bucket/rows.txt"
expect Mojolicious -100 "$first" "http://127.0.0.1:$((port + 2))/rows.txt"
expect sirv 0-0 '206 bytes 0-19999/20000 20000 all' "http://127.0.0.1:$port/rows.txt"
expect Mojolicious 0-0 '206 bytes 0-0/20000 1 start' "http://127.0.0.1:$((port + 2))/rows.txt"
expect s3rver 0-0 '206 bytes 0-19999/20000 20000 all' "${login[@]}" "http://127.0.0.1:$((port + 1))/bucket/rows.txt"
expect sirv 19900- '206 bytes 19900-19999/20000 100 end' "http://127.0.0.1:$port/rows.txt"
if [ -z "$changed" ]; then
  echo 'as described: the last 100 bytes are the first 101'
else
  echo 'the behaviour has changed'
  exit 1
fi
