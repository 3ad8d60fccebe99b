#!/usr/bin/env bash
# koa-static gives yesterday's file to clients that accept gzip, and today's to others, under one URL and without Vary.
#
# Expected: a static server without any setting for compression serves the file that the URL names. Those that look
#   for a NAME.gz beside it do so when told to (gzip_static, sirv's gzip), and say "Vary: Accept-Encoding" (RFC 9110,
#   12.5.5).
# Seen: koa-static 5.0.0 with koa 3.3.0 (both newest), no options; export.csv is of today, and export.csv.gz beside
#   it, offered as a download of its own, of yesterday with other rows. GET /export.csv with "Accept-Encoding: gzip", or
#   with "*": yesterday's rows, "Content-Encoding: gzip", Last-Modified of yesterday. Without: today's rows. No Vary
#   either way. The dates of the two files are not compared.
# Why: the options gzip and brotli of koa-send are true where nothing is said, and mean "if a file of that name
#   exists".
# Why it matters: fetchers offer gzip with each request and so get old data, with 200 and well-formed, while whoever
#   checks with curl sees the right file. A client or shared cache that goes by Vary gives one to those who asked for
#   the other, and If-Modified-Since with the date of one form is answered for the other. A second look at a doubtful
#   file has to say "Accept-Encoding: identity".
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts koa@3.3.0 koa-static@5.0.0 koa-send@5.0.1 \
  >/dev/null
mkdir www
echo 'yesterday,1' | gzip >www/export.csv.gz
touch -d '1 day ago' www/export.csv.gz
echo 'today,2' >www/export.csv
port=18490
cat >server.js <<'END'
const Koa = require('koa')
new Koa().use(require('koa-static')('www')).listen(process.argv[2], '127.0.0.1')
END
for package in koa koa-static koa-send; do
  echo "$package $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
node server.js "$port" &>server.log &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/export.csv" && break || sleep 0.1; done

# ask HEADER...: the content, and how many Vary fields came
ask() {
  local header=()
  for line in "$@"; do header+=(-H "$line"); done
  curl -s --compressed --max-time 10 -o body -D head "${header[@]}" \
    "http://127.0.0.1:$port/export.csv"
  echo "$(cat body) $(grep -ic ^vary head || true)"
}

plain=$(ask 'Accept-Encoding: identity')
gzip=$(ask 'Accept-Encoding: gzip')
any=$(ask 'Accept-Encoding: *')
date=$(grep -i ^last-modified: head | tr -d '\r' | cut -d' ' -f2-)
echo "identity: $plain Vary"
echo "gzip:     $gzip Vary"
echo "*:        $any Vary, Last-Modified: $date"
[ "$plain" = 'today,2 0' ] && [ "$gzip" = 'yesterday,1 0' ] && [ "$any" = 'yesterday,1 0' ] &&
  [ "$(date -d "$date" +%s)" -lt "$(date -d '12 hours ago' +%s)" ]
