#!/usr/bin/env bash
# WEBrick takes If-Range the wrong way round: 304 while the file is the same, and a part of the new file once it is not.
#
# Expected: "Range: bytes=10000-" with "If-Range" and the validator of the bytes that are there already is 206 with the
#   rest while the file is the same, and 200 with all of the new one once it has changed (RFC 9110, 13.1.5); a server
#   that does not know If-Range has to ignore Range too, or is merely careless: 206 both times.
# Seen: WEBrick 1.8.1 (Debian 12, Ruby 3.1), the file server of "ruby -run -e httpd". With its own Last-Modified, or a
#   later date, or its own ETag: 304 Not Modified, though no cache was asked for. With another tag or an older date, as
#   when the file has been replaced since: 206, "Content-Range: bytes 10000-19999/20000", half of another file. Its
#   ETag, which has no quotes, matches as it came; with the quotes that RFC 9110 (8.8.3) asks for it is another tag.
# Why: not_modified? takes If-Range for one more If-Modified-Since or If-None-Match, and the range comes after that.
# Why it matters: going on with a download is refused as long as it would be right, and a 304 is no failure to most
#   clients, so that a half stays in place of the file; and it is granted when it joins two files, which If-Range was
#   sent to prevent. What is safe here is to ask without If-Range and compare ETag and Last-Modified, and to take a 304
#   to a request with Range for "begin again".
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } || true; rm -rf "$dir"' EXIT
cd "$dir"
timeout 240 apt-get download -q ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 ruby-webrick=1.8.1-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
lib=$dir/root/usr/lib
export RUBYLIB=$dir/root/usr/share/rubygems-integration/all/gems/webrick-1.8.1/lib:$lib/ruby/vendor_ruby:$lib/ruby/3.1.0:$lib/x86_64-linux-gnu/ruby/3.1.0

port=18657
mkdir www
head -c 20000 < <(seq 10000 19999) >www/rows.txt
touch -d '2026-01-02 12:00:00 UTC' www/rows.txt
timeout 60 root/usr/bin/ruby3.1 --disable-gems -rwebrick -e "
  s = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: $port, DocumentRoot: 'www', AccessLog: [])
  trap('TERM') { s.shutdown }
  s.start" &>webrick.log &
server=$!
url=http://127.0.0.1:$port/rows.txt
for _ in $(seq 100); do curl -s -o /dev/null "$url" && break || sleep 0.1; done

curl -sS -o /dev/null -D head "$url"
field() { sed -n "s/^$1: *//ip" head | tr -d '\r'; }
echo "$(field server)"
echo "ETag: $(field etag), Last-Modified: $(field last-modified)"
tag=$(field etag) date=$(field last-modified)
changed=
# expect NAME IF-RANGE WANTED: the status and the bytes of the body of a request for the second half
expect() {
  local got
  got=$(curl -sS --max-time 10 -o body -w '%{http_code} %{size_download}' -H 'Range: bytes=10000-' -H "If-Range: $2" "$url")
  echo "If-Range: $2, $1: $got"
  [ "$got" = "$3" ] || { echo "  not: $3"; changed=1; }
}
expect 'its own tag' "$tag" '304 0'
expect 'its own date' "$date" '304 0'
expect 'its own tag in quotes' "\"$tag\"" '206 10000'
expect 'the tag of another file' '1-4e20-1' '206 10000'
expect 'the date of an older file' 'Thu, 01 Jan 2026 12:00:00 GMT' '206 10000'
if [ -z "$changed" ]; then
  echo 'as described: refused while the file is the same, granted when it is another'
else
  echo 'the behaviour has changed'
  exit 1
fi
