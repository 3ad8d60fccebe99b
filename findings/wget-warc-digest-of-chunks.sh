#!/usr/bin/env bash
# A chunked page that Wget archives is valid to one WARC validator and corrupt to another: the payload has two digests.
#
# Expected: WARC-Payload-Digest of a response is of its entity-body (WARC 1.1, 6.3.2), which has no chunks any more
#   (RFC 2616, 7.2), so that the same page has the same digest however it is cut; validators check that.
# Seen: Wget (Debian) hashes the chunks with their sizes. nlnwa/gowarc 3.1.0 does so too and finds nothing wrong;
#   internetarchive/gowarc 0.8.96 takes the chunks off and reports "payload digests do not match". The same page with a
#   Content-Length has the digest that the latter wants. warcio.js 2.4.11 (not run here) hashes as Wget does.
# Why: the text of the standard names the entity-body, and tools hash what stands behind the head in the record.
# Why it matters: whoever archives what comes chunked has to choose whom to fail, and who looks for pages that are there
#   already by their digest finds none that came in other chunks, or over HTTP/2. Only a body that is stored without
#   chunks, and without a Transfer-Encoding in its head, is the same to all.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'END'
module check
go 1.24
END
mkdir nlnwa
cat >nlnwa/main.go <<'END'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/nlnwa/gowarc/v3"
)

func main() {
	file, err := gowarc.NewWarcFileReader(os.Args[1], 0, gowarc.WithSpecViolationPolicy(gowarc.ErrWarn),
		gowarc.WithSyntaxErrorPolicy(gowarc.ErrWarn))
	if err != nil {
		panic(err)
	}
	checked, wrong := 0, 0
	for record, err := range file.Records() {
		if err != nil {
			panic(err)
		}
		found, _ := record.WarcRecord.ValidateDigest()
		for _, finding := range append(record.Validation, found...) {
			if strings.Contains(strings.ToLower(finding.Error()), "digest") {
				wrong++
			}
		}
		if record.WarcRecord.WarcHeader().Has("WARC-Payload-Digest") {
			checked++
		}
		_ = record.Close()
	}
	fmt.Printf("%d payload digests, %d wrong\n", checked, wrong)
}
END
timeout 200 go get github.com/nlnwa/gowarc/v3@v3.1.0 github.com/internetarchive/gowarc/cmd/warc@v0.8.96 >/dev/null 2>&1
timeout 200 go build -o check-nlnwa ./nlnwa
timeout 200 go build -o check-ia github.com/internetarchive/gowarc/cmd/warc
port=18611
cat >server.py <<'END'
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def do_GET(self):
        self.send_response(200)
        if self.path == '/chunked':
            self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()
            self.wfile.write(b'5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n')
        else:
            self.send_header('Content-Length', '12'); self.end_headers()
            self.wfile.write(b'hello, world')
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page).serve_forever()
END
python3 server.py "$port" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/" && break || sleep 0.1; done

wget --version | head -1
failed=0
# archive PATH NLNWA IA: archives a page, and compares what the two validators find
archive() {
  wget -q --no-warc-keep-log -O /dev/null --warc-file="$1" "http://127.0.0.1:$port/$1"
  local digest nlnwa ia
  digest=$(zcat "$1.warc.gz" | tr -d '\r' | sed -n 's/^WARC-Payload-Digest: //p' | head -1)
  nlnwa=$(./check-nlnwa "$1.warc.gz")
  ia=$(./check-ia verify "$1.warc.gz" 2>&1 | grep -oE 'payload digests do not match|valid=(true|false)' |
    tr '\n' ' ' || true)
  echo "$1: $digest; nlnwa/gowarc: $nlnwa; internetarchive/gowarc: $ia"
  [[ $nlnwa == "$2" && $ia == $3 ]] || failed=1
}
archive whole '1 payload digests, 0 wrong' 'valid=true '
archive chunked '1 payload digests, 0 wrong' 'payload digests do not match valid=false '
exit "$failed"
