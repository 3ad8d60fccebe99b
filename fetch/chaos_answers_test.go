package fetch_test

import (
	"strings"
	"time"

	"batchfetch/fetch/failure"
)

const (
	ok      = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	okFour  = ok + "Content-Length: 4\r\n\r\nbody"
	okWords = "200 OK and "
	nothing = "connected, no answer had arrived"
	noHTTP  = "not a valid HTTP answer"
	escape  = "\x1b]0;owned\x07\x1b[2J\u009b31m"
	csi     = "\u009b31m" // an escape that may stand in a header
)

// statusPranks are about the start of an answer.
var statusPranks = []prank{
	{name: "a plain answer", does: answers(okFour), body: "body"},
	{name: "HTTP/0.9: a body and nothing else", does: answers("<html>hello</html>\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "HTTP/0.9 by name", does: answers(strings.Replace(okFour, "HTTP/1.1", "HTTP/0.9", 1)), kind: failure.Protocol, says: "HTTP/0.9"},
	{name: "HTTP/2.0 as text", does: answers(strings.Replace(okFour, "HTTP/1.1", "HTTP/2.0", 1)), kind: failure.Protocol, says: "HTTP/2.0"},
	{name: "HTTP/3.0 as text", does: answers(strings.Replace(okFour, "HTTP/1.1", "HTTP/3.0", 1)), kind: failure.Protocol, says: "HTTP/3.0"},
	{name: "HTTP/1.9", does: answers(strings.Replace(okFour, "HTTP/1.1", "HTTP/1.9", 1)), body: "body"},
	{name: "HTTP/1.0 without a length", does: answers("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nbody"), body: "body"},
	{name: "http/1.1 in lower case", does: answers(strings.Replace(okFour, "HTTP", "http", 1)), kind: failure.Protocol, says: noHTTP},
	{name: "an unknown version", does: answers(strings.Replace(okFour, "HTTP/1.1", "HTTP/11", 1)), kind: failure.Protocol, says: noHTTP},
	{name: "mail in place of HTTP", does: answers("220 mail.test ESMTP\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "status 99", does: answers("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: "a status that is not 100 to 999"},
	{name: "status 000", does: answers("HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: "a status that is not 100 to 999"},
	{name: "status +20", does: answers("HTTP/1.1 +20 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: "a status that is not 100 to 999"},
	{name: "words without a line's end", does: answers("hello world, no header at all"), kind: failure.Protocol, says: "it does not begin with HTTP/"},
	{name: "an alert of TLS", does: answers("\x15\x03\x01\x00\x02\x02\x46"), kind: failure.Protocol, says: "it speaks TLS on this port, for which the URL is https://"},
	{name: "chunks in HTTP/1.0", does: answers("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: "Transfer-Encoding, which HTTP/1.0 does not have"},
	{name: "chunks and a length in HTTP/1.0", does: answers("HTTP/1.0 200 OK\r\nContent-Length: 3\r\ntransfer-encoding : chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "status 1000", does: answers("HTTP/1.1 1000 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "status 999", does: answers("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.BadStatus, says: "999"},
	{name: "status -20", does: answers("HTTP/1.1 -20 Odd\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "status two hundred", does: answers("HTTP/1.1 two OK\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "no status", does: answers("HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "no reason phrase", does: answers(strings.Replace(okFour, " OK", "", 1)), body: "body"},
	{name: "an empty reason phrase", does: answers(strings.Replace(okFour, "OK", "", 1)), body: "body"},
	{name: "escapes in the reason phrase", does: answers("HTTP/1.1 404 " + escape + "\r\nContent-Length: 0\r\n\r\n"), kind: failure.BadStatus, says: "404 Not Found"},
	{name: "escapes in place of a status line", does: answers(escape + "\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a status line of 1 MiB", does: answers("HTTP/1.1 200 " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), kind: failure.TooLarge, says: "the header is over 256 KiB"},
	{name: "a bare line feed after each line", does: answers(strings.ReplaceAll(okFour, "\r\n", "\n")), body: "body"},
	{name: "an empty line before the answer", does: answers("\r\n" + okFour), kind: failure.Protocol, says: noHTTP},
	{name: "one 100", does: answers("HTTP/1.1 100 Continue\r\n\r\n" + okFour), body: "body"},
	{name: "a hundred 102 and 103", does: answers(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 50) + okFour), body: "body"},
	{name: "1xx without an end", does: repeats("", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100), 1<<20, 0), kind: failure.TooLarge, says: "the header is over 256 KiB"},
	{name: "slow 1xx without an end", does: repeats("", "HTTP/1.1 100 Continue\r\n\r\n", 400, 100*time.Millisecond), kind: failure.Stalled, says: nothing},
	{name: "101 that nobody asked for", does: answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello"), kind: failure.BadStatus, says: "101 Switching Protocols"},
	{name: "a body after an error", does: answers("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nsorry"), kind: failure.BadStatus, says: "500 Internal Server Error"},
	{name: "an error whose body is cut", does: answers("HTTP/1.1 500 Oops\r\nContent-Length: 500\r\n\r\nsorry"), kind: failure.BadStatus, says: "500 Internal Server Error"},
	{name: "an error whose body never ends", does: hangs("HTTP/1.1 410 Gone\r\nContent-Length: 500\r\n\r\nsorry"), kind: failure.BadStatus, says: "410 Gone"},
	{name: "an endless error", does: repeats("HTTP/1.1 404 No\r\n\r\n", strings.Repeat("no ", 1000), 1<<20, 0), kind: failure.BadStatus, says: "404 Not Found"},
	{name: "Retry-After that is no time", does: answers("HTTP/1.1 503 No\r\nRetry-After: soon" + csi + "\r\nContent-Length: 0\r\n\r\n"), kind: failure.BadStatus, says: "503 Service Unavailable"},
	{name: "Retry-After below zero", does: answers("HTTP/1.1 503 No\r\nRetry-After: -5\r\nContent-Length: 0\r\n\r\n"), kind: failure.BadStatus, says: "503 Service Unavailable"},
	{name: "Retry-After beyond all bounds", does: answers("HTTP/1.1 503 No\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n"), kind: failure.RateLimited, says: "longer than retry-max-delay 1m0s"},
	{name: "Retry-After in the past", does: answers("HTTP/1.1 429 No\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"), kind: failure.RateLimited, says: "429 Too Many Requests"},
}

// headerPranks are about the lines of a header.
var headerPranks = []prank{
	{name: "a header line without an end", does: repeats(ok+"X: ", strings.Repeat("x", 1<<10), 1<<20, 0), kind: failure.TooLarge, says: "the header is over 256 KiB"},
	{name: "a header over 256 KiB", does: answers(ok + "X: " + strings.Repeat("x", 256<<10) + "\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.TooLarge, says: "the header is over 256 KiB"},
	{name: "a header just under 256 KiB", does: answers(ok + "X: " + strings.Repeat("x", 250<<10) + "\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "5000 header lines", does: answers(ok + strings.Repeat("a:b\r\n", 4998) + "Content-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "5001 header lines", does: answers(ok + strings.Repeat("a:b\r\n", 4999) + "Content-Length: 4\r\n\r\nbody"), kind: failure.TooLarge, says: "the header has 5001 lines, over 5000"},
	{name: "100000 header lines", does: answers(ok + strings.Repeat("a:b\r\n", 100_000) + "\r\n"), kind: failure.TooLarge, says: "the header is over 256 KiB"},
	{name: "a cookie in a broken header line", does: answers(ok + "Set-Cookie: sid=s3cret\x01\r\n\r\nbody"), kind: failure.Protocol, says: "malformed MIME header line; connected"},
	{name: "a header line without a colon", does: answers(ok + "no colon" + escape + "\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a long header line without a colon", does: answers(ok + strings.Repeat("x", 100<<10) + "\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a header line without a name", does: answers(ok + ": value\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a space before the colon", does: answers(ok + "Content-Length : 4\r\n\r\nbody"), kind: failure.Protocol, says: "a space between a header's name and its colon"},
	{name: "a folded header line", does: answers(ok + "X: a\r\n  b\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "a fold before all header lines", does: answers("HTTP/1.1 200 OK\r\n X: a\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "NUL in a value", does: answers(ok + "X: a\x00b\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "CR in a value", does: answers(ok + "X: a\rb\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "LF in a value", does: answers(ok + "X: a\nY: b\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "escapes in a value", does: answers(ok + "X: " + csi + "\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "an ESC in a value", does: answers(ok + "X: " + escape + "\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "escapes in a name", does: answers(ok + "X" + escape + ": a\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a value that is not UTF-8", does: answers(ok + "X: \xff\xfe\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
}

// lengthPranks are about where a body ends.
var lengthPranks = []prank{
	{name: "less than Content-Length", does: answers(ok + "Content-Length: 9\r\n\r\nbody"), kind: failure.Truncated, says: okWords + "4 bytes"},
	{name: "more than Content-Length", does: answers(ok + "Content-Length: 3\r\n\r\nbody"), body: "bod"},
	{name: "Content-Length twice", does: answers(ok + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "two values of Content-Length", does: answers(ok + "Content-Length: 4, 4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "two Content-Lengths", does: answers(ok + "Content-Length: 4\r\nContent-Length: 2\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a negative Content-Length", does: answers(ok + "Content-Length: -4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a Content-Length that is no number", does: answers(ok + "Content-Length: many\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a Content-Length in hexadecimal", does: answers(ok + "Content-Length: 0x4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a Content-Length with a sign", does: answers(ok + "Content-Length: +4\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "an empty Content-Length", does: answers(ok + "Content-Length:\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a Content-Length over 64 bits", does: answers(ok + "Content-Length: 18446744073709551620\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "a Content-Length of 8 EiB less one", does: answers(ok + "Content-Length: 9223372036854775807\r\n\r\nbody"), kind: failure.TooLarge, says: "the body has 9223372036854775807 bytes, over max-body"},
	{name: "a body over max-body", does: answers(ok + "Content-Length: 1048577\r\n\r\n" + strings.Repeat("x", 1<<20+1)), kind: failure.TooLarge, says: "max-body 1Mi"},
	{name: "a body without an end", does: repeats(ok+"\r\n", strings.Repeat("x", 4096), 1<<20, 0), kind: failure.TooLarge, says: "max-body 1Mi"},
	{name: "Content-Length and chunks", does: answers(ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), body: "body"},
	{name: "Transfer-Encoding: identity", does: answers(ok + "Transfer-Encoding: identity\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "Transfer-Encoding: gzip, chunked", does: answers(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "Transfer-Encoding: chunked twice", does: answers(ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "an unknown Transfer-Encoding", does: answers(ok + "Transfer-Encoding: " + escape + "\r\n\r\nbody"), kind: failure.Protocol, says: noHTTP},
	{name: "Transfer-Encoding: CHUNKED", does: answers(ok + "Transfer-Encoding: CHUNKED\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), body: "body"},
}

const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"

var chunkPranks = []prank{
	{name: "chunks", does: answers(chunked + "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"), body: "body"},
	{name: "chunk extensions", does: answers(chunked + "2;a=b;c=\"d\"\r\nbo\r\n2;x\r\ndy\r\n0;z\r\n\r\n"), body: "body"},
	{name: "a space before a chunk extension", does: answers(chunked + "4 ;x\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a long chunk extension", does: answers(chunked + "4;" + strings.Repeat("x", 1<<20) + "\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "no last chunk", does: answers(chunked + "4\r\nbody\r\n"), kind: failure.Truncated, says: okWords + "4 bytes"},
	{name: "a last chunk without its last line", does: answers(chunked + "4\r\nbody\r\n0\r\n"), kind: failure.Truncated, says: okWords + "4 bytes"},
	{name: "half a chunk", does: answers(chunked + "8\r\nbody"), kind: failure.Truncated, says: okWords + "4 bytes"},
	{name: "half a chunk size", does: answers(chunked + "4\r\nbody\r\n1"), kind: failure.Truncated, says: okWords + "4 bytes"},
	{name: "a chunk size that is no number", does: answers(chunked + "4\r\nbody\r\n" + escape + "\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a negative chunk size", does: answers(chunked + "-4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a chunk size with 0x", does: answers(chunked + "0x4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "an empty chunk size", does: answers(chunked + "\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a chunk size over 64 bits", does: answers(chunked + "fffffffffffffffff\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a chunk of 16 EiB less one", does: answers(chunked + "ffffffffffffffff\r\nbody"), kind: failure.Truncated, says: okWords + "4 bytes"},
	{name: "a chunk longer than its size", does: answers(chunked + "2\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a body of chunks of one byte", does: answers(chunked + strings.Repeat("1\r\nx\r\n", 5000) + "0\r\n\r\n"), body: strings.Repeat("x", 5000)},
	{name: "one-byte chunks with extensions, without an end", does: repeats(chunked, strings.Repeat("1;"+strings.Repeat("e", 200)+"\r\nx\r\n", 20), 1<<20, 0), kind: failure.Protocol, says: noHTTP},
	{name: "a trailer", does: answers(strings.Replace(chunked, "\r\n\r\n", "\r\nTrailer: X-Sum\r\n\r\n", 1) + "4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"), body: "body"},
	{name: "a trailer that may not be one", does: answers(chunked + "4\r\nbody\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: gzip\r\nSet-Cookie: a=b\r\n\r\n"), body: "body"},
	{name: "the announcement of a trailer that may not be one", does: answers(strings.Replace(chunked, "\r\n\r\n", "\r\nTrailer: Content-Length\r\n\r\n", 1) + "4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "a broken trailer", does: answers(chunked + "4\r\nbody\r\n0\r\nno colon" + escape + "\r\n\r\n"), kind: failure.Protocol, says: noHTTP},
	{name: "an endless trailer", does: repeats(chunked+"4\r\nbody\r\n0\r\nX: ", strings.Repeat("x", 1<<10), 1<<20, 0), kind: failure.Protocol, says: noHTTP},
}

// bodilessPranks send a body where there can be none.
var bodilessPranks = []prank{
	{name: "204 with a body", does: answers("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody"), as: "none"},
	{name: "204 with chunks", does: answers("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), as: "none"},
	{name: "206 that nobody asked for", does: answers("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/50\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.Protocol, says: "206 Partial Content, and no part was asked for"},
	{name: "206 with all of it", does: answers("HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-3/4\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "206 that was asked for", line: `{"url":"http://$HOST/","headers":{"Range":"bytes=0-3"}}`, does: answers("HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-3/50\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "304 with a body", does: answers("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody"), kind: failure.BadStatus, says: "304 Not Modified"},
	{name: "HEAD with a body", line: `{"url":"http://$HOST/","method":"HEAD"}`, does: answers(okFour), as: "none"},
	{name: "HEAD with a coding", line: `{"url":"http://$HOST/","method":"HEAD"}`, does: answers(ok + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"), as: "none"},
	{name: "205 with a body", does: answers("HTTP/1.1 205 Reset Content\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
}

// slowly sends head, and then 4 KiB in ten parts, under the stall timeout and over the stall's bound.
func slowly(head string) prank {
	return prank{name: "a drip over the bound", does: repeats(head, strings.Repeat("x", 512), 10, 300*time.Millisecond), body: strings.Repeat("x", 5120)}
}

// silencePranks end a connection, or leave it to itself, in each phase.
var silencePranks = []prank{
	slowly(ok + "\r\n"),
	{name: "a drip under the bound", does: repeats(ok+"\r\n", "x", 400, 50*time.Millisecond), kind: failure.Stalled, says: okWords},
	{name: "a header that drips", does: repeats(ok+"X: ", "x", 400, 50*time.Millisecond), kind: failure.Stalled, says: nothing},
	{name: "silence before the answer", does: hangs(""), kind: failure.Stalled, says: "stall-timeout 4s met; " + nothing},
	{name: "silence in the status line", does: hangs("HTTP/1.1 2"), kind: failure.Stalled, says: nothing},
	{name: "silence in the header", does: hangs(ok + "X-"), kind: failure.Stalled, says: nothing},
	{name: "silence after a 100", does: hangs("HTTP/1.1 100 Continue\r\n\r\n"), kind: failure.Stalled, says: nothing},
	{name: "silence in the body", does: hangs(ok + "Content-Length: 9\r\n\r\nbody"), kind: failure.Stalled, says: okWords + "4 bytes"},
	{name: "silence in a chunk", does: hangs(chunked + "9\r\nbody"), kind: failure.Stalled, says: okWords + "4 bytes"},
	{name: "silence before the last chunk", does: hangs(chunked + "4\r\nbody\r\n"), kind: failure.Stalled, says: okWords + "4 bytes"},
	{name: "closed before the answer", does: answers(""), kind: failure.Truncated, says: nothing},
	{name: "closed in the status line", does: answers("HTTP/1.1 2"), kind: failure.Truncated, says: nothing},
	{name: "closed in the header", does: answers(ok + "X-"), kind: failure.Truncated, says: nothing},
	{name: "closed after a 100", does: answers("HTTP/1.1 100 Continue\r\n\r\n"), kind: failure.Truncated, says: nothing},
	{name: "reset before the answer", does: resets(""), kind: failure.Reset, says: "the connection was reset; " + nothing},
	{name: "reset in the header", does: resets(ok + "X-"), kind: failure.Reset, says: "the connection was reset; " + nothing},
	{name: "reset in the body", does: resets(ok + "Content-Length: 9\r\n\r\nbody"), kind: failure.Reset, says: "the connection was reset; " + okWords},
	{name: "reset in a chunk", does: resets(chunked + "9\r\nbody"), kind: failure.Reset, says: "the connection was reset; " + okWords},
	{name: "a body until a reset", does: resets(ok + "\r\nbody"), kind: failure.Reset, says: "the connection was reset; " + okWords},
}
