#!/usr/bin/env bash
# What a client has given up stays in the caches of Gin, Echo and Iris as the whole page, for everyone.
#
# Expected: a cache within a server keeps the responses of handlers that have run to their end. A request that its
#   client gave up ends early, and leaves nothing; the next one makes the page anew.
# Seen: gin-cache 1.10.0, gin-contrib/cache 1.4.1, echo-http-cache of 2020-07-06 and iris.Cache of Iris 12.2.11, in
#   front of a handler that writes 100 rows, takes a second for that, and ends when its client has gone, as a loop over
#   the rows of QueryContext does. One client gives up after half a second. For the minute that a page is kept all
#   others then get 200, "Content-Length: 340" and 50 rows, at once. Without a cache they get 100.
# Why: the status is 200 unless a handler has set another, and what has been written when it returns is what is stored,
#   under its own length. Nothing asks whether the request's context had ended.
# Why it matters: it is the retry that is wrong. A fetcher whose first attempt ran into a time limit asks again, and
#   gets half of the page as a success, faster than any other; so do those that had more patience. None of the four
#   obeys "Cache-Control: no-cache". Only more time for the first attempt helps, or waiting until the page has gone.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=24975

cat >go.mod <<'END'
module test.invalid/server
go 1.25
require (
	github.com/SporkHubr/echo-http-cache v0.0.0-20200706100054-1d7ae9f38029
	github.com/chenyahui/gin-cache v1.10.0
	github.com/gin-contrib/cache v1.4.1
	github.com/gin-gonic/gin v1.11.0
	github.com/kataras/iris/v12 v12.2.11
)
END
cat >main.go <<'END'
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	echocache "github.com/SporkHubr/echo-http-cache"
	"github.com/SporkHubr/echo-http-cache/adapter/memory"
	gincache "github.com/chenyahui/gin-cache"
	"github.com/chenyahui/gin-cache/persist"
	contrib "github.com/gin-contrib/cache"
	"github.com/gin-contrib/cache/persistence"
	"github.com/gin-gonic/gin"
	"github.com/kataras/iris/v12"
	"github.com/labstack/echo/v4"
)

// page writes 100 rows as a query returns them, which takes a second, and ends where the client has gone.
func page(w http.ResponseWriter, r *http.Request) {
	for row := range 100 {
		if row == 50 {
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return
			}
		}
		fmt.Fprintln(w, "row", row)
	}
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	toGin := func(c *gin.Context) { page(c.Writer, c.Request) }
	mux := http.NewServeMux()
	mux.HandleFunc("/none", page)

	g := gin.New()
	g.GET("/gin-cache", gincache.CacheByRequestURI(persist.NewMemoryStore(time.Minute), time.Minute), toGin)
	g.GET("/gin-contrib", contrib.CachePage(persistence.NewInMemoryStore(time.Minute), time.Minute, toGin))
	mux.Handle("/gin-cache", g)
	mux.Handle("/gin-contrib", g)

	a, _ := memory.NewAdapter(memory.AdapterWithAlgorithm(memory.LRU), memory.AdapterWithCapacity(100))
	c, err := echocache.NewClient(echocache.ClientWithAdapter(a), echocache.ClientWithTTL(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.GET("/echo-http-cache", func(c echo.Context) error { page(c.Response(), c.Request()); return nil }, c.Middleware())
	mux.Handle("/echo-http-cache", e)

	app := iris.New()
	app.Get("/iris", iris.Cache(time.Minute), func(c iris.Context) { page(c.ResponseWriter(), c.Request()) })
	if err := app.Build(); err != nil {
		log.Fatal(err)
	}
	mux.Handle("/iris", app)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], mux))
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
go version -m server | awk '$2 ~ /(http-cache|gin-cache|contrib.cache|iris.v12)$/ {print $2, $3}'
./server "$port" &>server.log &
server=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -s -o /dev/null "$url/" && break || sleep 0.1; done

result=0
# want PATH ROWS: how many rows come, and of which length, after a client has given the page up
want() {
  local code=0 got
  curl -s -o /dev/null --max-time 0.5 "$url/$1" || code=$?
  sleep 0.3
  got=$(curl -s --max-time 10 -H 'Cache-Control: no-cache' -o body -D head -w '%{http_code} in %{time_total} s' \
    "$url/$1")
  echo "/$1: the first client gives up (curl $code), the second gets $got," \
    "$(tr -d '\r' <head | grep '^Content-Length'), $(wc -l <body) rows"
  [ "$code" = 28 ] && [ "${got%% *}" = 200 ] && [ "$(wc -l <body)" = "$2" ] || result=1
}
want none 100
want gin-cache 50
want gin-contrib 50
want echo-http-cache 50
want iris 50
exit "$result"
