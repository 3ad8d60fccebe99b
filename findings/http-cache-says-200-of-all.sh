#!/usr/bin/env bash
# A cache for Go's net/http says 200 of all that it keeps: a redirect is a page, a part is the file, a 304 is empty.
#
# Expected: a cache answers by what it has with the status that the response had (RFC 9111, 4), keeps no 304, and keeps
#   a 206 as a part only (3.3); so whoever asks second sees what the first one saw, or better.
# Seen: github.com/victorspringer/http-cache of 2024-05-23 in front of http.FileServer and a redirect, Go's own, without
#   options but a time to live and room. The first client gets 301, 206 and 304, as it should. All others, for ten
#   minutes: 200 with the "Moved Permanently" link as the page, though Location is there; 200 with the 100 bytes that
#   the first one had requested, of 4000, and Content-Length: 100; and 200 with Content-Length: 0 for a file that one
#   browser had revalidated.
# Why: whatever has a status below 400 is kept, with its fields, and without the status. A hit writes the fields and the
#   body, for which net/http says 200.
# Why it matters: each is a success that is complete by its length. What a cron job revalidates (If-Modified-Since, as
#   curl -z does) is empty for everyone from the first 304 on, itself included the next time; Last-Modified is right.
#   Only the Content-Range that a 200 should not have, or a digest, shows it. No request header goes past the cache.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=26987
mkdir -p www
seq -w 0 999 | tee www/a.txt www/b.txt >www/c.txt # 4000 bytes each
touch -d '2026-01-02 03:04:05 UTC' www/*.txt

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require github.com/victorspringer/http-cache v0.0.0-20240523143319-7d9f48f8ab91
END
cat >main.go <<'END'
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	cache "github.com/victorspringer/http-cache"
	"github.com/victorspringer/http-cache/adapter/memory"
)

func main() {
	store, err := memory.NewAdapter(memory.AdapterWithAlgorithm(memory.LRU), memory.AdapterWithCapacity(100))
	if err != nil {
		log.Fatal(err)
	}
	client, err := cache.NewClient(cache.ClientWithAdapter(store), cache.ClientWithTTL(10*time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	files := http.NewServeMux()
	files.Handle("/", http.FileServer(http.Dir("www")))
	files.Handle("/old", http.RedirectHandler("/c.txt", http.StatusMovedPermanently))
	log.Fatal(http.ListenAndServe(os.Args[1], client.Middleware(files)))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(timeout 240 go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /http-cache$/ {print "http-cache", $3}'
./server "127.0.0.1:$port" &>server.log &
server=$!
for _ in $(seq 100); do
  curl -s -m 2 -o /dev/null "http://127.0.0.1:$port/none" && break
  sleep 0.1
done

# get PATH [OPTION...]: the status and the size of the body
get() { curl -s -m 10 -o body -w '%{http_code} %{size_download}' "${@:2}" "http://127.0.0.1:$port/$1"; }

check() {
  echo "$1: the first client gets $2, the next one $3"
  [ "$2" = "$4" ] && [ "$3" = "$5" ]
}
first=$(get old)
check 'redirect, not followed' "$first" "$(get old)" '301 41' '200 41'
grep -q 'Moved Permanently' body
first=$(get a.txt -r 0-99)
check 'a.txt, after bytes 0-99' "$first" "$(get a.txt)" '206 100' '200 100'
first=$(get b.txt -H 'If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT')
check 'b.txt, after a revalidation' "$first" "$(get b.txt -H 'Cache-Control: no-cache')" '304 0' '200 0'
first=$(get c.txt)
check c.txt "$first" "$(get c.txt)" '200 4000' '200 4000'
