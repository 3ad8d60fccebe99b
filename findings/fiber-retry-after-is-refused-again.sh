#!/usr/bin/env bash
# Fiber's sliding limiter refuses the request that comes when its own Retry-After is over.
#
# Expected: a limiter that answers 429 with "Retry-After: 5" takes a request from the same client after five seconds; of
#   a sliding window one expects that it takes one even sooner, as the old requests leave it one by one.
# Seen: Fiber 3.1.0, limiter middleware with LimiterMiddleware: limiter.SlidingWindow{}, 20 requests in 5 s. After 21
#   requests at once: 429, Retry-After: 5. The only request after that, five seconds later, is answered 429 with
#   "Retry-After: 5" again. One that waits a second longer than it was told is accepted, and so is one after five
#   seconds with the default, the fixed window.
# Why: the time that is told is that until the present window ends. Right then the hits of that window have their full
#   weight in the next one (20 and more of 20), the refused request among them; they fade only from then on.
# Why it matters: a fetcher that obeys Retry-After to the second is refused twice for each window that it has used up,
#   waits twice, and gets half of the rate; of the retries that a request has, each window takes two. Clients that add a
#   second to what they are told never see it.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=26981

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require github.com/gofiber/fiber/v3 v3.1.0
END
cat >main.go <<'END'
package main

import (
	"log"
	"os"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/limiter"
)

func main() {
	app := fiber.New()
	client := func(c fiber.Ctx) string { return c.Path() } // each path is a client of its own
	app.Get("/sliding/:client/:n?", limiter.New(limiter.Config{
		Max: 20, Expiration: 5 * time.Second, LimiterMiddleware: limiter.SlidingWindow{},
		KeyGenerator: client,
	}), func(c fiber.Ctx) error { return c.SendString("ok") })
	app.Get("/fixed/:client", limiter.New(limiter.Config{
		Max: 20, Expiration: 5 * time.Second, KeyGenerator: client,
	}), func(c fiber.Ctx) error { return c.SendString("ok") })
	log.Fatal(app.Listen("127.0.0.1:"+os.Args[1], fiber.ListenConfig{DisableStartupMessage: true}))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /fiber.v3$/ {print "fiber", $3}'
./server "$port" &>server.log &
server=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -s -o /dev/null "$url/" && break || sleep 0.1; done

# header PATH NAME: the value of a header of the answer
header() { curl -s -o /dev/null -D - "$url/$1" | tr -d '\r' | awk -v n="$2:" 'tolower($1) == tolower(n) {print $2}'; }
# ask PATH: the status and the Retry-After
ask() {
  curl -s -o /dev/null -D - "$url/$1" | tr -d '\r' |
    awk 'NR == 1 {status = $2} /^Retry-After/ {after = " Retry-After: " $2} END {print status after}'
}

# The limiter counts in whole seconds of its own clock: begin right after one of its ticks.
first=$(header sliding/clock X-RateLimit-Reset)
while [ "$(header sliding/clock X-RateLimit-Reset)" = "$first" ]; do sleep 0.1; done
for client in sliding/obeys sliding/waits fixed/obeys; do
  curl -s -o /dev/null "$url/$client?n=[1-20]"
done
told="$(ask sliding/obeys), $(ask sliding/waits), $(ask fixed/obeys)"
sleep 5
obeys=$(ask sliding/obeys)
fixed=$(ask fixed/obeys)
sleep 1
waits=$(ask sliding/waits)
echo "the 21st request, of three clients:   $told"
echo "sliding window, 5 s later:            $obeys"
echo "sliding window, 6 s later:            $waits"
echo "fixed window, 5 s later:              $fixed"
[ "$told" = '429 Retry-After: 5, 429 Retry-After: 5, 429 Retry-After: 5' ] &&
  [ "$obeys" = '429 Retry-After: 5' ] && [ "$waits" = 200 ] && [ "$fixed" = 200 ]
