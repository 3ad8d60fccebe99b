#!/usr/bin/env bash
# tusd serves an upload of which half has arrived as a whole file: 200, with the length of the half.
#
# Expected: a server of resumable uploads knows how long each will be (Upload-Length) and how much of it is there
#   (Upload-Offset), so a GET of one that is not complete is refused (404, 409 or 425), or is at least not a plain 200.
# Seen: tusd 2.9.1 (newest; the reference server of the tus protocol), store on disk. An upload of 1000 bytes, of which
#   500 were sent: GET is 200 with "Content-Length: 500", without Upload-Offset or Upload-Length; a range is 206 of
#   500; before the first byte it is 200 and empty. HEAD of the same URL says "Content-Length: 1000". Once the rest has
#   come GET is 200 with 1000 bytes.
# Why: GET takes the length from the offset that has been reached, HEAD from that which was declared.
# Why it matters: who fetches what others upload stores half a file as complete: status, length and framing agree, and
#   curl exits with 0. An upload that broke off and is not continued stays so until it expires. Only HEAD tells, if its
#   Content-Length, or Upload-Offset and Upload-Length, are compared with what a GET brought.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=18661
base=http://127.0.0.1:$port/files/

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require github.com/tus/tusd/v2 v2.9.1
END
cat >main.go <<'END'
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
)

func main() {
	composer := handler.NewStoreComposer()
	filestore.New(os.Args[2]).UseIn(composer)
	uploads, err := handler.NewHandler(handler.Config{BasePath: "/files/", StoreComposer: composer})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/files/", http.StripPrefix("/files/", uploads))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
timeout 240 go build -o server . &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /tusd/ {print "tusd", $3}'
mkdir uploads
./server "$port" uploads &>server.log &
server=$!
tus() { curl -s --max-time 10 -H 'Tus-Resumable: 1.0.0' "$@"; }
for _ in $(seq 100); do tus -o /dev/null -X OPTIONS "$base" && break || sleep 0.1; done

# length METHOD-OPTIONS...: status and Content-Length of an answer; its body goes into the file body
length() {
  tus -D head -o body "$@"
  echo "$(awk 'NR == 1 {print $2}' head) $(sed -n 's/^Content-Length: //p' head | tr -d '\r')"
}

# send OFFSET: 500 bytes more
send() {
  head -c 500 /dev/zero | tr '\0' x | tus -o /dev/null -X PATCH -H "Upload-Offset: $1" \
    -H 'Content-Type: application/offset+octet-stream' --data-binary @- "$url"
}

url=$(tus -D - -o /dev/null -X POST -H 'Upload-Length: 1000' "$base" | sed -n 's/^Location: //p' | tr -d '\r')
empty=$(length "$url")
send 0
half=$(length "$url")
told=$(grep -c '^Upload-' head || true)
got=$(wc -c <body)
part=$(length -r 100- "$url")
head=$(length --head "$url")
send 500
whole=$(length "$url")
echo "GET before the first byte: $empty; of half: $half ($got bytes, $told fields Upload-…); a range of it: $part"
echo "HEAD of half: $head; GET of the whole: $whole"
[ "$empty" = '200 0' ] && [ "$half" = '200 500' ] && [ "$got" = 500 ] && [ "$told" = 0 ]
[ "$part" = '206 400' ] && [ "$head" = '200 1000' ] && [ "$whole" = '200 1000' ]
