#!/usr/bin/env bash
# A server in Go with small HTTP/2 windows resets the first upload of each connection.
#
# Expected: a client may send 65,535 bytes of a body before it has the server's SETTINGS, and a server that wants less
#   has to take what was on its way when it said so (RFC 9113, 6.9.2 and 6.9.3).
# Seen: net/http of Go 1.26.8 with HTTP2Config.MaxReceiveBufferPerStream = 4096, and golang.org/x/net v0.62.0 with
#   http2.Server.MaxUploadBufferPerStream = 4096. A request whose header and 16,384 bytes of body come right after the
#   client's preface: RST_STREAM, FLOW_CONTROL_ERROR, although the client has acknowledged no SETTINGS. Go's own client
#   loses 37 to 40 of 40 such POSTs, each the first of its connection, curl 8.22 20 of 20 (exit code 92), 7.88 5 to 11.
# Why: a stream begins with the window of the server's own SETTINGS, be they acknowledged or not.
# Why it matters: a POST that was reset for this has no known outcome and is not sent again: a batch loses as many as it
#   makes connections. Small windows are set where memory is short and uploads are many. A client is safe that waits for
#   SETTINGS before it sends a body, which costs a round trip for each connection.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'END'
module test.invalid/check
go 1.26
require golang.org/x/net v0.62.0
END
cat >main.go <<'END'
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const window = 4096

// header returns the header block of a POST.
func header() []byte {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, f := range [][2]string{
		{":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}} {
		e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	return block.Bytes()
}

// upload sends a body of n bytes at once, or with wait once the server's SETTINGS have come and are acknowledged. It
// returns the end of the stream: the code of a reset, or ErrCodeNo for a response.
func upload(s *httptest.Server, n int, wait bool) (http2.ErrCode, error) {
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}
	c, err := tls.Dial("tcp", s.Listener.Addr().String(), config)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	var first bytes.Buffer
	first.WriteString(http2.ClientPreface)
	w := http2.NewFramer(&first, nil)
	w.WriteSettings()
	send := func() error {
		w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: header(), EndHeaders: true})
		w.WriteData(1, true, make([]byte, n))
		_, err := c.Write(first.Bytes())
		first.Reset()
		return err
	}
	if !wait {
		err = send()
	} else {
		_, err = c.Write(first.Bytes())
		first.Reset()
	}
	for r := http2.NewFramer(io.Discard, c); err == nil; {
		var f http2.Frame
		if f, err = r.ReadFrame(); err != nil {
			break
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() && wait {
				w.WriteSettingsAck()
				err = send()
			}
		case *http2.RSTStreamFrame:
			return f.ErrCode, nil
		case *http2.HeadersFrame:
			return http2.ErrCodeNo, nil
		}
	}
	return 0, err
}

func main() {
	count := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	odd := false
	for _, name := range []string{"net/http", "golang.org/x/net/http2"} {
		s := httptest.NewUnstartedServer(count)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.EnableHTTP2 = true
		if name == "net/http" {
			s.Config.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: window}
		} else {
			http2.ConfigureServer(s.Config, &http2.Server{MaxUploadBufferPerStream: window})
			s.TLS = s.Config.TLSConfig
		}
		s.StartTLS()
		early, err1 := upload(s, 4*window, false)
		small, err2 := upload(s, window, false)
		late, err3 := upload(s, window, true)
		lost := 0
		for range 40 {
			client := s.Client()
			client.CloseIdleConnections()
			resp, err := client.Post(s.URL, "text/plain", bytes.NewReader(make([]byte, 4*window)))
			if err != nil {
				lost++
				continue
			}
			resp.Body.Close()
		}
		s.Close()
		fmt.Printf("%s: 16384 bytes at once: %v; 4096 at once: %v; 4096 after SETTINGS: %v; Go's client lost %d of 40\n",
			name, early, small, late, lost)
		for _, err := range []error{err1, err2, err3} {
			if err != nil {
				fmt.Println(err)
				odd = true
			}
		}
		odd = odd || early != http2.ErrCodeFlowControl || small != http2.ErrCodeNo || late != http2.ErrCodeNo
	}
	if odd {
		os.Exit(1)
	}
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
(timeout 240 go build -o check .) &>build.log || { cat build.log; exit 1; }
go version
go list -m golang.org/x/net
./check
