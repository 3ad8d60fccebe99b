package fetch_test

import (
	"fmt"
	"io"
	"net"
	"strings"

	"batchfetch/fetch/failure"
)

func put(c net.Conn, text string) error {
	_, err := io.WriteString(c, text)
	return err
}

// leads redirects from / with the header lines that a Location makes; whatever else is asked is answered with the request.
// $SELF in it is the server's own address.
func leads(status int, lines string) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		for r := in.next(); r != nil; r = in.next() {
			if r.RequestURI == "/" || r.RequestURI == "/?secret" {
				here := strings.ReplaceAll(lines, "$SELF", c.LocalAddr().String())
				_ = put(c, fmt.Sprintf("HTTP/1.1 %d Over There\r\n%sContent-Length: 0\r\n\r\n", status, here))
				continue
			}
			body, _ := io.ReadAll(r.Body) // it is in memory
			tale := fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)
			for _, name := range []string{"Authorization", "Cookie", "Referer", "X-Mine"} {
				if value := r.Header.Get(name); value != "" {
					tale += name + ": " + value
				}
			}
			_ = put(c, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", ok, len(tale), tale))
		}
	}
}

// to is a Location line.
func to(location string) string { return "Location: " + location + "\r\n" }

// again sends every request to where the one before it came from.
func again(c net.Conn, in *hearer) {
	for r := in.next(); r != nil; r = in.next() {
		_ = put(c, fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n", len(r.RequestURI)%2))
	}
}

// redirectPranks are about where redirects lead, and what goes along.
var redirectPranks = []prank{
	{name: "a loop", does: again, kind: failure.TooManyRedirects, says: "more than max-redirs 10 redirects"},
	{name: "a redirect without Location", does: leads(302, ""), kind: failure.BadStatus, says: "302 Found"},
	{name: "a redirect with an empty Location", does: leads(302, to("")), kind: failure.BadStatus, says: "302 Found"},
	{name: "300 with a Location", does: leads(300, to("/a")), kind: failure.BadStatus, says: "300 Multiple Choices"},
	{name: "304 with a Location", does: leads(304, to("/a")), kind: failure.BadStatus, says: "304 Not Modified"},
	{name: "200 with a Location", does: leads(200, to("/a")+"Content-Type: text/plain\r\n"), body: ""},
	{name: "two Locations", does: leads(302, to("/a")+to("/b")), kind: failure.Protocol, says: "302 Found with an unusable Location"},
	{name: "the same Location twice", does: leads(302, to("/a")+to("/a")), body: "GET /a "},
	{name: "a redirect whose body never ends", does: func(c net.Conn, in *hearer) {
		if r := in.next(); r == nil || r.RequestURI != "/" {
			_ = put(c, okFour)
			in.end(c)
			return
		}
		_ = put(c, "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 1000\r\n\r\nwait")
		in.wait()
	}, body: "body"},
	{name: "301 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, does: leads(301, to("/a")), body: "GET /a "},
	{name: "303 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, does: leads(303, to("/a")), body: "GET /a "},
	{name: "307 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, does: leads(307, to("/a")), body: "POST /a x"},
	{name: "308 of a POST", line: `{"url":"http://$HOST/","body":"x"}`, does: leads(308, to("/a")), body: "POST /a x"},
	{name: "secrets at home", line: `{"url":"http://$HOST/?secret","headers":{"X-Mine":"1"}}`, does: leads(302, to("/a")), body: "GET /a X-Mine: 1"},
	{name: "secrets abroad", line: `{"url":"http://$HOST/?secret","headers":{"X-Mine":"1","Authorization":"Bearer x","Cookie":"a=b"}}`,
		does: func(c net.Conn, in *hearer) {
			_, port, _ := net.SplitHostPort(c.LocalAddr().String())
			leads(302, to("http://localhost:"+port+"/a"))(c, in)
		}, body: "GET /a "},
}

// locationPranks are about Locations that are hard to read.
var locationPranks = []prank{
	{name: "a Location with a broken escape", does: leads(302, to("/%zz")), kind: failure.Protocol, says: "unusable Location: a % without two hexadecimal digits behind"},
	{name: "a Location whose host is escaped", does: leads(302, to("http://%68.test/")), kind: failure.Protocol, says: "unusable Location: the host holds a %"},
	{name: "a Location with a zone", does: leads(302, to("http://[fe80::1%lo]/")), kind: failure.Protocol, says: "unusable Location: the zone of an IPv6 address is malformed"},
	{name: "a Location with spaces", does: leads(302, to("/a b?c d")), body: "GET /a%20b?c%20d "},
	{name: "a Location in UTF-8", does: leads(302, to("/ü?ü")), body: "GET /%C3%BC?%C3%BC "},
	{name: "a Location in Latin-1", does: leads(302, to("/\xfc")), body: "GET /%FC "},
	{name: "a Location with escapes", does: leads(302, to("/"+csi)), body: "GET /%C2%9B31m "},
	{name: "a Location to file:", does: leads(302, to("file:///etc/passwd")), kind: failure.Protocol, says: `scheme "file" is not http or https`},
	{name: "a Location to ftp:", does: leads(302, to("ftp://$SELF/a")), kind: failure.Protocol, says: `scheme "ftp" is not http or https`},
	{name: "a Location to javascript:", does: leads(302, to("javascript:alert(1)")), kind: failure.Protocol, says: `scheme "javascript" is not http or https`},
	{name: "a Location to mailto:", does: leads(302, to("mailto:a@b.test")), kind: failure.Protocol, says: `scheme "mailto" is not http or https`},
	{name: "a Location to a scheme of escapes", does: leads(302, to(csi+"://x")), kind: failure.Protocol, says: "unusable Location"},
	{name: "a Location without a scheme", does: leads(302, to("//$SELF/a")), body: "GET /a "},
	{name: "a Location of a query", does: leads(302, to("?a")), body: "GET /?a "},
	{name: "a Location of a fragment", does: leads(302, to("/a#b")), body: "GET /a "},
	{name: "a Location with dots", does: leads(302, to("a/./b/../../../c/../d")), body: "GET /d "},
	{name: "a whole Location with dots", does: leads(302, to("http://$SELF/a/../../b/./c")), body: "GET /b/c "},
	{name: "a Location whose dots are escaped", does: leads(302, to("/a/%2e%2e/b")), body: "GET /a/%2e%2e/b "},
	{name: "a Location with userinfo", does: leads(302, to("http://user:secret@$SELF/a")), body: "GET /a "},
	{name: "a Location with an impossible port", does: leads(302, to("http://127.0.0.1:99999/")), kind: failure.Protocol, says: "the port is not 1 to 65535"},
	{name: "a Location without a host", does: leads(302, to("http:///a")), kind: failure.Protocol, says: "no host"},
	{name: "a Location with backslashes", does: leads(302, to(`/\a\b`)), body: "GET /%5Ca%5Cb "},
	{name: "a Location with a broken host", does: leads(302, to("http://a b"+csi+".test/")), kind: failure.Protocol, says: "unusable Location"},
	{name: "a Location of 1 MiB", does: leads(302, to("/"+strings.Repeat("a", 1<<20))), kind: failure.TooLarge, says: "the header is over 256 KiB"},
	{name: "a Location of 200 KB", does: leads(302, to("/"+strings.Repeat("a", 200_000))), body: "GET /" + strings.Repeat("a", 200_000) + " "},
}

// linePranks are input lines that would make requests of more than one line.
var linePranks = []prank{
	{name: "CR and LF in a URL", line: `{"url":"http://$HOST/\r\nX: y"}`, does: answers(okFour), kind: failure.InvalidRequest, says: "percent-encode"},
	{name: "a space in a URL", line: `http://$HOST/a b`, does: answers(okFour), kind: failure.InvalidRequest, says: "percent-encode"},
	{name: "NUL in a URL", line: `{"url":"http://$HOST/\u0000"}`, does: answers(okFour), kind: failure.InvalidRequest, says: "percent-encode"},
	{name: "CR and LF in a header's value", line: `{"url":"http://$HOST/","headers":{"X":"a\r\nY: b"}}`, does: answers(okFour), kind: failure.InvalidRequest, says: "X"},
	{name: "LF in a header's name", line: `{"url":"http://$HOST/","headers":{"X\nY":"a"}}`, does: answers(okFour), kind: failure.InvalidRequest, says: "header"},
	{name: "NUL in a header's value", line: `{"url":"http://$HOST/","headers":{"X":"a\u0000"}}`, does: answers(okFour), kind: failure.InvalidRequest, says: "X"},
	{name: "CR and LF in a method", line: `{"url":"http://$HOST/","method":"GET / HTTP/1.1\r\nX: y"}`, does: answers(okFour), kind: failure.InvalidRequest, says: "method"},
	{name: "a length of its own", line: `{"url":"http://$HOST/","headers":{"Content-Length":"9"}}`, does: answers(okFour), kind: failure.InvalidRequest, says: "Content-Length"},
}
