package cmd_test

import (
	"io"
	"net"
	"net/http"
	"strings"
)

// breaks adds answers that are not whole.
func (o *origin) breaks(mux *http.ServeMux) {
	// Bytes after the end of the body; /hold/name is released when the client has closed the connection.
	mux.HandleFunc("/surplus/{name}", func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // HTTP/2 can't
		}
		write(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"+
			"hello\nsurplus-bytes\x1b[2J")
		_, _ = io.Copy(io.Discard, c) // a reset closes it too
		_ = c.Close()
		close(o.gate(r.PathValue("name")))
	})
	mux.HandleFunc("GET /bad-head", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			plain(w, "hello\n")
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // HTTP/2 can't
		}
		write(c, "HTTP/1.1 200 OK\r\nContent-Type: octet/stream\r\nContent-Length: -1\r\n\r\n")
		_ = c.Close()
	})
	broken := func(what string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !o.first(r) {
				plain(w, "at last\n")
				return
			}
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err) // HTTP/2 can't
			}
			_, _ = io.WriteString(c, what) // see plain
			if tcp, ok := c.(*net.TCPConn); ok && what == "" && r.URL.RawQuery == "" {
				_ = tcp.SetLinger(0) // close with a reset
			}
			_ = c.Close()
		}
	}
	mux.Handle("/reset/{n}", broken(""))
	const ok, plainText, chunked = "HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\n", "Transfer-Encoding: chunked\r\n"
	mux.Handle("/truncated/{n}", broken(ok+plainText+"Content-Length: 100\r\n\r\nonly this"))
	mux.Handle("/half-status/{n}", broken("HTTP/1.1 2"))
	mux.Handle("/half-name/{n}", broken(ok+"Content-"))
	mux.Handle("/half-value/{n}", broken(ok+"Content-Type: te"))
	mux.Handle("/half-headers/{n}", broken(ok+plainText))
	mux.Handle("/half-chunk/{n}", broken(ok+chunked+"\r\n5\r\nhel"))
	mux.Handle("/no-last-chunk/{n}", broken(ok+chunked+"\r\n5\r\nhello\r\n"))
	mux.Handle("/no-chunk/{n}", broken(ok+chunked+"\r\n5\r\nhello\r\nHTTP/1.1 500 Internal Server Error\r\n\r\n"))
	mux.Handle("/swift/{n}", broken("HTTP/1.1 498 Rate Limited\r\n"+plainText+"Content-Length: 9\r\n\r\nSlow down"))
	mux.Handle("/noise/{n}", broken("220 mail.example ready\r\n\r\n"))
	mux.Handle("/headers/{n}", broken(ok+"X-Large: "+strings.Repeat("x", 4<<20)+"\r\n\r\n"))
}
