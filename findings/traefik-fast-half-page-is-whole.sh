#!/usr/bin/env bash
# Behind Traefik's fast proxy a page whose server broke off is whole, with "Internal Server Error" as its last line.
#
# Expected: a gateway whose server closes within a chunked body closes its own connection without the last chunk, or
#   resets the stream (RFC 9112, 8), as Traefik does by default: curl ends with 18, and with 92 over HTTP/2.
# Seen: Traefik 3.7.13 (newest) with experimental.fastProxy. Of a page of 80000 bytes the server sends 40000 in a chunk,
#   and goes. The client gets 200, the 40000 bytes, the 21 bytes "Internal Server Error" behind them, and a proper end,
#   over HTTP/1.1 and HTTP/2: curl ends with 0. Through Traefik's other proxy, which is the default, it ends with 18 and
#   92. With a Content-Length both proxies show the cut; where the middleware "compress" is in front the fast one ends
#   that page well, too (not run here).
# Why: an error after the header goes the way of one before it, to the handler that writes the status and its text: the
#   status comes too late, the text becomes part of the page, and the handler returns as after success, where the
#   default proxy panics with http.ErrAbortHandler.
# Why it matters: fastProxy is one line of configuration, for speed. Lists in CSV and JSON lines come short
#   by what was to follow, with a line that is no data, and nothing asks again. Only a digest or the end of the format
#   tells.
# How: the packages pkg/proxy/fast and pkg/proxy/httputil run as they are; of the rest of Traefik, which takes minutes
#   to build, there are only the three types that they name, without a value set.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
port=18671 # of the server; the next ones are the fast proxy's and the default one's
export GOFLAGS=-mod=mod GOTOOLCHAIN=local

cat >go.mod <<'END'
module github.com/traefik/traefik/v3
go 1.25
require (
	github.com/rs/zerolog v1.34.0
	github.com/valyala/fasthttp v1.73.0
	golang.org/x/net v0.58.0
)
END
# the packages of the two proxies, but for the builder and the traces of the second, which need the rest of Traefik
version=v3.7.13
source=$(timeout 240 go mod download -json "github.com/traefik/traefik/v3@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
mkdir -p pkg/proxy pkg/config/dynamic pkg/config/static pkg/observability/logs
cp -r "$source/pkg/proxy/fast" "$source/pkg/proxy/httputil" pkg/proxy/
chmod -R u+w pkg
rm pkg/proxy/*/*_test.go pkg/proxy/httputil/{builder,observability}.go
cat >pkg/config/dynamic/dynamic.go <<'END'
package dynamic

import "time"

type ServersTransport struct {
	MaxIdleConnsPerHost int
	ForwardingTimeouts  *struct{ IdleConnTimeout, DialTimeout, ResponseHeaderTimeout time.Duration }
}
END
printf 'package static\n\ntype FastProxyConfig struct{ Debug bool }\n' >pkg/config/static/static.go
cat >pkg/observability/logs/logs.go <<'END'
package logs

import "github.com/rs/zerolog"

func NoLevel(l zerolog.Logger, _ zerolog.Level) zerolog.Logger { return l }
END
cat >pkg/proxy/httputil/default.go <<'END'
package httputil

import (
	"net/http"
	"net/url"
)

func Default(to *url.URL) http.Handler {
	return buildSingleHostProxy(to, true, false, 0, http.DefaultTransport, newBufferPool())
}
END
cat >main.go <<'END'
package main

import (
	"crypto/tls"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/config/static"
	"github.com/traefik/traefik/v3/pkg/proxy/fast"
	"github.com/traefik/traefik/v3/pkg/proxy/httputil"
)

type transports struct{}

func (transports) Get(string) (*dynamic.ServersTransport, error) {
	return &dynamic.ServersTransport{MaxIdleConnsPerHost: 200}, nil
}
func (transports) GetTLSConfig(string) (*tls.Config, error) { return nil, nil }

func serve(addr string, h http.Handler) {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	log.Fatal((&http.Server{Addr: addr, Handler: h, Protocols: &p}).ListenAndServe())
}

func main() {
	page := strings.Repeat("0123456789abcde\n", 5000)
	origin := http.NewServeMux()
	origin.HandleFunc("/whole", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(page)) })
	half := func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(page[:40000]))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
	origin.HandleFunc("/half", half)
	origin.HandleFunc("/half-with-length", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		half(w, r)
	})
	to := &url.URL{Scheme: "http", Host: os.Args[1]}
	quick, err := fast.NewProxyBuilder(transports{}, static.FastProxyConfig{}).Build("default", to, true, false)
	if err != nil {
		log.Fatal(err)
	}
	go serve(os.Args[1], origin)
	go serve(os.Args[2], quick)
	serve(os.Args[3], httputil.Default(to))
}
END
(timeout 240 go mod tidy && timeout 240 go build -o server .) &>build.log || { cat build.log; exit 1; }
echo "traefik $version"
./server "127.0.0.1:$port" "127.0.0.1:$((port + 1))" "127.0.0.1:$((port + 2))" &>server.log &
server=$!
for p in $port $((port + 1)) $((port + 2)); do
  for _ in $(seq 100); do
    curl -s -m 2 -o /dev/null "http://127.0.0.1:$p/whole" && break
    sleep 0.1
  done
done

# fetch PORT PATH [OPTION...]: curl's exit code; the page is in the file body
fetch() {
  local code=0
  curl -s -m 10 -o body "${@:3}" "http://127.0.0.1:$1/$2" || code=$?
  echo "$code"
}

for path in whole half half-with-length; do
  for option in --http1.1 --http2-prior-knowledge; do
    usual=$(fetch $((port + 2)) "$path" "$option")
    quick=$(fetch $((port + 1)) "$path" "$option")
    echo "$path $option: curl ends with $usual; through the fast proxy with $quick, $(wc -c <body) bytes of 80000," \
      "the last ones $(tail -c 21 body | tr '\n' '|')"
    cut=18
    [ "$option" = --http1.1 ] || cut=92
    case $path in
    whole) [ "$usual $quick $(wc -c <body)" = '0 0 80000' ] ;;
    half) [ "$usual $quick $(wc -c <body) $(tail -c 21 body)" = "$cut 0 40021 Internal Server Error" ] ;;
    *) [ "$usual $quick" = "$cut $cut" ] ;;
    esac
  done
done
