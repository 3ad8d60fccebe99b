package cmd_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// pages returns the handler of all servers of a script.
func (o *origin) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		write(w, "{\n  \"big\": 12345678901234567890,\n  \"price\": 1.50,\n  \"tiny\": 1E-400\n}\n")
	})
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, "User-agent: *\nDisallow: /text\n\nUser-agent: goodbot\nDisallow: /json\n")
	})
	mux.HandleFunc("/item/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		write(w, `{"item":`+strconv.Quote(r.PathValue("n"))+`}`)
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { plain(w, "hello\n") })
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(number(r, "code"))
	})
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/mirror", func(w http.ResponseWriter, r *http.Request) { // the bytes of the request's body
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.Copy(w, io.LimitReader(r.Body, 1<<20)) // see plain
	})
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) { // ?type=…&text=…
		w.Header()["Content-Type"] = r.URL.Query()["type"]
		write(w, r.URL.Query().Get("text"))
	})
	mux.HandleFunc("/no-head/{code}/{n}", func(w http.ResponseWriter, r *http.Request) { // code to HEAD, n bytes to GET
		if r.Method == http.MethodHead && number(r, "code") == 0 { // the connection closes
			panic(http.ErrAbortHandler)
		}
		if r.Method == http.MethodHead {
			w.WriteHeader(number(r, "code"))
			return
		}
		w.Header().Set("Content-Length", r.PathValue("n"))
		_, _ = w.Write(bytes.Repeat([]byte("x"), number(r, "n"))) // the client may not read it
	})
	mux.HandleFunc("/attachment", func(w http.ResponseWriter, r *http.Request) { // ?name=…
		w.Header().Set("Content-Disposition", "attachment; filename="+r.URL.Query().Get("name"))
		plain(w, "attached\n")
	})
	mux.HandleFunc("/large/{n}", func(w http.ResponseWriter, r *http.Request) {
		plain(w, strings.Repeat("a", number(r, "n")))
	})
	mux.HandleFunc("/large-json/{n}", func(w http.ResponseWriter, r *http.Request) { // n objects of 1 KB, chunked
		w.Header().Set("Content-Type", "application/json")
		write(w, "[\n  ")
		for range number(r, "n") {
			write(w, "{ \"price\": 1.50, \"pad\": \""+strings.Repeat("p", 1000)+"\" },\n  ")
		}
		write(w, "{\"end\":\"\u2028\"}\n]\n")
	})
	mux.HandleFunc("/large-bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		write(w, strings.Repeat("\x89PNG", number(r, "n"))[:number(r, "n")])
	})
	mux.HandleFunc("/encoded/{coding}", encoded)
	mux.HandleFunc("/refused/{code}/{form}", refuse)
	mux.HandleFunc("/bearer/{token}", func(w http.ResponseWriter, r *http.Request) { // 401 with any other token
		if r.Header.Get("Authorization") != "Bearer "+r.PathValue("token") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		plain(w, "come in\n")
	})
	mux.HandleFunc("/empty-gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
	})
	mux.HandleFunc("/bomb/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		write(w, string(gzipped(make([]byte, number(r, "n")))))
	})
	o.pagedLists(mux)
	o.loginPages(mux)
	o.digestPages(mux)
	o.redirects(mux)
	o.editablePages(mux)
	o.pickyPages(mux)
	o.delays(mux)
	o.breaks(mux)
	return mux
}

// redirects adds pages that redirect, and set cookies.
func (o *origin) redirects(mux *http.ServeMux) {
	mux.HandleFunc("/redirect/{code}", func(w http.ResponseWriter, r *http.Request) { // ?to=…
		if to := r.URL.Query()["to"]; to != nil {
			w.Header()["Location"] = to
		}
		w.WriteHeader(number(r, "code"))
	})
	mux.HandleFunc("/cookie/{path...}", func(w http.ResponseWriter, r *http.Request) { // ?set=…&to=… redirects
		w.Header()["Set-Cookie"] = r.URL.Query()["set"]
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		echo(w, r)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop", http.StatusFound)
	})
	mux.HandleFunc("/chain/{n}", func(w http.ResponseWriter, r *http.Request) {
		if n := number(r, "n"); n > 0 {
			http.Redirect(w, r, "/chain/"+strconv.Itoa(n-1), http.StatusFound)
			return
		}
		plain(w, "the end of the chain\n")
	})
}

// delays adds pages that are slow, or fail at first.
func (o *origin) delays(mux *http.ServeMux) {
	mux.HandleFunc("/flaky/{n}/{code}", func(w http.ResponseWriter, r *http.Request) {
		if o.first(r) {
			w.WriteHeader(number(r, "code"))
			return
		}
		plain(w, "at last\n")
	})
	mux.HandleFunc("/retry-info/{seconds}", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprintf(w, `{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"%ss"}]}`,
			r.PathValue("seconds"))
	})
	mux.HandleFunc("/retry-after/{n}/{code}/{value}", func(w http.ResponseWriter, r *http.Request) {
		if !o.first(r) {
			plain(w, "at last\n")
			return
		}
		value := r.PathValue("value") // seconds, or date for one that is 1 to 2 seconds from now
		if value == "date" {
			value = time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
		}
		w.Header().Set("Retry-After", value)
		w.WriteHeader(number(r, "code"))
	})
	mux.HandleFunc("/quota/{n}/{code}/{reset}", func(w http.ResponseWriter, r *http.Request) { // spent, at first
		if !o.first(r) {
			plain(w, "at last\n")
			return
		}
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", r.PathValue("reset"))
		w.WriteHeader(number(r, "code"))
	})
	mux.HandleFunc("/slow/{ms}", func(w http.ResponseWriter, r *http.Request) {
		over, stop := afterMillis(number(r, "ms"))
		defer stop()
		if o.wait(r, over) {
			plain(w, "good things take time\n")
		}
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { o.wait(r, nil) })
	mux.HandleFunc("/stall", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4096")
		plain(w, "0123456789")
		_ = http.NewResponseController(w).Flush() // the client reports a broken connection
		o.wait(r, nil)
	})
	// Half a body, n times; then the whole one, with ranges. With ?changing the second has another ETag.
	mux.HandleFunc("/half/{n}/{size}", func(w http.ResponseWriter, r *http.Request) {
		body, tag := strings.Repeat("0123456789abcde\n", number(r, "size")/16), `"steady"`
		stops := o.first(r)
		if r.URL.RawQuery == "changing" {
			tag = strconv.Quote(strconv.FormatBool(stops))
		}
		w.Header().Set("ETag", tag)
		if !stops {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		plain(w, body[:len(body)/2])
		_ = http.NewResponseController(w).Flush() // see plain
		o.wait(r, nil)
	})
	mux.HandleFunc("/drip/{ms}/{bytes}/{times}", func(w http.ResponseWriter, r *http.Request) {
		for range number(r, "times") {
			over, stop := afterMillis(number(r, "ms"))
			if !o.wait(r, over) {
				stop()
				return
			}
			plain(w, strings.Repeat("a", number(r, "bytes")))
			_ = http.NewResponseController(w).Flush() // see plain
		}
	})
	mux.HandleFunc("/hold/{name}", func(w http.ResponseWriter, r *http.Request) {
		if o.wait(r, o.gate(r.PathValue("name"))) {
			plain(w, "released\n")
		}
	})
	mux.HandleFunc("/meet/{n}", func(w http.ResponseWriter, r *http.Request) {
		if o.wait(r, o.arrive(number(r, "n"))) {
			plain(w, "we are complete\n")
		}
	})
	mux.HandleFunc("/meet-large/{n}/{half}", func(w http.ResponseWriter, r *http.Request) { // n half bodies at once
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		half := "\"" + strings.Repeat("a", number(r, "half")-1)
		write(w, half)
		_ = http.NewResponseController(w).Flush() // see plain
		if o.wait(r, o.arrive(number(r, "n"))) {
			write(w, half[1:]+"\"")
		}
	})
}

// refuse is the page of an error in a form of its own.
func refuse(w http.ResponseWriter, r *http.Request) {
	contentType, text := "text/plain", []byte("denied\n")
	switch r.PathValue("form") {
	case "json":
		contentType, text = "application/json", []byte(`{"error":"the field \"id\" is missing"}`)
	case "gzip":
		w.Header().Set("Content-Encoding", "gzip")
		text = gzipped(text)
	case "png":
		contentType = "image/png"
	case "long":
		text = bytes.Repeat([]byte("é"), 500_000)
	case "echo":
		text = fmt.Appendf(nil, "%v", r.Header)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(number(r, "code"))
	_, _ = w.Write(text) // the client may not read it
}

// echo answers with the request as JSON.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", "yes")
	text, err := json.Marshal(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "headers": headers, "body": string(body),
	})
	if err == nil {
		write(w, string(text))
	}
}

// encoded answers with "hello\n" in the content coding of the path, whatever Accept-Encoding says.
func encoded(w http.ResponseWriter, r *http.Request) {
	coding, text := r.PathValue("coding"), []byte("hello\n")
	var body bytes.Buffer
	var z io.WriteCloser
	switch coding {
	case "gzip", "broken":
		z = gzip.NewWriter(&body)
	case "br":
		z = brotli.NewWriter(&body)
	case "zstd":
		z, _ = zstd.NewWriter(&body) // the options are the defaults
	case "deflate":
		z = zlib.NewWriter(&body)
	case "bare-deflate":
		z, _ = flate.NewWriter(&body, flate.BestSpeed) // likewise
	default:
		_, _ = body.Write(text) // a Buffer returns no error
	}
	if z != nil {
		_, _ = z.Write(text)
		_ = z.Close()
	}
	name := coding
	switch coding {
	case "bare-deflate":
		name = "deflate"
	case "broken":
		name = "gzip"
		body.Bytes()[body.Len()-6] ^= 0xff // in the checksum
	}
	w.Header().Set("Content-Encoding", name)
	plain(w, body.String())
}

func gzipped(text []byte) []byte {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = z.Write(text) // a Buffer returns no error
	_ = z.Close()
	return body.Bytes()
}

// plain answers with text/plain.
func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	write(w, text)
}

func write(w io.Writer, text string) {
	_, _ = io.WriteString(w, text) // the client reports a broken connection
}

// number returns a number in the path.
func number(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.PathValue(name))
	if err != nil {
		panic(fmt.Sprintf("%s: %v", r.RequestURI, err)) // an error in a script
	}
	return n
}

// afterMillis returns a channel that is closed after ms, and what stops its timer.
func afterMillis(ms int) (<-chan struct{}, func() bool) {
	over := make(chan struct{})
	return over, time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { close(over) }).Stop
}
