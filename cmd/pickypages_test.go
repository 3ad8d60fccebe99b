package cmd_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"batchfetch/fetch/nettest"
)

// pickyPages adds pages of servers that fail at what a client adds to a request, and of those that compress what they
// send, or declare how a file is packed.
func (o *origin) pickyPages(mux *http.ServeMux) {
	// SIZE bytes to a plain request, of which the first breaks off half-way unless ?whole. To one with a range or a
	// condition it answers ANSWER: a status, close, or negative, which is a Content-Length.
	mux.HandleFunc("/picky/{answer}/{size}", func(w http.ResponseWriter, r *http.Request) {
		body := strings.Repeat("0123456789abcde\n", number(r, "size")/16)
		h := r.Header
		if h["Range"] != nil || h["If-Range"] != nil || h["If-None-Match"] != nil || h["If-Modified-Since"] != nil {
			switch r.PathValue("answer") {
			case "close":
				panic(http.ErrAbortHandler)
			case "negative":
				o.say(w, "HTTP/1.1 206 Partial Content\r\nContent-Length: -5\r\n\r\n")
			default:
				w.WriteHeader(number(r, "answer"))
			}
			return
		}
		w.Header().Set("ETag", `"steady"`)
		if !r.URL.Query().Has("whole") && o.firstTime(r) {
			w = &cutWriter{w, len(body) / 2}
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	})
	// SIZE bytes with ranges, or under gzip without them; each response breaks off after CUT bytes.
	mux.HandleFunc("/compressing/{cut}/{size}", func(w http.ResponseWriter, r *http.Request) {
		body := noisyText(number(r, "size"))
		w = &cutWriter{w, number(r, "cut")}
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("ETag", `W/"steady"`)
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(gzipped([]byte(body))) // the client may have left
			return
		}
		w.Header().Set("ETag", `"steady"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	})
	mux.HandleFunc("/packed/{name}", func(w http.ResponseWriter, r *http.Request) { // hello, packed; ?type=…
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		w.Header().Set("Content-Encoding", "x-gzip")
		write(w, string(gzipped([]byte("hello\n"))))
	})
}

// noisyText returns a text of n bytes that gzip does not make much shorter.
func noisyText(n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		_, _ = fmt.Fprintf(&text, "%07x\n", i*2654435761&0xfffffff) // a Builder never fails
	}
	return text.String()[:n]
}

// say sends text in place of a response, and closes the connection.
func (o *origin) say(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // the servers speak HTTP/1.1 there
	}
	nettest.Say(conn, text)
	_ = conn.Close() // all is said
}

// A cutWriter aborts a response after left bytes of its body.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (f *cutWriter) Write(p []byte) (int, error) {
	if len(p) < f.left {
		f.left -= len(p)
		return f.ResponseWriter.Write(p)
	}
	_, _ = f.ResponseWriter.Write(p[:f.left]) // the client may have left
	_ = http.NewResponseController(f.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
