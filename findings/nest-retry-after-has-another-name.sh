#!/usr/bin/env bash
# A 429 of NestJS has no Retry-After where the limits have names, and says nothing of the limit that lasts longest.
#
# Expected: a 429 of @nestjs/throttler has Retry-After, as it has with one limit without a name; with two limits, of
#   the one that was met, or the longer wait.
# Seen: @nestjs/throttler 6.7.1, @nestjs/core 12.5.1 (all newest), two limits, "short" (3 in a second) and "long" (5
#   in a minute), which is the README's own example of several. The 429 has "Retry-After-short: 1" and no Retry-After.
#   With the long one used up, too, a burst still gets "Retry-After-short: 1" alone. And a fetcher that does wait that
#   second then gets 429 with "Retry-After-long: 60". X-RateLimit-Remaining and -Reset carry the same suffixes, so a
#   client that looks for the usual names finds none at all, neither before the limit nor at it.
# Why: each limit writes its own header names, and only one that is called "default" has no suffix.
# Why it matters: APIs with a limit per second and one per minute are common, and this is the limiter of the
#   documentation of a much used framework. A fetcher that knows Retry-After only sees 429s without any hint; with a few
#   tries in seconds it loses every URL of the minute, although the server did say how long.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts @nestjs/throttler@6.7.1 @nestjs/core@12.5.1 \
  @nestjs/common@12.5.1 @nestjs/platform-express@12.5.1 reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null
port=18484
cat >server.cjs <<'END'
require('reflect-metadata')
const { Controller, Get, Module } = require('@nestjs/common')
const { APP_GUARD, NestFactory } = require('@nestjs/core')
const { ThrottlerGuard, ThrottlerModule } = require('@nestjs/throttler')
class Pages { page() { return 'ok' } }
Get()(Pages.prototype, 'page', Object.getOwnPropertyDescriptor(Pages.prototype, 'page'))
Controller()(Pages)
class App {}
Module({
  imports: [ThrottlerModule.forRoot([
    { name: 'short', ttl: 1000, limit: 3 },
    { name: 'long', ttl: 60000, limit: 5 },
  ])],
  controllers: [Pages],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})(App)
NestFactory.create(App, { logger: false }).then(app => app.listen(process.argv[2], '127.0.0.1'))
END
for package in throttler core; do
  echo "@nestjs/$package $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "node_modules/@nestjs/$package/package.json")"
done
node server.cjs "$port" &
server=$!
# Unknown paths are not counted.
for _ in $(seq 200); do curl -s -o /dev/null "http://127.0.0.1:$port/unknown" && break || sleep 0.1; done

# ask: status, and each header that says how long to wait
ask() {
  curl -s --max-time 10 -o body -D head "http://127.0.0.1:$port/"
  echo "$(awk 'NR == 1 {print $2}' head) $(grep -i ^retry-after head | tr -d '\r' | tr '\n' ' ')"
}

for _ in 1 2 3; do ask; done
fourth=$(ask)
sleep 1.2
ask
ask
after=$(ask)
burst=$(ask)
echo "fourth in a second:       $fourth"
echo "a second later, the third: $after"
echo "again, at once:           $burst"
[ "$fourth" = '429 Retry-After-short: 1 ' ] && [[ $after == '429 Retry-After-long: '[56]* ]] &&
  [ "$burst" = '429 Retry-After-short: 1 ' ]
