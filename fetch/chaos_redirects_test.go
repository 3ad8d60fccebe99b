package fetch_test

import (
	"fmt"
	"io"
	"net"
	"strings"

	"batchfetch/fetch/failure"
)

// redirect answers / with a redirect with these header lines, and any other path with a text of the request it got.
// $SELF in lines is the server's address.
func redirect(status int, lines string) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		for r := in.next(); r != nil; r = in.next() {
			if r.RequestURI == "/" || r.RequestURI == "/?secret" {
				here := strings.ReplaceAll(lines, "$SELF", c.LocalAddr().String())
				_ = write(c, fmt.Sprintf("HTTP/1.1 %d Over There\r\n%sContent-Length: 0\r\n\r\n", status, here))
				continue
			}
			body, _ := io.ReadAll(r.Body) // it is in memory
			tale := fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)
			for _, name := range []string{"Authorization", "Cookie", "Referer", "X-Mine"} {
				if value := r.Header.Get(name); value != "" {
					tale += name + ": " + value
				}
			}
			_ = write(c, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", okHeader, len(tale), tale))
		}
	}
}

// location returns a Location line.
func location(location string) string { return "Location: " + location + "\r\n" }

// redirectLoop answers every request with a redirect, to two paths in turn.
func redirectLoop(c net.Conn, in *requestReader) {
	for r := in.next(); r != nil; r = in.next() {
		_ = write(c, fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n", len(r.RequestURI)%2))
	}
}

// redirectFaults are redirects, and what is sent after them.
var redirectFaults = []fault{
	{name: "a loop", serve: redirectLoop, kind: failure.TooManyRedirects, message: "more than max-redirs 10 redirects"},
	{name: "a redirect without Location", serve: redirect(302, ""), kind: failure.BadStatus, message: "302 Found"},
	{name: "a redirect with an empty Location", serve: redirect(302, location("")), kind: failure.BadStatus,
		message: "302 Found"},
	{name: "300 with a Location", serve: redirect(300, location("/a")), kind: failure.BadStatus,
		message: "300 Multiple Choices"},
	{name: "304 with a Location", serve: redirect(304, location("/a")), kind: failure.BadStatus,
		message: "304 Not Modified"},
	{name: "200 with a Location", serve: redirect(200, location("/a")+"Content-Type: text/plain\r\n"), body: ""},
	{name: "two Locations", serve: redirect(302, location("/a")+location("/b")), kind: failure.Protocol,
		message: "302 Found with an unusable Location"},
	{name: "the same Location twice", serve: redirect(302, location("/a")+location("/a")), body: "GET /a "},
	{name: "a redirect whose body never ends", serve: func(c net.Conn, in *requestReader) {
		if r := in.next(); r == nil || r.RequestURI != "/" {
			_ = write(c, okBody)
			in.closeAndDrain(c)
			return
		}
		_ = write(c, "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 1000\r\n\r\nwait")
		in.drain()
	}, body: "body"},
	{name: "301 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, serve: redirect(301, location("/a")),
		body: "GET /a "},
	{name: "303 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, serve: redirect(303, location("/a")),
		body: "GET /a "},
	{name: "307 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, serve: redirect(307, location("/a")),
		body: "POST /a x"},
	{name: "308 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, serve: redirect(308, location("/a")),
		body: "POST /a x"},
	{name: "secrets within the origin", line: `{"url":"http://$HOST/?secret","headers":{"X-Mine":"1"}}`,
		serve: redirect(302, location("/a")), body: "GET /a X-Mine: 1"},
	{name: "secrets to another origin",
		line: `{"url":"http://$HOST/?secret","headers":{"X-Mine":"1","Authorization":"Bearer x","Cookie":"a=b"}}`,
		serve: func(c net.Conn, in *requestReader) {
			_, port, _ := net.SplitHostPort(c.LocalAddr().String())
			redirect(302, location("http://localhost:"+port+"/a"))(c, in)
		}, body: "GET /a "},
}

// locationFaults are Locations that are hard to parse.
var locationFaults = []fault{
	{name: "a Location with a broken escape", serve: redirect(302, location("/%zz?100%")),
		body: "GET /%25zz?100%25 "},
	{name: "a Location with an escape of JavaScript", serve: redirect(302, location("/caf%u00e9")),
		body: "GET /caf%25u00e9 "},
	{name: "a Location with a broken fragment", serve: redirect(302, location("/a#100%")), body: "GET /a "},
	{name: "a Location with a colon in its first segment", serve: redirect(302, location("10:30")),
		body: "GET /10:30 "},
	{name: "a Location whose host is escaped", serve: redirect(302, location("http://%68.test/")), kind: failure.Protocol,
		message: "unusable Location: the host holds a %"},
	{name: "a Location with a zone", serve: redirect(302, location("http://[fe80::1%lo]/")), kind: failure.Protocol,
		message: "unusable Location: the zone of an IPv6 address is malformed"},
	{name: "a Location with spaces", serve: redirect(302, location("/a b?c d")), body: "GET /a%20b?c%20d "},
	{name: "a Location in UTF-8", serve: redirect(302, location("/ü?ü")), body: "GET /%C3%BC?%C3%BC "},
	{name: "a Location in Latin-1", serve: redirect(302, location("/\xfc")), body: "GET /%FC "},
	{name: "a Location with escapes", serve: redirect(302, location("/"+csi)), body: "GET /%C2%9B31m "},
	{name: "a Location to file:", serve: redirect(302, location("file:///etc/passwd")), kind: failure.Protocol,
		message: `scheme "file" is not http or https`},
	{name: "a Location to ftp:", serve: redirect(302, location("ftp://$SELF/a")), kind: failure.Protocol,
		message: `scheme "ftp" is not http or https`},
	{name: "a Location to javascript:", serve: redirect(302, location("javascript:alert(1)")), kind: failure.Protocol,
		message: `scheme "javascript" is not http or https`},
	{name: "a Location to mailto:", serve: redirect(302, location("mailto:a@b.test")), kind: failure.Protocol,
		message: `scheme "mailto" is not http or https`},
	{name: "a Location to what no scheme can be", serve: redirect(302, location(csi+"://x")),
		body: "GET /%C2%9B31m://x "},
	{name: "a Location without a scheme", serve: redirect(302, location("//$SELF/a")), body: "GET /a "},
	{name: "a Location of a query", serve: redirect(302, location("?a")), body: "GET /?a "},
	{name: "a Location of a fragment", serve: redirect(302, location("/a#b")), body: "GET /a "},
	{name: "a Location with dots", serve: redirect(302, location("a/./b/../../../c/../d")), body: "GET /d "},
	{name: "a whole Location with dots", serve: redirect(302, location("http://$SELF/a/../../b/./c")), body: "GET /b/c "},
	{name: "a Location whose dots are escaped", serve: redirect(302, location("/a/%2e%2e/b")), body: "GET /b "},
	{name: "a Location with userinfo", serve: redirect(302, location("http://user:secret@$SELF/a")), body: "GET /a "},
	{name: "a Location with an impossible port", serve: redirect(302, location("http://127.0.0.1:99999/")),
		kind: failure.Protocol, message: "the port is not 1 to 65535"},
	{name: "a Location without a host", serve: redirect(302, location("http:///a")), kind: failure.Protocol,
		message: "no host"},
	{name: "a Location with backslashes", serve: redirect(302, location(`\a\b?\c`)), body: "GET /a/b?%5Cc "},
	{name: "a Location with a broken host", serve: redirect(302, location("http://a b"+csi+".test/")),
		kind: failure.Protocol, message: "unusable Location"},
	{name: "a Location of 1 MiB", serve: redirect(302, location("/"+strings.Repeat("a", 1<<20))), kind: failure.TooLarge,
		message: "the header is over 256 KiB"},
	{name: "a Location of 200 KB", serve: redirect(302, location("/"+strings.Repeat("a", 200_000))),
		body: "GET /" + strings.Repeat("a", 200_000) + " "},
}

// lineFaults are input lines with URLs as browsers read them, and such as try to send more than one request line or
// header line.
var lineFaults = []fault{
	{name: "a lone % in a URL", line: "http://$HOST/%?100%#%", serve: redirect(302, ""), body: "GET /%25?100%25 "},
	{name: "an escape of JavaScript in a URL", line: "http://$HOST/caf%u00e9", serve: redirect(302, ""),
		body: "GET /caf%25u00e9 "},
	{name: "space in a fragment", line: "http://$HOST/a#b c", serve: redirect(302, ""), body: "GET /a "},
	{name: "dots in a URL", line: "http://$HOST/a/../b/./%2e%2E/c", serve: redirect(302, ""), body: "GET /c "},
	{name: "backslashes in a URL", line: `http://$HOST/a\b?\c`, serve: redirect(302, ""), body: "GET /a/b?%5Cc "},
	{name: "CR and LF in a URL", line: `{"url":"http://$HOST/\r\nX: y"}`, serve: respond(okBody),
		kind: failure.InvalidRequest, message: "percent-encode"},
	{name: "a space in a URL", line: `http://$HOST/a b`, serve: respond(okBody), kind: failure.InvalidRequest,
		message: "percent-encode"},
	{name: "NUL in a URL", line: `{"url":"http://$HOST/\u0000"}`, serve: respond(okBody), kind: failure.InvalidRequest,
		message: "percent-encode"},
	{name: "CR and LF in a header's value", line: `{"url":"http://$HOST/","headers":{"X":"a\r\nY: b"}}`,
		serve: respond(okBody), kind: failure.InvalidRequest, message: "X"},
	{name: "LF in a header's name", line: `{"url":"http://$HOST/","headers":{"X\nY":"a"}}`, serve: respond(okBody),
		kind: failure.InvalidRequest, message: "header"},
	{name: "NUL in a header's value", line: `{"url":"http://$HOST/","headers":{"X":"a\u0000"}}`, serve: respond(okBody),
		kind: failure.InvalidRequest, message: "X"},
	{name: "CR and LF in a method", line: `{"url":"http://$HOST/","method":"GET / HTTP/1.1\r\nX: y"}`,
		serve: respond(okBody), kind: failure.InvalidRequest, message: "method"},
	{name: "a length of its own", line: `{"url":"http://$HOST/","headers":{"Content-Length":"9"}}`, serve: respond(okBody),
		kind: failure.InvalidRequest, message: "Content-Length"},
}
