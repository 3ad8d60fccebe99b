#!/usr/bin/env bash
# curl --fail -C - ends with 0 for every 416: what is half of a file, or of one that is gone, counts as all of it.
#
# Expected: a range behind the end of a file is 416 with "Content-Range: bytes */50000" (RFC 9110, 15.5.17). Who goes on
#   with a download that is whole learns from that number that it is, and from any other that it is not: then --fail
#   ends with 22, and without --fail the status at least is there to be seen.
# Seen: curl 8.14.1 (Debian 13; 8.22.0-DEV does the same): exit code 0, without a word, whatever the number is: the file
#   was replaced by a shorter one after the cut, and half of the old one stays; or the page comes in gzip, and half of
#   it is longer than all of it on the wire. curl 7.88.1 (Debian 12) ends with 22, and does so where the
#   file is whole, too, which is what this was to mend.
# Why: http_should_fail in lib/http.c takes a 416 to a request with -C for the sign that all is there, whatever its
#   Content-Range says (for scripts that run again: curl's issues 6740 and 10521).
# Why it matters: "curl --fail -C -" once more is how a batch is ended that broke off. With a new curl the exit code
#   says that each file is whole, also where the server has a new and shorter version by then, as exports of each night
#   are. A 416 proves something only by the number in it, and a validator (If-Range) is what asks for it rightly.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
mkdir -p parts lists/partial cache/archives/partial new old
sed 's/bookworm-updates//; s/bookworm/trixie/g' /etc/apt/sources.list.d/debian.sources >parts/debian.sources
debian13=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$dir/parts" -o "Dir::State::Lists=$dir/lists"
  -o "Dir::Cache=$dir/cache")
timeout 120 apt-get "${debian13[@]}" update &>/dev/null
needed=$(apt-cache "${debian13[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
  --no-replaces --no-enhances libcurl4t64 | grep -E '^(lib|zlib)' | grep -vE '^libcurl4t64|perl|gcc-' | sort -u)
# shellcheck disable=SC2086 # names of packages
(cd new && timeout 120 apt-get "${debian13[@]}" download -q $needed curl=8.14.1-2+deb13u7 \
  libcurl4t64=8.14.1-2+deb13u7 &>/dev/null)
(cd old && timeout 120 apt-get download -q curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 &>/dev/null)
for version in new old; do
  for package in $version/*.deb; do dpkg -x "$package" $version/root; done
done
libraries=usr/lib/x86_64-linux-gnu
new() { "new/root/$libraries/ld-linux-x86-64.so.2" --library-path "new/root/$libraries" new/root/usr/bin/curl "$@"; }
old() { LD_LIBRARY_PATH=old/root/$libraries old/root/usr/bin/curl "$@"; }

cat >server.py <<'END_PY'
import gzip, http.server
first, second = b'a line of the first file\n' * 8000, b'a line of the second file\n' * 2000
coded = gzip.compress(b''.join(b'line %d of the page\n' % n for n in range(20000)))
asked = {}
class Files(http.server.BaseHTTPRequestHandler):  # the first answer for an address breaks off in the middle
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def do_GET(self):
        asked[self.path] = n = asked.get(self.path, 0) + 1
        if 'gzip' in self.path: body = coded
        elif 'shorter' in self.path: body = first if n == 1 else second
        else: body = first
        begin = int(self.headers.get('Range', 'bytes=0-')[6:-1])
        if begin >= len(body):
            self.send_response(416)
            self.send_header('Content-Range', 'bytes */%d' % len(body))
            self.send_header('Content-Length', '0')
            return self.end_headers()
        self.send_response(206 if begin else 200)
        if begin: self.send_header('Content-Range', 'bytes %d-%d/%d' % (begin, len(body) - 1, len(body)))
        if body is coded: self.send_header('Content-Encoding', 'gzip')
        self.send_header('ETag', '"%d"' % len(body))
        self.send_header('Content-Length', str(len(body) - begin))
        self.end_headers()
        self.wfile.write(body[begin:begin + len(body) // 2] if n == 1 and 'whole' not in self.path else body[begin:])
        self.close_connection = True
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Files)
open('port', 'w').write(str(server.server_port))
server.serve_forever()
END_PY
python3 server.py &
server=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done

failed=0
# get PROGRAM CASE CODES SIZE: the exit codes of two runs and what they leave
get() {
  local one=0 two=0 file=$1-$2
  for code in one two; do
    "$1" -q -s --noproxy '*' -m 20 --fail --compressed -C - -o "$file" "http://127.0.0.1:$(cat port)/$2?$1" ||
      printf -v $code %s $?
  done
  echo "$1 $2: exit codes $one and $two, $(wc -c <"$file") bytes in the file"
  [[ "$one $two" == "$3" && $(wc -c <"$file") == "$4" ]] || failed=1
}
for program in old new; do $program --version | head -1 | cut -d' ' -f1-2; done
get old whole "0 22" 200000
get old shorter "18 22" 100000
get new whole "0 0" 200000
get new shorter "18 0" 100000
page=$(python3 -c 'print(sum(len("line %d of the page\n" % n) for n in range(20000)))')
code=0
new -q -s --noproxy '*' -m 20 --fail --compressed -C - -o page "http://127.0.0.1:$(cat port)/gzip" || code=$?
size=$(wc -c <page)
new -q -s --noproxy '*' -m 20 --fail --compressed -C - -o page "http://127.0.0.1:$(cat port)/gzip" || code=$code,$?
echo "new gzip: exit codes $code and 0, $(wc -c <page) bytes in the file of the $page that the page has"
[[ $code == 18 && $(wc -c <page) == "$size" && $size -lt $page ]] || failed=1
exit "$failed"
