#!/usr/bin/env bash
# Behind goproxy a page that breaks off half-way is a whole one, where the origin had told its length, too.
#
# Expected: a proxy that loses the origin in the middle of a body passes that on: it closes the connection, or leaves
#   out the last chunk (RFC 9112, 8), so that the client sees an answer that is not complete.
# Seen: github.com/elazarl/goproxy 1.9.4 (newest; the proxy library of Go). The origin sends 40000 bytes of a page of
#   80000 and closes. Chunked: the client gets 40000 bytes and a last chunk, 200. With a Content-Length and gzip, asked
#   for by a client that sends "Accept-Encoding: gzip": 200, the half, without Content-Length or Content-Encoding, and a
#   last chunk. curl exits with 0 in both cases, and with 18 for both without the proxy. Of a page with Content-Length
#   that is not compressed curl exits with 18 through the proxy, too, which is what one tries.
# Why: the proxy takes the client's Accept-Encoding away, so Go's transport asks for gzip itself and decodes it, for
#   which the length goes. An error while the body is copied is logged, and the handler returns as after success.
# Why it matters: all that a batch fetches through such a proxy (tests, egress, scraping) is compressed text: JSON, CSV,
#   HTML. Each cut is a whole page of which the end is missing, and no retry comes. Only a digest, or the end of the
#   format, tells.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=18662 # of the origin; the next one is the proxy's

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require github.com/elazarl/goproxy v1.9.4
END
cat >main.go <<'END'
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"math/rand"
	"net/http"
	"os"
	"strconv"

	"github.com/elazarl/goproxy"
)

// rows is 80000 bytes that gzip makes smaller, but not much.
func rows() []byte {
	var b bytes.Buffer
	for random := rand.New(rand.NewSource(1)); b.Len() < 80000; {
		fmt.Fprintf(&b, "%010d,%08x\n", random.Int31(), random.Uint32())
	}
	return b.Bytes()
}

func main() {
	page := rows()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(page)
	z.Close()
	send := func(w http.ResponseWriter, body []byte) {
		w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
	origin := http.NewServeMux()
	origin.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) { send(w, page) })
	origin.HandleFunc("/length", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		send(w, page)
	})
	origin.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(packed.Len()))
		send(w, packed.Bytes())
	})
	go func() { log.Fatal(http.ListenAndServe(os.Args[1], origin)) }()
	log.Fatal(http.ListenAndServe(os.Args[2], goproxy.NewProxyHttpServer()))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /goproxy/ {print "goproxy", $3}'
./server "127.0.0.1:$port" "127.0.0.1:$((port + 1))" &>server.log &
server=$!
for _ in $(seq 100); do
  curl -s -o /dev/null "http://127.0.0.1:$port/" && curl -s -o /dev/null "http://127.0.0.1:$((port + 1))/" && break
  sleep 0.1
done

# fetch PATH [OPTION...]: curl's exit code; the answer's fields go into the file head
fetch() {
  local code=0
  curl -s --max-time 10 --compressed -D head -o body "${@:2}" "http://127.0.0.1:$port/$1" || code=$?
  echo "$code"
}

framing() { grep -iE '^(content-(length|encoding)|transfer-encoding)' head | tr -d '\r' | paste -sd ' ' || true; }

for path in length chunked gzip; do
  direct=$(fetch "$path")
  proxied=$(fetch "$path" -x "http://127.0.0.1:$((port + 1))")
  echo "$path: curl ends with $direct; through the proxy with $proxied, $(wc -c <body) bytes of 80000; $(framing)"
  case $path in
  length) [ "$direct $proxied" = '18 18' ] ;;
  *) [ "$direct $proxied" = '18 0' ] && [ "$(wc -c <body)" -lt 50000 ] && ! grep -qi ^content- <(framing) ;;
  esac
done
