#!/usr/bin/env bash
# The ETag of Iris's middleware of that name is the path of the file: a client that sends it back gets 304 for ever.
#
# Expected: an ETag is made of the content, or of size and date, and If-None-Match with it is 304 until the file is
#   another; a Last-Modified beside it says the same.
# Seen: Iris 12.2.11, cache.StaticCache and cache.ETag before HandleDir, as their comments show it: "/assets/a.txt",
#   without quotes, is the ETag. After the file has been replaced by one of another length, with a later date,
#   If-None-Match is answered 304 with the same tag, also with If-Modified-Since beside it. The date alone is 200.
# Why: the middleware compares If-None-Match with the path, and ends the request there. The file is not looked at.
# Why it matters: a fetcher that revalidates what it has stored, as RFC 9110 wants it by the tag first (13.2.2), reports
#   the first version as confirmed in each later run: the wrong bytes, as a success, with no sign of it. Only a client
#   that sees that the tag is no more than the path can tell, and use the date.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=24971

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require github.com/kataras/iris/v12 v12.2.11
END
cat >main.go <<'END'
package main

import (
	"log"
	"os"
	"time"

	"github.com/kataras/iris/v12"
	"github.com/kataras/iris/v12/cache"
)

func main() {
	app := iris.New()
	assets := app.Party("/assets", cache.StaticCache(24*time.Hour), cache.ETag)
	assets.HandleDir("/", iris.Dir("./assets"))
	plain := app.Party("/plain")
	plain.HandleDir("/", iris.Dir("./assets"))
	log.Fatal(app.Listen("127.0.0.1:"+os.Args[1], iris.WithoutStartupLog))
}
END
mkdir assets
echo 'the first version' >assets/a.txt
touch -d 2026-01-01T00:00:00Z assets/a.txt
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /iris.v12$/ {print "iris", $3}'
./server "$port" &>server.log &
server=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -s -o /dev/null "$url/" && break || sleep 0.1; done

# ask PATH [OPTION...]: the status, the tag and the body
ask() {
  local path=$1
  shift
  : >body
  curl -s --max-time 5 -o body -D head "$@" "$url/$path"
  echo "$(awk 'NR == 1 {print $2}' head), ETag $(tr -d '\r' <head | sed -n 's/^etag: //Ip'): $(cat body)"
}

first=$(ask assets/a.txt)
same=$(ask assets/a.txt -H 'If-None-Match: /assets/a.txt')
echo 'the second version, which is longer' >assets/a.txt
touch -d 2026-02-01T00:00:00Z assets/a.txt
since='If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT'
tag=$(ask assets/a.txt -H 'If-None-Match: /assets/a.txt')
both=$(ask assets/a.txt -H 'If-None-Match: /assets/a.txt' -H "$since")
date=$(ask assets/a.txt -H "$since")
plain=$(ask plain/a.txt -H "$since")
echo "first:                  $first"
echo "its tag sent back:      $same"
echo "the file is replaced by one that is longer, and of a later date"
echo "the tag sent back:      $tag"
echo "the tag and the date:   $both"
echo "the date alone:         $date"
echo "without the middleware: $plain"
[ "$first" = '200, ETag /assets/a.txt: the first version' ] && [ "$same" = '304, ETag /assets/a.txt: ' ] &&
  [ "$tag" = '304, ETag /assets/a.txt: ' ] && [ "$both" = "$tag" ] &&
  [ "$date" = '200, ETag /assets/a.txt: the second version, which is longer' ] &&
  [ "$plain" = '200, ETag : the second version, which is longer' ]
