#!/usr/bin/env bash
# Colly (Go) requests pages that robots.txt forbids where their path is not ASCII: no such rule ever matches.
#
# Expected: paths are compared once what has to be percent-encoded is, and what need not be is not (RFC 9309, 2.2.2,
#   whose own example is "Disallow: /foo/bar/ツ" for the URL /foo/bar/%E3%83%84); of two rules as long, Allow wins.
# Seen: colly 2.3.0 (newest), which asks temoto/robotstxt 1.1.2. With "Disallow: /ツ/" it requests /ツ/page, as it
#   compares the rule with /%E3%83%84/page; "Disallow: /%7Ejoe/" does not stop /~joe/page either. Only "/%E3%81%82/",
#   spelled as Go spells it, is obeyed. "Disallow: /p" before "Allow: /p" forbids /page.
# Why: the library compares bytes, and of two rules as long takes the first.
# Why it matters: a crawler that was told to obey robots.txt (IgnoreRobotsTxt = false) fetches what its host has
#   forbidden, and leaves out what it allows; hosts that write paths in their own language are the ones it disobeys.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'END'
module check
go 1.24
END
cat >main.go <<'END'
package main

import (
	"fmt"
	"os"

	"github.com/gocolly/colly/v2"
)

func main() {
	c := colly.NewCollector(colly.UserAgent("examplebot"))
	c.IgnoreRobotsTxt = false
	for _, page := range os.Args[2:] {
		err := c.Visit(os.Args[1] + page)
		fmt.Printf("%s: %v\n", page, err)
	}
}
END
timeout 200 go get github.com/gocolly/colly/v2@v2.3.0 >/dev/null 2>&1
timeout 200 go build -o crawl .
port=18612
cat >server.py <<'END'
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        text = 'page'
        if self.path == '/robots.txt':
            text = ('User-agent: *\nDisallow: /ツ/\nDisallow: /%7Ejoe/\nDisallow: /%E3%81%82/\nDisallow: /plain/\n'
                    'Disallow: /p\nAllow: /p\n')
        self.send_response(200); self.send_header('Content-Type', 'text/plain; charset=utf-8'); self.end_headers()
        self.wfile.write(text.encode())
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page).serve_forever()
END
python3 server.py "$port" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/" && break || sleep 0.1; done

go list -m github.com/gocolly/colly/v2 github.com/temoto/robotstxt
timeout 60 ./crawl "http://127.0.0.1:$port" /ツ/page /~joe/page /あ/page /plain/page /page | tee seen
diff seen - <<'END'
/ツ/page: <nil>
/~joe/page: <nil>
/あ/page: URL blocked by robots.txt
/plain/page: URL blocked by robots.txt
/page: URL blocked by robots.txt
END
