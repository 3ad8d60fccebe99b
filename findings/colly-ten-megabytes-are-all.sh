#!/usr/bin/env bash
# colly, the scraper for Go, hands over the first 10 MiB of a longer body as a success, and keeps them in its cache.
#
# Expected: a bound for the size of a body is an error where it is met, as curl's --max-filesize is; the length of the
#   body is in the header, so that no byte would have to be read.
# Seen: github.com/gocolly/colly/v2 2.3.0 (newest), Go 1.26. A JSON text of 12 MiB with a Content-Length: Visit returns
#   nil, OnResponse has 200, the header with 12582912 and a body of 10485760 bytes, OnError is not called. A second
#   collector with a bound of 20 MiB and the same CacheDir has the short one too, without a request.
# Why: MaxBodySize is 10 MiB where nothing is set: a reader that ends there, which looks like the end of the body.
# Why it matters: a data pull with it works while its files are small, and loses the end of the first long one without a
#   word; CSV and JSON lines are still valid then. MaxBodySize = 0, or the length compared by hand, and an empty cache.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir" && rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'END'
module test.invalid/scraper
go 1.25
require github.com/gocolly/colly/v2 v2.3.0
END
cat >main.go <<'END'
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gocolly/colly/v2"
)

func main() {
	body, requests := append(bytes.Repeat([]byte(" "), 12<<20-2), '[', ']'), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	}))
	defer server.Close()
	for _, most := range []int{0, 20 << 20} { // 0: as it is
		c := colly.NewCollector(colly.CacheDir(os.Args[1]))
		if most > 0 {
			c.MaxBodySize = most
		}
		c.OnResponse(func(r *colly.Response) {
			fmt.Printf("status %d, length %s, body %d; ", r.StatusCode, r.Headers.Get("Content-Length"), len(r.Body))
		})
		c.OnError(func(_ *colly.Response, err error) { fmt.Printf("error %v; ", err) })
		fmt.Printf("Visit %v, requests %d\n", c.Visit(server.URL), requests)
	}
}
END
export GOFLAGS=-mod=mod GOPATH=$dir/go GOCACHE=$dir/cache
timeout 200 go build -o scraper . 2>/dev/null
grep 'gocolly/colly' go.mod
go version | cut -d' ' -f3
seen=$(timeout 60 ./scraper "$dir/kept")
echo "$seen"
[ "$seen" = 'status 200, length 12582912, body 10485760; Visit <nil>, requests 1
status 200, length 12582912, body 10485760; Visit <nil>, requests 1' ]
