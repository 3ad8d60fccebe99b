package fetch_test

import (
	"strings"
	"time"

	"batchfetch/fetch/failure"
)

// lengthFaults are faults of where a body ends.
var lengthFaults = []fault{
	{name: "less than Content-Length", serve: respond(okHeader + "Content-Length: 9\r\n\r\nbody"), kind: failure.Truncated,
		message: afterOK + "4 bytes"},
	{name: "more than Content-Length", serve: respond(okHeader + "Content-Length: 3\r\n\r\nbody"), body: "bod"},
	{name: "Content-Length twice", serve: respond(okHeader + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody"),
		body: "body"},
	{name: "two values of Content-Length", serve: respond(okHeader + "Content-Length: 4, 4\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "two Content-Lengths", serve: respond(okHeader + "Content-Length: 4\r\nContent-Length: 2\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a negative Content-Length", serve: respond(okHeader + "Content-Length: -4\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a Content-Length that is no number", serve: respond(okHeader + "Content-Length: many\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a Content-Length in hexadecimal", serve: respond(okHeader + "Content-Length: 0x4\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a Content-Length with a sign", serve: respond(okHeader + "Content-Length: +4\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "an empty Content-Length", serve: respond(okHeader + "Content-Length:\r\n\r\nbody"), kind: failure.Protocol,
		message: noHTTP},
	{name: "a Content-Length over 64 bits", serve: respond(okHeader + "Content-Length: 18446744073709551620\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a Content-Length of 8 EiB less one",
		serve: respond(okHeader + "Content-Length: 9223372036854775807\r\n\r\nbody"), kind: failure.TooLarge,
		message: "the body has 9223372036854775807 bytes, over max-body"},
	{name: "a body over max-body", serve: respond(okHeader + "Content-Length: 1048577\r\n\r\n" +
		strings.Repeat("x", 1<<20+1)), kind: failure.TooLarge, message: "max-body 1Mi"},
	{name: "a body without an end", serve: respondRepeatedly(okHeader+"\r\n", strings.Repeat("x", 4096), 1<<20, 0),
		kind: failure.TooLarge, message: "max-body 1Mi"},
	{name: "Content-Length and chunks",
		serve: respond(okHeader + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
		body:  "body"},
	{name: "Transfer-Encoding: identity", serve: respond(okHeader + "Transfer-Encoding: identity\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "Transfer-Encoding: gzip, chunked",
		serve: respond(okHeader + "Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "Transfer-Encoding: chunked twice",
		serve: respond(okHeader + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
		kind:  failure.Protocol, message: noHTTP},
	{name: "an unknown Transfer-Encoding", serve: respond(okHeader + "Transfer-Encoding: " + escape + "\r\n\r\nbody"),
		kind: failure.Protocol, message: noHTTP},
	{name: "Transfer-Encoding: CHUNKED",
		serve: respond(okHeader + "Transfer-Encoding: CHUNKED\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), body: "body"},
}

const chunked = okHeader + "Transfer-Encoding: chunked\r\n\r\n"

// chunkFaults are faults of the chunked coding.
var chunkFaults = []fault{
	{name: "chunks", serve: respond(chunked + "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"), body: "body"},
	{name: "chunk extensions", serve: respond(chunked + "2;a=b;c=\"d\"\r\nbo\r\n2;x\r\ndy\r\n0;z\r\n\r\n"), body: "body"},
	{name: "a space before a chunk extension", serve: respond(chunked + "4 ;x\r\nbody\r\n0\r\n\r\n"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a long chunk extension", serve: respond(chunked + "4;" + strings.Repeat("x", 1<<20) + "\r\nbody\r\n0\r\n\r\n"),
		kind: failure.Protocol, message: noHTTP},
	{name: "no last chunk", serve: respond(chunked + "4\r\nbody\r\n"), kind: failure.Truncated,
		message: afterOK + "4 bytes"},
	{name: "a last chunk without its last line", serve: respond(chunked + "4\r\nbody\r\n0\r\n"), kind: failure.Truncated,
		message: afterOK + "4 bytes"},
	{name: "half a chunk", serve: respond(chunked + "8\r\nbody"), kind: failure.Truncated, message: afterOK + "4 bytes"},
	{name: "half a chunk size", serve: respond(chunked + "4\r\nbody\r\n1"), kind: failure.Truncated,
		message: afterOK + "4 bytes"},
	{name: "a chunk size that is no number", serve: respond(chunked + "4\r\nbody\r\n" + escape + "\r\n"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a negative chunk size", serve: respond(chunked + "-4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "a chunk size with 0x", serve: respond(chunked + "0x4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "an empty chunk size", serve: respond(chunked + "\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "a chunk size over 64 bits", serve: respond(chunked + "fffffffffffffffff\r\nbody\r\n0\r\n\r\n"),
		kind: failure.Protocol, message: noHTTP},
	{name: "a chunk of 16 EiB less one", serve: respond(chunked + "ffffffffffffffff\r\nbody"), kind: failure.Truncated,
		message: afterOK + "4 bytes"},
	{name: "a chunk longer than its size", serve: respond(chunked + "2\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol,
		message: noHTTP},
	{name: "a body of chunks of one byte", serve: respond(chunked + strings.Repeat("1\r\nx\r\n", 5000) + "0\r\n\r\n"),
		body: strings.Repeat("x", 5000)},
	{name: "one-byte chunks with extensions, without an end", serve: respondRepeatedly(chunked,
		strings.Repeat("1;"+strings.Repeat("e", 200)+"\r\nx\r\n", 20), 1<<20, 0), kind: failure.Protocol, message: noHTTP},
	{name: "a trailer", serve: respond(strings.Replace(chunked, "\r\n\r\n", "\r\nTrailer: X-Sum\r\n\r\n", 1) +
		"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"), body: "body"},
	{name: "a trailer that may not be one",
		serve: respond(chunked +
			"4\r\nbody\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: gzip\r\nSet-Cookie: a=b\r\n\r\n"), body: "body"},
	{name: "the announcement of a trailer that may not be one",
		serve: respond(strings.Replace(chunked, "\r\n\r\n", "\r\nTrailer: Content-Length\r\n\r\n", 1) +
			"4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, message: noHTTP},
	{name: "a broken trailer", serve: respond(chunked + "4\r\nbody\r\n0\r\nno colon" + escape + "\r\n\r\n"),
		kind: failure.Protocol, message: noHTTP},
	{name: "an endless trailer", serve: respondRepeatedly(chunked+"4\r\nbody\r\n0\r\nX: ", strings.Repeat("x", 1<<10),
		1<<20, 0), kind: failure.Protocol, message: noHTTP},
}

// bodilessFaults send a body where there can be none, or a part that was not requested.
var bodilessFaults = []fault{
	{name: "204 with a body", serve: respond("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody"),
		encoding: "none"},
	{name: "204 with chunks",
		serve:    respond("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
		encoding: "none"},
	{name: "206 that nobody asked for",
		serve: respond("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/50\r\nContent-Length: 4\r\n\r\nbody"),
		kind:  failure.Protocol, message: "206 Partial Content, and no part was asked for"},
	{name: "206 with all of it",
		serve: respond("HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\n" +
			"Content-Range: bytes 0-3/4\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "206 that was asked for", line: `{"url":"http://$HOST/","headers":{"Range":"bytes=0-3"}}`,
		serve: respond("HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\n" +
			"Content-Range: bytes 0-3/50\r\nContent-Length: 4\r\n\r\nbody"), body: "body"},
	{name: "304 with a body", serve: respond("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody"),
		kind: failure.BadStatus, message: "304 Not Modified"},
	{name: "HEAD with a body", line: `{"url":"http://$HOST/","method":"HEAD"}`, serve: respond(okBody), encoding: "none"},
	{name: "HEAD with a coding", line: `{"url":"http://$HOST/","method":"HEAD"}`,
		serve: respond(okHeader + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"), encoding: "none"},
	{name: "205 with a body",
		serve: respond("HTTP/1.1 205 Reset Content\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"),
		body:  "body"},
}

// slowBody sends head and then 5 KiB in ten parts, each within the stall timeout and all together above its least rate.
func slowBody(head string) fault {
	return fault{name: "a drip over the bound", serve: respondRepeatedly(head, strings.Repeat("x", 512), 10,
		300*time.Millisecond), body: strings.Repeat("x", 5120)}
}

// silenceFaults close, reset or stop using a connection in each phase of a response.
var silenceFaults = []fault{
	slowBody(okHeader + "\r\n"),
	{name: "a drip under the bound", serve: respondRepeatedly(okHeader+"\r\n", "x", 400, 50*time.Millisecond),
		kind: failure.Stalled, message: afterOK},
	{name: "a header that drips", serve: respondRepeatedly(okHeader+"X: ", "x", 400, 50*time.Millisecond),
		kind: failure.Stalled, message: beforeResponse},
	{name: "silence before the answer", serve: respondAndHang(""), kind: failure.Stalled,
		message: "stall-timeout 4s met; " + beforeResponse},
	{name: "silence in the status line", serve: respondAndHang("HTTP/1.1 2"), kind: failure.Stalled,
		message: beforeResponse},
	{name: "silence in the header", serve: respondAndHang(okHeader + "X-"), kind: failure.Stalled,
		message: beforeResponse},
	{name: "silence after a 100", serve: respondAndHang("HTTP/1.1 100 Continue\r\n\r\n"), kind: failure.Stalled,
		message: beforeResponse},
	{name: "silence in the body", serve: respondAndHang(okHeader + "Content-Length: 9\r\n\r\nbody"), kind: failure.Stalled,
		message: afterOK + "4 bytes"},
	{name: "silence in a chunk", serve: respondAndHang(chunked + "9\r\nbody"), kind: failure.Stalled,
		message: afterOK + "4 bytes"},
	{name: "silence before the last chunk", serve: respondAndHang(chunked + "4\r\nbody\r\n"), kind: failure.Stalled,
		message: afterOK + "4 bytes"},
	{name: "closed before the answer", serve: respond(""), kind: failure.Truncated, message: beforeResponse},
	{name: "closed in the status line", serve: respond("HTTP/1.1 2"), kind: failure.Truncated, message: beforeResponse},
	{name: "closed in the header", serve: respond(okHeader + "X-"), kind: failure.Truncated, message: beforeResponse},
	{name: "closed after a 100", serve: respond("HTTP/1.1 100 Continue\r\n\r\n"), kind: failure.Truncated,
		message: beforeResponse},
	{name: "reset before the answer", serve: respondAndReset(""), kind: failure.Reset,
		message: "the connection was reset; " + beforeResponse},
	{name: "reset in the header", serve: respondAndReset(okHeader + "X-"), kind: failure.Reset,
		message: "the connection was reset; " + beforeResponse},
	{name: "reset in the body", serve: respondAndReset(okHeader + "Content-Length: 9\r\n\r\nbody"), kind: failure.Reset,
		message: "the connection was reset; " + afterOK},
	{name: "reset in a chunk", serve: respondAndReset(chunked + "9\r\nbody"), kind: failure.Reset,
		message: "the connection was reset; " + afterOK},
	{name: "a body until a reset", serve: respondAndReset(okHeader + "\r\nbody"), kind: failure.Reset,
		message: "the connection was reset; " + afterOK},
}
