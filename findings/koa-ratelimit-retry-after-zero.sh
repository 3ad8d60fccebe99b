#!/usr/bin/env bash
# Retry-After of koa-ratelimit is too short by up to a second, and 0 in the last one: who obeys it is refused again.
#
# Expected: a delay in whole seconds (RFC 9110, 10.2.3) is rounded up, so that it is long enough; the limiters of
#   express (express-rate-limit) and fastify do so. 0 would mean "now".
# Seen: koa-ratelimit 6.0.0 with koa 3.3.0 (both newest), 1 request in 3 seconds. Whenever it is asked, a request
#   after exactly the seconds of Retry-After is refused, and in the last second of the window the answer is 429 with
#   "Retry-After: 0", for each request of that second. X-RateLimit-Reset, elsewhere whole seconds, has a fraction here.
# Why: the remaining time is cut to an integer, (reset - now) | 0.
# Why it matters: a fetcher that takes the header to the letter asks again at once, as often as it may: all its tries
#   are gone within milliseconds of a wait that would have been under a second, and with a ban for too many 429s it does
#   worse. Retry-After needs a little more added to it, and 0 beside a 429 the usual backoff.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts koa@3.3.0 koa-ratelimit@6.0.0 >/dev/null
port=18485
cat >server.js <<'END'
const Koa = require('koa')
const limit = require('koa-ratelimit')
const app = new Koa()
app.use(async (ctx, next) => ctx.path === '/ready' ? ctx.body = 'ready' : next())
app.use(limit({ driver: 'memory', db: new Map(), duration: 3000, max: 1, id: ctx => ctx.ip }))
app.use(ctx => { ctx.body = 'ok' })
app.listen(process.argv[2], '127.0.0.1')
END
for package in koa koa-ratelimit; do
  echo "$package $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/$package/package.json")"
done
node server.js "$port" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/ready" && break || sleep 0.1; done

# ask: status, and seconds to wait
ask() {
  curl -s --max-time 10 -o body -D head "http://127.0.0.1:$port/"
  echo "$(awk 'NR == 1 {print $2}' head) $(grep -i ^retry-after head | tr -d '\r' | cut -d' ' -f2)"
}

ask
second=$(ask)
echo "second request:              $second"
sleep "${second#429 }"
obeyed=$(ask)
echo "after those seconds:         $obeyed"
tries=0
while again=$(ask) && [ "$again" = '429 0' ]; do tries=$((tries + 1)); done
echo "obeyed to the letter:        $tries times \"429, Retry-After: 0\", then $again"
[[ $second == '429 '[12] ]] && [ "$obeyed" = '429 0' ] && [ "$tries" -ge 3 ] && [ "$again" = '200 ' ]
