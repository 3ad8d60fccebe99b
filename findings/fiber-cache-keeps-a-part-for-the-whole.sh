#!/usr/bin/env bash
# Fiber's cache answers everyone by the part of a file that someone requested first, and each query by the first one.
#
# Expected: a cache keeps a response under its whole URL (RFC 9111, 2), query included; a 206 only as the part that it
#   is, or not at all (3.3), so that a request without Range gets the file, and one for bytes 50-99 those.
# Seen: Fiber 2.52.15 and 3.1.0, cache.New() as it comes, in front of its static files with ByteRange. After one "Range:
#   bytes=0-99" the file is 100 bytes for all clients, until a minute (v2) or five (v3) are over: GET without Range is
#   206 with 100 bytes, bytes=50-99 is 206 with bytes 0 to 99. The 206 has no Content-Range, so that nothing says which
#   part it is, or that it is one of more. And /page?n=1, 2 and 3 are all page 1, status 200; with v3 under
#   "Cache-Control: public, max-age=300", so that caches behind it keep them, too.
# Why: the key is the path and the method; without StoreResponseHeaders few fields of a response are kept, Content-Range
#   not among them; v2 keeps each status, and v3 those of a list that has 206.
# Why it matters: a list of pages by query is as many successes with one content. A download that is continued once the
#   file has left the cache puts its rest there, as the file that the next run gets: curl ends with 0. "Cache-Control:
#   no-cache" in the request gets the file from both.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=26985 # of Fiber 2; the next one is Fiber 3's
mkdir www
seq -w 0 999 >www/numbers.txt # 4 bytes a line

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require (
	github.com/gofiber/fiber/v2 v2.52.15
	github.com/gofiber/fiber/v3 v3.1.0
)
END
cat >main.go <<'END'
package main

import (
	"log"
	"os"

	v2 "github.com/gofiber/fiber/v2"
	cache2 "github.com/gofiber/fiber/v2/middleware/cache"
	v3 "github.com/gofiber/fiber/v3"
	cache3 "github.com/gofiber/fiber/v3/middleware/cache"
	"github.com/gofiber/fiber/v3/middleware/static"
)

func main() {
	two := v2.New(v2.Config{DisableStartupMessage: true})
	two.Use(cache2.New())
	two.Get("/page", func(c *v2.Ctx) error { return c.SendString("page " + c.Query("n")) })
	two.Static("/", "www", v2.Static{ByteRange: true})
	go func() { log.Fatal(two.Listen("127.0.0.1:" + os.Args[1])) }()

	three := v3.New()
	three.Use(cache3.New())
	three.Get("/page", func(c v3.Ctx) error { return c.SendString("page " + c.Query("n")) })
	three.Get("/*", static.New("www", static.Config{ByteRange: true}))
	log.Fatal(three.Listen("127.0.0.1:"+os.Args[2], v3.ListenConfig{DisableStartupMessage: true}))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(timeout 240 go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /gofiber.fiber/ {print $2, $3}'
./server "$port" "$((port + 1))" &>server.log &
server=$!
for p in $port $((port + 1)); do
  for _ in $(seq 100); do
    curl -s -m 2 -o /dev/null "http://127.0.0.1:$p/start" && break
    sleep 0.1
  done
done

for p in $port $((port + 1)); do
  url="http://127.0.0.1:$p"
  get() { curl -sf -m 10 "$@"; }
  pages=$(for n in 1 2 3; do get "$url/page?n=$n" && echo; done | paste -sd ,)
  part=$(get -r 0-99 -w '%{http_code}' -o first "$url/numbers.txt")
  whole=$(get -D head -w '%{http_code}' -o second "$url/numbers.txt")
  other=$(get -r 50-99 -w '%{http_code}' -o third "$url/numbers.txt")
  past=$(get -H 'Cache-Control: no-cache' -w '%{http_code}' -o fourth "$url/numbers.txt")
  echo "port $p: pages 1, 2, 3: $pages; bytes 0-99: $part with $(wc -c <first); all: $whole with $(wc -c <second) of" \
    "$(wc -c <www/numbers.txt); bytes 50-99: $other with $(wc -c <third); all, by no-cache: $past with $(wc -c <fourth)"
  [ "$pages" = 'page 1,page 1,page 1' ]
  [ "$part $whole $other $past" = '206 206 206 200' ]
  [ "$(wc -c <first)" = 100 ] && cmp first second && cmp first third && cmp fourth www/numbers.txt
  ! grep -i '^content-range' head
done
