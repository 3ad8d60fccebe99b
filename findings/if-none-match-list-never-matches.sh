#!/usr/bin/env bash
# Two static servers answer the own tag of a file with 304, but never in a list of two, nor "*".
#
# Expected: If-None-Match is a list, and matches when any of its tags does (RFC 9110, 13.1.2); with "*" any file.
# Seen: http-server 14.1.1 and serve-handler 6.1.8 (the server in serve; both newest). The file's own tag: 304. The
#   same tag in a list of two, first or last: 200 and the whole body, and so for "*". serve-handler compares "W/" letter
#   by letter, too, where weak comparison is asked for, and its 416 has the whole file as its body. http-server answers
#   "Range: bytes=-500", the last 500 bytes, with 416.
# Why: both compare the field as one string (and serve-handler has no other condition, nor dates).
# Why it matters: a client that has several stored forms of a page sends all of their tags, as RFC 9111 (4.3.1) says,
#   and one that gets "x-gzip" for a compressed form sends that and "x". Here this means that nothing is ever
#   revalidated, and each run of a batch fetches all again, as if all had changed. A list is for tags that need it.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts http-server@14.1.1 serve-handler@6.1.8 >/dev/null
mkdir www
seq 2000 >www/rows.csv
touch -d '1 hour ago' www/rows.csv
port=18488
cat >serve.js <<'END'
const serve = require('serve-handler')
const files = (req, res) => serve(req, res, { public: 'www', etag: true })
require('http').createServer(files).listen(process.argv[2], '127.0.0.1')
END

# ask HEADER: status and bytes
ask() {
  curl -s --max-time 10 -o body -w '%{http_code} %{size_download}' -H "$1" "http://127.0.0.1:$port/rows.csv"
}

# check NAME COMMAND...: starts a server, asks it, and fails if it does well
check() {
  local name=$1 tag own first last star
  shift
  "$@" &>server.log &
  servers+=($!)
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done
  echo "$name $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/$name/package.json"), node $(node --version)"
  tag=$(curl -s -D - -o /dev/null "http://127.0.0.1:$port/rows.csv" | grep -i ^etag | tr -d '\r' | cut -d' ' -f2)
  own=$(ask "If-None-Match: $tag")
  first=$(ask "If-None-Match: $tag, \"other\"")
  last=$(ask "If-None-Match: \"other\", $tag")
  star=$(ask 'If-None-Match: *')
  echo "  own tag: $own; first of two: $first; last of two: $last; *: $star"
  [ "$own" = '304 0' ] && [ "$first" = "200 $(stat -c %s www/rows.csv)" ] && [ "$last" = "$first" ] &&
    [ "$star" = "$first" ] || return 1
}

check http-server node node_modules/http-server/bin/http-server www -a 127.0.0.1 -p "$port" -c-1 -s
suffix=$(ask 'Range: bytes=-500')
echo "  last 500 bytes: $suffix"
[[ $suffix == '416 '* ]]
port=$((port + 1))
check serve-handler node serve.js "$port"
tag=$(curl -sI "http://127.0.0.1:$port/rows.csv" | grep -i ^etag | tr -d '\r' | cut -d' ' -f2)
weak=$(ask "If-None-Match: W/$tag")
beyond=$(ask 'Range: bytes=900000-')
echo "  own tag called weak: $weak; range behind the end: $beyond"
[[ $weak == '200 '* ]] && [ "$beyond" = "416 $(stat -c %s www/rows.csv)" ]
