#!/usr/bin/env bash
# Wget2 takes a page whose connection was cut for whole: exit code 0, one request, and half of the page in the file.
#
# Expected: a chunked body that ends before its last chunk, and one shorter than its Content-Length, are incomplete
#   (RFC 9112, 8); a downloader tries again, and ends with an exit code of failure, as Wget 1 does.
# Seen: Wget2 1.99.1 (Debian 12), --tries=3: 0 for both, without a second request. 2.2.0 (Debian 13, the newest there)
#   says 7 for the short body, but still 0, without a word, for the chunked one and for a gzip body cut in its chunks.
# Why: the end of the connection is the end of the body to its reader, whatever the framing; 2.2.0 compares lengths
#   afterwards where there is one to compare with.
# Why it matters: pages that are made by a program come in chunks. A batch from which a restarted server cut a hundred
#   of them ends as a good one, and the halves have to be found by their text. Who moves on from Wget2 with files that
#   it wrote (--skip-existing, -nc) moves the halves along.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q wget2=1.99.1-2.2 libwget0=1.99.1-2.2 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5 \
  wget=1.21.3-1+deb12u1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib:$dir/root/usr/lib/x86_64-linux-gnu

cat >server.py <<'END_PY'
import http.server
page = b'a line of the page\n' * 5000  # 95000 bytes, in 95 chunks
class Page(http.server.BaseHTTPRequestHandler):  # /FRAMING/PERCENT: so much of the page comes
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def do_GET(self):
        framing, percent = self.path[1:].split('/')
        print(self.path, flush=True)
        part = page[:len(page) * int(percent) // 100]
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain')
        if framing == 'length':
            self.send_header('Content-Length', str(len(page)))
        else:
            self.send_header('Transfer-Encoding', 'chunked')
            part = b''.join(b'3e8\r\n%s\r\n' % part[at:at + 1000] for at in range(0, len(part), 1000))
            if percent == '100': part += b'0\r\n\r\n'
        self.end_headers()
        self.wfile.write(part)
        self.close_connection = True
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
open('port', 'w').write(str(server.server_port))
server.serve_forever()
END_PY
python3 server.py >>requests &
server=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done

failed=0
# get PROGRAM PATH CODE REQUESTS
get() {
  local code=0 requests
  : >requests
  timeout 60 "root/usr/bin/$1" --no-config --no-proxy -q --tries=3 --waitretry=0 -O page \
    "http://127.0.0.1:$(cat port)/$2" &>/dev/null || code=$?
  requests=$(grep -c . requests)
  echo "$1 $2 percent: exit code $code after $requests requests, $(wc -c <page) bytes in the file"
  [[ $code == "$3" && $requests == "$4" ]] || failed=1
}
for program in wget wget2; do "root/usr/bin/$program" --version | head -1; done
get wget chunked/100 0 1
get wget chunked/40 4 3
get wget length/40 4 3
get wget2 chunked/100 0 1
get wget2 chunked/40 0 1
get wget2 length/40 0 1
exit "$failed"
