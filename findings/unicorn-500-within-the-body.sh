#!/usr/bin/env bash
# Where an application fails within a body, Unicorn writes "HTTP/1.1 500" into the body, and downloads go on behind it.
#
# Expected: a status can't be taken back. A server whose application fails after half of a body closes the connection
#   (RFC 9112, 8), so that the client has half of the body, knows it by the length or a missing last chunk, and may go
#   on with a range from there.
# Seen: Unicorn 6.0.0 (Debian 12; Puma 5.6.5 does the same). The application announces 20000 bytes, has an ETag, honours
#   ranges, and raises an exception after 10000. The client gets these, then the 38 bytes "HTTP/1.1 500 Internal Server
#   Error" with two line ends, then the end of the connection. "curl -C -" goes on at byte 10038, and exits with 0: the
#   file has its 20000 bytes, 38 of them are the response. Without a length Unicorn closes after the body: exit code 0
#   and 10038 bytes at once. (Puma writes it in the place of a chunk, where curl sees it.)
# Why: the handler of exceptions around the whole request answers with 500, whether a response has begun or not.
# Why it matters: bodies that are streamed from a database, a bucket or another service are those that fail half-way,
#   and are large enough to be continued. Length, ETag, Content-Range and exit code are right; a checksum alone finds
#   it. A client that continues has to look at the end of what it has for a response.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } || true; rm -rf "$dir"' EXIT
cd "$dir"
timeout 240 apt-get download -q ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 \
  unicorn=6.0.0-2+b4 ruby-rack=2.2.22-0+deb12u2 ruby-kgio=2.11.2-2+b5 ruby-raindrops=0.20.0-1+b2 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
lib=$dir/root/usr/lib
platform=$lib/x86_64-linux-gnu
raindrops=$platform/rubygems-integration/3.1.0
RUBYLIB=$dir/root/usr/share/rubygems-integration/all/gems/rack-2.2.22/lib:$lib/ruby/vendor_ruby:$lib/ruby/3.1.0
RUBYLIB+=:$platform/ruby/vendor_ruby/3.1.0:$platform/ruby/3.1.0:$raindrops/gems/raindrops-0.20.0/lib
RUBYLIB+=:$raindrops/extensions/x86_64-linux/3.1.0/raindrops-0.20.0
export RUBYLIB

port=18660
head -c 20000 < <(seq 10000 19999) >rows.txt
cat >config.ru <<'EOF'
ROWS = File.binread('rows.txt')
class Failing
  def each
    yield ROWS[0, 10000]
    raise 'the database is gone'
  end
end
run ->(env) {
  fields = { 'Content-Type' => 'text/plain', 'ETag' => '"v1"' }
  if env['HTTP_RANGE'] =~ /bytes=(\d+)-/
    rest = ROWS[$1.to_i..]
    [206, fields.merge('Content-Range' => "bytes #{$1}-19999/20000", 'Content-Length' => rest.bytesize.to_s), [rest]]
  elsif env['PATH_INFO'] == '/length'
    [200, fields.merge('Content-Length' => '20000'), Failing.new]
  else
    [200, fields, Failing.new]
  end
}
EOF
ruby=(root/usr/bin/ruby3.1 --disable-gems)
timeout 60 "${ruby[@]}" root/usr/bin/unicorn -l "127.0.0.1:$port" -E none config.ru &>unicorn.log &
server=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -s -o /dev/null -r 0- "$url/" && break || sleep 0.1; done
"${ruby[@]}" root/usr/bin/unicorn -v
curl --version | sed -n '1s/^\(curl [^ ]*\).*/\1/p'

changed=
expect() { # NAME GOT WANTED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "  not: $3"; changed=1; }
}
# ask NAME ARGUMENT...: curl's exit code and the size of the file NAME
ask() {
  local code=0
  curl -s --max-time 10 -o "$1" "${@:2}" "$url/$1" || code=$?
  echo "exit code $code, $(stat -c %s "$1") bytes"
}
expect 'with a length' "$(ask length)" 'exit code 18, 10038 bytes'
expect 'continued' "$(ask length -C -)" 'exit code 0, 20000 bytes'
within=$(head -c 10038 length | tail -c 38 | tr '\r\n' '..')
expect 'bytes 10001 to 10038 of it' "$within" 'HTTP/1.1 500 Internal Server Error....'
cut() { head -c 10000 "$1" && tail -c +10039 "$1"; }
cmp -s <(cut length) <(cut rows.txt) || { echo '  not: the others as they should be'; changed=1; }
expect 'without a length' "$(ask none)" 'exit code 0, 10038 bytes'
if [ -z "$changed" ]; then
  echo 'as described: a response of 38 bytes within the body, and within the file that was continued'
else
  echo 'the behaviour has changed'
  exit 1
fi
