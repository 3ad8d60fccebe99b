package fetch_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
)

// withCoding returns a complete response whose body has the content coding.
func withCoding(coding, body string) string {
	return fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", okHeader, coding, len(body), body)
}

// codingFaults are faults of content codings.
func codingFaults(t testing.TB) []fault {
	words := strings.Repeat("one word and another; ", 40)
	packs := func(codings ...string) string { return codingtest.Encode(t, words, codings...) }
	flipped := func(body string) string {
		broken := []byte(body)
		broken[len(broken)/2] ^= 0xff
		broken[len(broken)/2+1] ^= 0xff
		return string(broken)
	}
	// cut announces more than it sends.
	cut := func(coding, body string) string {
		return strings.Replace(withCoding(coding, body[:len(body)/2]), "Content-Length: ", "Content-Length: 9", 1)
	}
	bomb := strings.Repeat("\x00", 48<<20)
	return []fault{
		{name: "gzip", serve: respond(withCoding("gzip", packs("gzip"))), body: words},
		{name: "deflate as the RFC has it", serve: respond(withCoding("deflate", packs("zlib"))), body: words},
		{name: "deflate without its wrapping", serve: respond(withCoding("deflate", packs("flate"))), body: words},
		{name: "br", serve: respond(withCoding("br", packs("br"))), body: words},
		{name: "zstd", serve: respond(withCoding("zstd", packs("zstd"))), body: words},
		{name: "gzip in br in zstd", serve: respond(withCoding("gzip, br, zstd", packs("gzip", "br", "zstd"))), body: words},
		{name: "codings in two header lines", serve: respond(withCoding("gzip\r\nContent-Encoding: br", packs("gzip", "br"))),
			body: words},
		{name: "gzip in small chunks",
			serve: respond(strings.Replace(chunked, "\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n", 1) +
				inChunks(packs("gzip"), 7)), body: words},
		{name: "gzip of nothing", serve: respond(withCoding("gzip", "")), body: ""},
		{name: "an unknown coding", serve: respond(withCoding("rot13", words)), body: words},
		{name: "escapes for a coding", serve: respond(withCoding(csi, words)), body: words},
		{name: "nine codings", serve: respond(withCoding(strings.Repeat("gzip, ", 9), packs("gzip"))), kind: failure.Decode,
			message: "more than 4 content codings"},
		{name: "gzip that is none", serve: respond(withCoding("gzip", words)), kind: failure.Decode,
			message: "not valid gzip"},
		{name: "gzip with bits flipped", serve: respond(withCoding("gzip", flipped(packs("gzip")))), kind: failure.Decode,
			message: "not valid gzip"},
		{name: "zstd with bits flipped", serve: respond(withCoding("zstd", flipped(packs("zstd")))), kind: failure.Decode,
			message: "not valid zstd"},
		{name: "gzip half of which was made", serve: respond(withCoding("gzip", packs("gzip")[:30])), kind: failure.Decode,
			message: "ends within its gzip"},
		{name: "br half of which was made", serve: respond(withCoding("br", packs("br")[:20])), kind: failure.Decode,
			message: "ends within its br"},
		{name: "deflate half of which was made", serve: respond(withCoding("deflate", packs("zlib")[:20])),
			kind: failure.Decode, message: "ends within its deflate"},
		{name: "gzip cut by the connection's end", serve: respond(cut("gzip", packs("gzip"))), kind: failure.Truncated,
			message: afterOK},
		{name: "br cut by the connection's end", serve: respond(cut("br", packs("br"))), kind: failure.Truncated,
			message: afterOK},
		{name: "zstd cut by the connection's end", serve: respond(cut("zstd", packs("zstd"))), kind: failure.Truncated,
			message: afterOK},
		{name: "gzip cut by a reset", serve: respondAndReset(cut("gzip", packs("gzip"))), kind: failure.Reset,
			message: afterOK},
		{name: "gzip followed by noise without a length", serve: respond(strings.Replace(chunked, "\r\n\r\n",
			"\r\nContent-Encoding: gzip\r\n\r\n", 1) + inChunks(packs("gzip")+"noise", 7)), body: words},
		{name: "gzip followed by noise without end", serve: respondRepeatedly(okHeader+"Content-Encoding: gzip\r\n\r\n"+
			packs("gzip"), strings.Repeat("\x00", 64<<10), 40, 0), kind: failure.Decode, message: "bytes of the body have come"},
		{name: "gzip followed by noise", serve: respond(withCoding("gzip", packs("gzip")+"noise")), body: words},
		{name: "zstd with a window of 1 GiB", serve: respond(withCoding("zstd", "\x28\xb5\x2f\xfd\x00\xa0\x00\x00\x00")),
			kind: failure.Decode, message: "not valid zstd"},
		{name: "empty members of gzip without an end", serve: respondRepeatedly(okHeader+"Content-Encoding: gzip\r\n\r\n",
			strings.Repeat(codingtest.Encode(t, "", "gzip"), 1000), 1<<10, 0), kind: failure.Decode,
			message: "bytes of the body have come to only 0"},
		{name: "skippable frames of zstd without an end", serve: respondRepeatedly(okHeader+"Content-Encoding: zstd\r\n\r\n",
			strings.Repeat("\x50\x2a\x4d\x18\x04\x00\x00\x00skip", 2000), 1<<10, 0), kind: failure.Decode,
			message: "bytes of the body have come to only 0"},
		{name: "empty blocks of deflate without an end",
			serve: respondRepeatedly(okHeader+"Content-Encoding: deflate\r\n\r\n", strings.Repeat("\x00\x00\x00\xff\xff", 5000),
				1<<10, 0), kind: failure.Decode, message: "bytes of the body have come to only 0"},
		{name: "a bomb in gzip", serve: respond(withCoding("gzip", codingtest.Encode(t, bomb, "gzip"))),
			kind: failure.TooLarge, message: "max-body 1Mi"},
		{name: "a bomb in br", serve: respond(withCoding("br", codingtest.Encode(t, bomb, "br"))),
			kind: failure.TooLarge, message: "max-body 1Mi"},
		{name: "a bomb in zstd", serve: respond(withCoding("zstd", codingtest.Encode(t, bomb, "zstd"))),
			kind: failure.TooLarge, message: "max-body 1Mi"},
		{name: "a bomb in a bomb", serve: respond(withCoding("gzip, gzip", codingtest.Encode(t, bomb, "gzip", "gzip"))),
			kind: failure.TooLarge, message: "max-body 1Mi"},
	}
}

// inChunks returns body in chunks of size bytes.
func inChunks(body string, size int) string {
	var out strings.Builder
	for len(body) > 0 {
		part := body[:min(size, len(body))]
		fmt.Fprintf(&out, "%x\r\n%s\r\n", len(part), part)
		body = body[len(part):]
	}
	return out.String() + "0\r\n\r\n"
}

// respondTyped sends a complete response with that Content-Type.
func respondTyped(kind, body string) func(net.Conn, *requestReader) {
	const format = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
	return respond(fmt.Sprintf(format, kind, len(body), body))
}

// charsetFaults are faults of charsets and of what a Content-Type says.
var charsetFaults = []fault{
	{name: "EUC-KR", serve: respondTyped("text/html; charset=EUC-KR", "\xc7\xd1\xb1\xdb"), body: "한글"},
	{name: "Shift_JIS", serve: respondTyped("text/html; charset=Shift_JIS", "\x93\xfa\x96\x7b"), body: "日本"},
	{name: "GB18030", serve: respondTyped("text/plain; charset=gb18030", "\xc4\xe3\xba\xc3\x81\x30\x84\x36"),
		body: "你好¥"},
	{name: "ISO-8859-15", serve: respondTyped("text/plain; charset=iso-8859-15", "100 \xa4"), body: "100 €"},
	{name: "UTF-16 with a mark", serve: respondTyped("text/plain; charset=utf-16", "\xfe\xff\x00h\x00\xe9"), body: "hé"},
	{name: "UTF-16, the lesser end first", serve: respondTyped("text/plain; charset=utf-16", "\xff\xfeh\x00\xe9\x00"),
		body: "hé"},
	{name: "EUC-KR that the page declares", serve: respondTyped("text/html", "<meta charset=euc-kr>\xc7\xd1\xb1\xdb"),
		body: "<meta charset=euc-kr>한글"},
	{name: "JSON in UTF-16", serve: respondTyped("application/json; charset=utf-16", "\xff\xfe[\x001\x00]\x00"),
		encoding: "json", body: "[1]"},
	{name: "half a character of UTF-16", serve: respondTyped("text/plain; charset=utf-16", "\xff\xfeh\x00\xe9"),
		encoding: "base64", body: toBase64("\xff\xfeh\x00\xe9")},
	{name: "a charset that there is not", serve: respondTyped("text/plain; charset=martian", "\xe9"), encoding: "base64",
		body: toBase64("\xe9")},
	{name: "a charset that there is not, of ASCII", serve: respondTyped("text/plain; charset=martian", "abc"),
		body: "abc"},
	{name: "UTF-8 that is none", serve: respondTyped("text/plain; charset=utf-8", "a\xff\xfeb"), encoding: "base64",
		body: toBase64("a\xff\xfeb")},
	{name: "Shift_JIS that is none", serve: respondTyped("text/plain; charset=Shift_JIS", "\x93\xff\xa0"),
		encoding: "base64", body: toBase64("\x93\xff\xa0")},
	{name: "NULs in a text", serve: respondTyped("text/plain", "a\x00b"), encoding: "base64", body: toBase64("a\x00b")},
	{name: "escapes in a text", serve: respondTyped("text/plain", escape), body: escape},
	{name: "a Content-Type that is none", serve: respondTyped(";;=/"+csi, "abc"), body: "abc"},
	{name: "a Content-Type of 100 KB", serve: respondTyped("text/plain; x="+strings.Repeat("y", 100_000), "abc"),
		body: "abc"},
	{name: "no Content-Type", serve: respond("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), body: "abc"},
	{name: "JSON on many lines", serve: respondTyped("application/json", "{\r\n \"a\" : 1.0E+2\n}\n"), encoding: "json",
		body: `{"a":1.0E+2}`},
	{name: "JSON with a number beyond a double", serve: respondTyped("application/json", "1e400"), body: "1e400"},
	{name: "JSON that is none", serve: respondTyped("application/json", `{"a":`), body: `{"a":`},
	{name: "JSON that is a page", serve: respondTyped("application/json", "<html>"), body: "<html>"},
	{name: "JSON with bytes that are not UTF-8", serve: respondTyped("application/json", "\"\xff\""), encoding: "base64",
		body: toBase64("\"\xff\"")},
	{name: "JSON with half a surrogate pair", serve: respondTyped("application/json", `"\ud800"`), body: `"\ud800"`},
	{name: "JSON with escapes in it", serve: respondTyped("application/json", `"`+"\u009b31m"+`"`), encoding: "json",
		body: `"\u009b31m"`},
	{name: "JSON after a byte order mark", serve: respondTyped("application/json", "\ufeff[1]"), encoding: "json",
		body: "[1]"},
	{name: "JSON a hundred thousand deep", serve: respondTyped("application/json",
		strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), body: strings.Repeat("[", 100_000) +
		strings.Repeat("]", 100_000)},
	{name: "two JSON values", serve: respondTyped("application/json", `{"a":1}{"type":"failure"}`),
		body: `{"a":1}{"type":"failure"}`},
}
