package fetch

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch/nettest"
)

// TestRequestBytes checks the bytes of a request against its input line and the options.
func TestRequestBytes(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		with       func(*Options)
		want       string
	}{
		{name: "a plain URL", line: "%s/ü?q=ü#part",
			want: "GET /%%C3%%BC?q=%%C3%%BC HTTP/1.1\nHost: %s\nUser-Agent: batchfetch\n" +
				"Accept: */*\nAccept-Encoding: gzip, deflate, br, zstd"},
		{name: "no user agent", line: "%s", with: func(o *Options) { o.UserAgent = ""; o.Identity = true },
			want: "GET / HTTP/1.1\nHost: %s\nAccept: */*\nAccept-Encoding: identity"},
		{name: "a body", line: `{"url":"%s","body":{"a":1}}`, with: func(o *Options) { o.UserAgent = "" },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 7\n" +
				"Accept: */*\nAccept-Encoding: gzip, deflate, br, zstd\nContent-Type: application/json\n\n{\"a\":1}"},
		{name: "a Content-Type taken away", line: `{"url":"%s","body":[1]}`, with: func(o *Options) {
			o.UserAgent, o.Header = "", http.Header{"Content-Type": nil}
		},
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 3\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd\n\n[1]"},
		{name: "a Content-Type taken away from base64", line: `{"url":"%s","body_base64":"YQ=="}`,
			with: func(o *Options) { o.UserAgent, o.Header = "", http.Header{"Content-Type": nil} },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 1\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd\n\na"},
		{name: "an empty body", line: `{"url":"%s","body":"","headers":{"Accept":"a/b","content-type":"c/d"}}`,
			with: func(o *Options) { o.UserAgent = "" },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 0\n" +
				"Accept: a/b\nAccept-Encoding: gzip, deflate, br, zstd\nContent-Type: c/d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			received := make(chan string, 1)
			url := nettest.Talk(t, func(c *net.TCPConn) {
				received <- readRequestText(c)
				nettest.Say(c, "HTTP/1.1 204 No Content\r\n\r\n")
			})
			r, _ := runOne(t, fmt.Sprintf(tt.line, url), noRetryOptions(tt.with))
			if r.Failure != nil {
				t.Fatal(r.Failure)
			}
			if got, want := <-received, fmt.Sprintf(tt.want, strings.TrimPrefix(url, "http://")); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestForwardedHost checks that a proxy is asked for the host that the URL names, whatever the Host header is.
func TestForwardedHost(t *testing.T) {
	for page, want := range map[string]string{"http://a.test/b%2Fc?d=e": "http://a.test/b%2Fc?d=e",
		"http://a.test": "http://a.test/", "http://a.test:81?q": "http://a.test:81/?q"} {
		received := make(chan string, 1)
		url := nettest.Talk(t, func(c *net.TCPConn) {
			received <- readRequestText(c)
			nettest.Say(c, "HTTP/1.1 204 No Content\r\n\r\n")
		})
		o := noRetryOptions(func(o *Options) { o.HTTPProxy, o.Header = url, http.Header{"Host": {"inside.test"}} })
		if r, _ := runOne(t, page, o); r.Failure != nil {
			t.Fatal(r.Failure)
		}
		if got := <-received; !strings.HasPrefix(got, "GET "+want+" HTTP/1.1\nHost: inside.test\n") {
			t.Errorf("%s: asked\n%s", page, got)
		}
	}
}
