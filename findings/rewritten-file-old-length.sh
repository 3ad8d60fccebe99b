#!/usr/bin/env bash
# Three static servers cut a file that was written over at the length that it had before, and call that complete.
#
# Expected: the length, ETag and Last-Modified of an answer come from the file that it is read from (fstat after
#   open), so that a file that is written over between two requests is the new one, whole, under new validators.
# Seen: a file of 20000 bytes is asked for, then written over in place by one of 40000 other bytes, and asked for
#   again. sirv 3.0.2 (newest; with dev: false, its default), fasthttp 1.78.0 (newest; fasthttp.FS, which fiber uses),
#   and lighttpd 1.4.69 (Debian 12): 200, "Content-Length: 20000", the ETag or Last-Modified of the old file, and the
#   first 20000 bytes of the new one. lighttpd does so for about two seconds, fasthttp for about ten, sirv until it is
#   started again. A range with If-Range and the old validator is 206 with new bytes, too. curl exits with 0 each time.
# Why: sirv reads the folder once, at its start; fasthttp keeps open files, and lighttpd the results of stat, for a
#   while. All of them then read the file as it is now.
# Why it matters: half a file, with nothing in status, length or validators that tells; and a download that broke off
#   is continued with another file's bytes although If-Range was sent. A cache keeps it under the old tag. Nightly
#   exports are written over in place, and fetched right after. Only a checksum finds it, or asking again a little
#   later.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
mkdir www
port=18486

timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts sirv@3.0.2 >/dev/null
cat >sirv.mjs <<'END'
import http from 'node:http'
import sirv from 'sirv'
const files = sirv('www', { etag: true })
http.createServer((req, res) => files(req, res)).listen(process.argv[2], '127.0.0.1')
END

mkdir fasthttp
cat >fasthttp/main.go <<'END'
package main

import (
	"log"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	fs := &fasthttp.FS{Root: "www", AcceptByteRange: true}
	log.Fatal(fasthttp.ListenAndServe("127.0.0.1:"+os.Args[1], fs.NewRequestHandler()))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(cd fasthttp && go mod init test.invalid/server && go get github.com/valyala/fasthttp@v1.78.0 &&
  timeout 240 go build -o ../fasthttp-server .) &>build.log || { cat build.log; exit 1; }

timeout 120 apt-get download -q lighttpd=1.4.69-1 &>/dev/null
dpkg -x lighttpd_*.deb root
cat >lighttpd.conf <<END
server.document-root = "$dir/www"
server.bind = "127.0.0.1"
server.port = $((port + 2))
mimetype.assign = (".csv" => "text/csv")
END

# ask HEADER...: status and length; the body goes into the file body
ask() {
  local header=()
  for line in "$@"; do header+=(-H "$line"); done
  curl -s --max-time 10 -o body -D head "${header[@]}" "http://127.0.0.1:$port/rows.csv"
  echo "$(awk 'NR == 1 {print $2}' head) $(grep -i ^content-length head | tr -d '\r' | cut -d' ' -f2)"
}

validators() { grep -iE '^(etag|last-modified)' head | tr -d '\r'; }

# rewritten NAME COMMAND...: what the server that COMMAND starts makes of a file that is written over; 1 if it does well
rewritten() {
  local name=$1 old again part
  shift
  head -c 20000 /dev/zero | tr '\0' o >www/rows.csv
  touch -d '1 hour ago' www/rows.csv
  "$@" &
  servers+=($!)
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done
  ask >/dev/null
  old=$(validators)
  head -c 40000 /dev/zero | tr '\0' n >www/rows.csv
  again=$(ask)
  echo "$name: $again, of the new file $(tr -cd n <body | wc -c) bytes of 40000"
  [ "$again" = '200 20000' ] && [ "$(validators)" = "$old" ] && [ "$(tr -cd n <body | wc -c)" = 20000 ] || return 1
  part=$(ask 'Range: bytes=10000-' "If-Range: $(sed -n 's/^[Ll]ast-[Mm]odified: //p' <<<"$old")")
  echo "$name: If-Range with the old date: $part"
  [ "$part" = '206 10000' ] && [ "$(tr -cd n <body | wc -c)" = 10000 ] || return 1
}

echo "sirv $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' node_modules/sirv/package.json), node $(node --version)"
rewritten sirv node sirv.mjs "$port"
go version -m fasthttp-server | awk '$2 ~ /fasthttp$/ {print "fasthttp", $3}'
port=$((port + 1))
rewritten fasthttp ./fasthttp-server "$port"
root/usr/sbin/lighttpd -v -m root/usr/lib/lighttpd
port=$((port + 1))
rewritten lighttpd root/usr/sbin/lighttpd -D -f lighttpd.conf -m root/usr/lib/lighttpd
