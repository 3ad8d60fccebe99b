package fetch_test

import (
	"strings"
	"time"

	"batchfetch/fetch/failure"
)

const (
	okHeader       = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	okBody         = okHeader + "Content-Length: 4\r\n\r\nbody"
	afterOK        = "200 OK and "
	beforeResponse = "connected, no answer had arrived"
	noChunk        = "the body broke off: what followed is no chunk"
	noHTTP         = "not a valid HTTP answer"
	escape         = "\x1b]0;owned\x07\x1b[2J\u009b31m"
	csi            = "\u009b31m" // a control character that is valid in a header
)

// statusFaults are faults of the status line.
var statusFaults = []fault{
	{name: "a plain answer", serve: respond(okBody), body: "body"},
	{name: "HTTP/0.9: a body and nothing else", serve: respond("<html>hello</html>\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "HTTP/0.9 by name", serve: respond(strings.Replace(okBody, "HTTP/1.1", "HTTP/0.9", 1)), kind: failure.Protocol,
		message: "HTTP/0.9"},
	{name: "HTTP/2 as text", serve: respond(strings.Replace(okBody, "HTTP/1.1", "HTTP/2", 1)), body: "body"},
	{name: "HTTP/2.0 as text", serve: respond(strings.Replace(okBody, "HTTP/1.1", "HTTP/2.0", 1)), body: "body"},
	{name: "HTTP/3.0 as text", serve: respond(strings.Replace(okBody, "HTTP/1.1", "HTTP/3.0", 1)), kind: failure.Protocol,
		message: "HTTP/3.0"},
	{name: "HTTP/1.9", serve: respond(strings.Replace(okBody, "HTTP/1.1", "HTTP/1.9", 1)), body: "body"},
	{name: "HTTP/1.0 without a length", serve: respond("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nbody"),
		body: "body"},
	{name: "http/1.1 in lower case", serve: respond(strings.Replace(okBody, "HTTP", "http", 1)), kind: failure.Protocol,
		message: noHTTP},
	{name: "an unknown version", serve: respond(strings.Replace(okBody, "HTTP/1.1", "HTTP/11", 1)), kind: failure.Protocol,
		message: noHTTP},
	{name: "mail in place of HTTP", serve: respond("220 mail.test ESMTP\r\n"), kind: failure.Protocol, message: noHTTP},
	{name: "status 99", serve: respond("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol,
		message: "a status that is not 100 to 999"},
	{name: "status 000", serve: respond("HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol,
		message: "a status that is not 100 to 999"},
	{name: "status +20", serve: respond("HTTP/1.1 +20 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol,
		message: "a status that is not 100 to 999"},
	{name: "words without a line's end", serve: respond("hello world, no header at all"), kind: failure.Protocol,
		message: "it does not begin with HTTP/"},
	{name: "an alert of TLS", serve: respond("\x15\x03\x01\x00\x02\x02\x46"), kind: failure.Protocol,
		message: "it speaks TLS on this port, for which the URL is https://"},
	{name: "chunks in HTTP/1.0",
		serve: respond("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol,
		message: "Transfer-Encoding, which HTTP/1.0 does not have"},
	{name: "chunks and a length in HTTP/1.0",
		serve: respond("HTTP/1.0 200 OK\r\nContent-Length: 3\r\ntransfer-encoding : chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
		kind:  failure.Protocol, message: noHTTP},
	{name: "status 1000", serve: respond("HTTP/1.1 1000 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "status 999", serve: respond("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.BadStatus,
		message: "999"},
	{name: "status -20", serve: respond("HTTP/1.1 -20 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "status two hundred", serve: respond("HTTP/1.1 two OK\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "no status", serve: respond("HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, message: noHTTP},
	{name: "no reason phrase", serve: respond(strings.Replace(okBody, " OK", "", 1)), body: "body"},
	{name: "an empty reason phrase", serve: respond(strings.Replace(okBody, "OK", "", 1)), body: "body"},
	{name: "escapes in the reason phrase", serve: respond("HTTP/1.1 404 " + escape + "\r\nContent-Length: 0\r\n\r\n"),
		kind: failure.BadStatus, message: "404 Not Found"},
	{name: "escapes in place of a status line", serve: respond(escape + "\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "a status line of 1 MiB", serve: respond("HTTP/1.1 200 " + strings.Repeat("x", 1<<20) + "\r\n\r\n"),
		kind: failure.TooLarge, message: "the header is over 256 KiB"},
	{name: "a bare line feed after each line", serve: respond(strings.ReplaceAll(okBody, "\r\n", "\n")), body: "body"},
	{name: "an empty line before the answer", serve: respond("\r\n" + okBody), kind: failure.Protocol, message: noHTTP},
	{name: "one 100", serve: respond("HTTP/1.1 100 Continue\r\n\r\n" + okBody), body: "body"},
	{name: "a hundred 102 and 103",
		serve: respond(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 50) +
			okBody), body: "body"},
	{name: "1xx without an end",
		serve: respondRepeatedly("", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100), 1<<20, 0), kind: failure.TooLarge,
		message: "the header is over 256 KiB"},
	{name: "slow 1xx without an end", serve: respondRepeatedly("", "HTTP/1.1 100 Continue\r\n\r\n", 400,
		400*time.Millisecond), kind: failure.Stalled, message: beforeResponse},
	{name: "101 that nobody asked for",
		serve: respond("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello"),
		kind:  failure.BadStatus, message: "101 Switching Protocols"},
	{name: "a body after an error", serve: respond("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nsorry"),
		kind: failure.BadStatus, message: "500 Internal Server Error"},
	{name: "an error whose body is cut", serve: respond("HTTP/1.1 500 Oops\r\nContent-Length: 500\r\n\r\nsorry"),
		kind: failure.BadStatus, message: "500 Internal Server Error"},
	{name: "an error whose body never ends",
		serve: respondAndHang("HTTP/1.1 410 Gone\r\nContent-Length: 500\r\n\r\nsorry"), kind: failure.BadStatus,
		message: "410 Gone"},
	{name: "an endless error", serve: respondRepeatedly("HTTP/1.1 404 No\r\n\r\n", strings.Repeat("no ", 1000), 1<<20, 0),
		kind: failure.BadStatus, message: "404 Not Found"},
	{name: "Retry-After that is no time", serve: respond("HTTP/1.1 503 No\r\nRetry-After: soon" + csi +
		"\r\nContent-Length: 0\r\n\r\n"), kind: failure.BadStatus, message: "503 Service Unavailable"},
	{name: "Retry-After below zero", serve: respond("HTTP/1.1 503 No\r\nRetry-After: -5\r\nContent-Length: 0\r\n\r\n"),
		kind: failure.BadStatus, message: "503 Service Unavailable"},
	{name: "Retry-After beyond all bounds",
		serve: respond("HTTP/1.1 503 No\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n"),
		kind:  failure.RateLimited, message: "longer than retry-max-delay 1m0s"},
	{name: "Retry-After in the past",
		serve: respond("HTTP/1.1 429 No\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"),
		kind:  failure.RateLimited, message: "429 Too Many Requests"},
}

// headerFaults are faults of header lines.
var headerFaults = []fault{
	{name: "a header line without an end", serve: respondRepeatedly(okHeader+"X: ", strings.Repeat("x", 1<<10), 1<<20, 0),
		kind: failure.TooLarge, message: "the header is over 256 KiB"},
	{name: "a header over 256 KiB", serve: respond(okHeader + "X: " + strings.Repeat("x", 256<<10) +
		"\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.TooLarge, message: "the header is over 256 KiB"},
	{name: "a header just under 256 KiB", serve: respond(okHeader + "X: " + strings.Repeat("x", 250<<10) +
		"\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "5000 header lines", serve: respond(okHeader + strings.Repeat("a:b\r\n", 4998) +
		"Content-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "5001 header lines", serve: respond(okHeader + strings.Repeat("a:b\r\n", 4999) +
		"Content-Length: 4\r\n\r\nbody"), kind: failure.TooLarge, message: "the header has 5001 lines, over 5000"},
	{name: "100000 header lines", serve: respond(okHeader + strings.Repeat("a:b\r\n", 100_000) + "\r\n"),
		kind: failure.TooLarge, message: "the header is over 256 KiB"},
	{name: "a cookie in a broken header line", serve: respond(okHeader + "Set-Cookie: sid=s3cret\x00\r\n\r\nbody"),
		kind: failure.Protocol, message: "malformed MIME header line; connected"},
	{name: "a header line without a colon", serve: respond(okHeader + "no colon" + escape + "\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a long header line without a colon", serve: respond(okHeader + strings.Repeat("x", 100<<10) + "\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a header line without a name", serve: respond(okHeader + ": value\r\n\r\nbody"), body: "body"},
	{name: "a space before the colon", serve: respond(okHeader + "Content-Length : 4\r\n\r\nbody"), kind: failure.Protocol,
		message: "a space between a header's name and its colon"},
	{name: "a folded header line", serve: respond(okHeader + "X: a\r\n  b\r\nContent-Length: 4\r\n\r\nbody"),
		body: "body"},
	{name: "a fold before all header lines", serve: respond("HTTP/1.1 200 OK\r\n X: a\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "NUL in a value", serve: respond(okHeader + "X: a\x00b\r\nContent-Length: 4\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "CR in a value", serve: respond(okHeader + "X: a\rb\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.Protocol,
		message: noHTTP},
	{name: "LF in a value", serve: respond(okHeader + "X: a\nY: b\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "escapes in a value", serve: respond(okHeader + "X: " + csi + "\r\nContent-Length: 4\r\n\r\nbody"),
		body: "body"},
	{name: "an ESC in a value", serve: respond(okHeader + "X: " + escape + "\r\nContent-Length: 4\r\n\r\nbody"),
		body: "body"},
	{name: "escapes in a name", serve: respond(okHeader + "X" + escape + ": a\r\nContent-Length: 4\r\n\r\nbody"),
		body: "body"},
	{name: "a value that is not UTF-8", serve: respond(okHeader + "X: \xff\xfe\r\nContent-Length: 4\r\n\r\nbody"),
		body: "body"},
}
