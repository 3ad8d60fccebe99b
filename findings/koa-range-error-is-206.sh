#!/usr/bin/env bash
# koa-range makes a 206 of an error page: a 503 with Retry-After becomes part of the file that was to be continued.
#
# Expected: Range is looked at only where the answer would otherwise be 200 (RFC 9110, 13.2.2 and 14.2); a 503 stays
#   one. A last position beyond the end means the end (14.1.2), and a first one beyond the end is 416.
# Seen: koa-range 0.3.0 (newest; also in local-web-server 5.4.0, newest) with koa 3.3.0. "Range: bytes=10-": 503
#   becomes "206 Partial Content", "Content-Range: bytes 10-55/56", and 46 bytes of the text of the error, Retry-After
#   still beside them; 302 becomes 206, too, with its Location. "Range: bytes=18000-999999" of a file of 20000 bytes
#   announces 982000 bytes, sends 2000 and then nothing, on an open connection. "Range: bytes=20000-" is 206 with no
#   bytes and "Content-Range: bytes 20000-19999/20000".
# Why: the middleware sets the status to 206 after the handler, whatever it was, and trusts the numbers of the
#   request.
# Why it matters: a resumed download gets the text of an overloaded server appended, and counts as a success;
#   Retry-After isn't looked for in a 206. Only the total behind the slash, 56, and a missing validator tell. One that
#   fetches blocks of a fixed size waits for ever for the last. And 416, which says that all is there already, never
#   comes.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts koa@3.3.0 koa-range@0.3.0 koa-static@5.0.0 \
  >/dev/null
mkdir www
seq -f '%.0f,value' 20000 >rows
head -c 20000 rows >www/rows.csv
port=18487
cat >server.js <<'END'
const Koa = require('koa')
const app = new Koa()
app.use(require('koa-range'))
app.use((ctx, next) => {
  if (ctx.path === '/busy') {
    ctx.status = 503
    ctx.set('Retry-After', '5')
    ctx.body = 'the database is being restarted, please come back later\n'
  } else if (ctx.path === '/moved') {
    ctx.redirect('/rows.csv')
  } else {
    return next()
  }
})
app.use(require('koa-static')('www'))
app.listen(process.argv[2], '127.0.0.1')
END
for package in koa koa-range; do
  echo "$package $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
node server.js "$port" &>server.log &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done

# ask PATH [RANGE]: status, Content-Range, bytes announced and received
ask() {
  local range=()
  [ $# = 1 ] || range=(-H "Range: bytes=$2")
  rm -f body
  curl -s --max-time 3 -o body -D head "${range[@]}" "http://127.0.0.1:$port/$1" || true
  [ -e body ] || : >body
  echo "$(awk 'NR == 1 {print $2}' head) $(grep -i ^content-range head | tr -d '\r' | cut -d' ' -f3)" \
    "$(grep -i ^content-length head | tr -d '\r' | cut -d' ' -f2) $(stat -c %s body)"
}

plain=$(ask busy)
busy=$(ask busy 10-)
retry=$(grep -i ^retry-after head | tr -d '\r')
text=$(cat body)
moved=$(ask moved 10-)
block=$(ask rows.csv 18000-999999)
behind=$(ask rows.csv 20000-)
echo "503:                            $plain"
echo "503 with Range:                 $busy, $retry, \"$text\""
echo "302 with Range:                 $moved"
echo "range over the end, in 3 s:     $block"
echo "range behind the end:           $behind"
[ "$plain" = '503  56 56' ] && [ "$busy" = '206 10-55/56 46 46' ] && [ "$retry" = 'Retry-After: 5' ] &&
  [[ $moved == '206 10-'* ]] && [ "$block" = '206 18000-999999/20000 982000 2000' ] &&
  [[ $behind == '206 20000-19999/20000 '*' 0' ]]
