package fetch_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/failure"
)

// packed is text under codings, in the order in which they are applied; deflate is zlib, flate the bare kind.
func packed(t testing.TB, text string, codings ...string) string {
	t.Helper()
	for _, coding := range codings {
		var out bytes.Buffer
		var w io.WriteCloser
		var err error
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "br":
			w = brotli.NewWriterLevel(&out, 2)
		case "zstd":
			w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		case "deflate":
			w = zlib.NewWriter(&out)
		case "flate":
			w, err = flate.NewWriter(&out, 6)
		}
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		text = out.String()
	}
	return text
}

// under is a whole answer with a body under a coding.
func under(coding, body string) string {
	return fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", ok, coding, len(body), body)
}

// codingPranks are about content codings.
func codingPranks(t testing.TB) []prank {
	words := strings.Repeat("one word and another; ", 40)
	packs := func(codings ...string) string { return packed(t, words, codings...) }
	flipped := func(body string) string {
		broken := []byte(body)
		broken[len(broken)/2] ^= 0xff
		broken[len(broken)/2+1] ^= 0xff
		return string(broken)
	}
	// more than is sent is announced
	cut := func(coding, body string) string {
		return strings.Replace(under(coding, body[:len(body)/2]), "Content-Length: ", "Content-Length: 9", 1)
	}
	bomb := strings.Repeat("\x00", 48<<20)
	return []prank{
		{name: "gzip", does: answers(under("gzip", packs("gzip"))), body: words},
		{name: "deflate as the RFC has it", does: answers(under("deflate", packs("deflate"))), body: words},
		{name: "deflate without its wrapping", does: answers(under("deflate", packs("flate"))), body: words},
		{name: "br", does: answers(under("br", packs("br"))), body: words},
		{name: "zstd", does: answers(under("zstd", packs("zstd"))), body: words},
		{name: "gzip in br in zstd", does: answers(under("gzip, br, zstd", packs("gzip", "br", "zstd"))), body: words},
		{name: "codings in two header lines", does: answers(under("gzip\r\nContent-Encoding: br", packs("gzip", "br"))), body: words},
		{name: "gzip in small chunks", does: answers(strings.Replace(chunked, "\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n", 1) + inChunks(packs("gzip"), 7)), body: words},
		{name: "gzip of nothing", does: answers(under("gzip", "")), body: ""},
		{name: "an unknown coding", does: answers(under("rot13", words)), kind: failure.Decode, says: `unknown content coding "rot13"`},
		{name: "escapes for a coding", does: answers(under(csi, words)), kind: failure.Decode, says: "unknown content coding"},
		{name: "nine codings", does: answers(under(strings.Repeat("gzip, ", 9), packs("gzip"))), kind: failure.Decode, says: "more than 4 content codings"},
		{name: "gzip that is none", does: answers(under("gzip", words)), kind: failure.Decode, says: "not valid gzip"},
		{name: "gzip with bits flipped", does: answers(under("gzip", flipped(packs("gzip")))), kind: failure.Decode, says: "not valid gzip"},
		{name: "zstd with bits flipped", does: answers(under("zstd", flipped(packs("zstd")))), kind: failure.Decode, says: "not valid zstd"},
		{name: "gzip half of which was made", does: answers(under("gzip", packs("gzip")[:30])), kind: failure.Decode, says: "not valid gzip"},
		{name: "br half of which was made", does: answers(under("br", packs("br")[:20])), kind: failure.Decode, says: "not valid br"},
		{name: "deflate half of which was made", does: answers(under("deflate", packs("deflate")[:20])), kind: failure.Decode, says: "not valid deflate"},
		{name: "gzip cut by the connection's end", does: answers(cut("gzip", packs("gzip"))), kind: failure.Truncated, says: okWords},
		{name: "br cut by the connection's end", does: answers(cut("br", packs("br"))), kind: failure.Truncated, says: okWords},
		{name: "zstd cut by the connection's end", does: answers(cut("zstd", packs("zstd"))), kind: failure.Truncated, says: okWords},
		{name: "gzip cut by a reset", does: resets(cut("gzip", packs("gzip"))), kind: failure.Reset, says: okWords},
		{name: "gzip followed by noise", does: answers(under("gzip", packs("gzip")+"noise")), kind: failure.Decode, says: "not valid gzip"},
		{name: "zstd with a window of 1 GiB", does: answers(under("zstd", "\x28\xb5\x2f\xfd\x00\xa0\x00\x00\x00")), kind: failure.Decode, says: "not valid zstd"},
		{name: "empty members of gzip without an end", does: repeats(ok+"Content-Encoding: gzip\r\n\r\n", strings.Repeat(packed(t, "", "gzip"), 1000), 1<<10, 0), kind: failure.Decode, says: "bytes of the body have come to only 0"},
		{name: "skippable frames of zstd without an end", does: repeats(ok+"Content-Encoding: zstd\r\n\r\n", strings.Repeat("\x50\x2a\x4d\x18\x04\x00\x00\x00skip", 2000), 1<<10, 0), kind: failure.Decode, says: "bytes of the body have come to only 0"},
		{name: "empty blocks of deflate without an end", does: repeats(ok+"Content-Encoding: deflate\r\n\r\n", strings.Repeat("\x00\x00\x00\xff\xff", 5000), 1<<10, 0), kind: failure.Decode, says: "bytes of the body have come to only 0"},
		{name: "a bomb in gzip", does: answers(under("gzip", packed(t, bomb, "gzip"))), kind: failure.TooLarge, says: "max-body 1Mi"},
		{name: "a bomb in br", does: answers(under("br", packed(t, bomb, "br"))), kind: failure.TooLarge, says: "max-body 1Mi"},
		{name: "a bomb in zstd", does: answers(under("zstd", packed(t, bomb, "zstd"))), kind: failure.TooLarge, says: "max-body 1Mi"},
		{name: "a bomb in a bomb", does: answers(under("gzip, gzip", packed(t, bomb, "gzip", "gzip"))), kind: failure.TooLarge, says: "max-body 1Mi"},
	}
}

// inChunks is a body in chunks of size bytes.
func inChunks(body string, size int) string {
	var out strings.Builder
	for len(body) > 0 {
		part := body[:min(size, len(body))]
		fmt.Fprintf(&out, "%x\r\n%s\r\n", len(part), part)
		body = body[len(part):]
	}
	return out.String() + "0\r\n\r\n"
}

// typed is a whole answer of a type.
func typed(kind, body string) func(net.Conn, *hearer) {
	return answers(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body))
}

// charsetPranks are about what is in a body.
var charsetPranks = []prank{
	{name: "EUC-KR", does: typed("text/html; charset=EUC-KR", "\xc7\xd1\xb1\xdb"), body: "한글"},
	{name: "Shift_JIS", does: typed("text/html; charset=Shift_JIS", "\x93\xfa\x96\x7b"), body: "日本"},
	{name: "GB18030", does: typed("text/plain; charset=gb18030", "\xc4\xe3\xba\xc3\x81\x30\x84\x36"), body: "你好¥"},
	{name: "ISO-8859-15", does: typed("text/plain; charset=iso-8859-15", "100 \xa4"), body: "100 €"},
	{name: "UTF-16 with a mark", does: typed("text/plain; charset=utf-16", "\xfe\xff\x00h\x00\xe9"), body: "hé"},
	{name: "UTF-16, the lesser end first", does: typed("text/plain; charset=utf-16", "\xff\xfeh\x00\xe9\x00"), body: "hé"},
	{name: "EUC-KR that the page declares", does: typed("text/html", "<meta charset=euc-kr>\xc7\xd1\xb1\xdb"), body: "<meta charset=euc-kr>한글"},
	{name: "JSON in UTF-16", does: typed("application/json; charset=utf-16", "\xff\xfe[\x001\x00]\x00"), as: "json", body: "[1]"},
	{name: "half a character of UTF-16", does: typed("text/plain; charset=utf-16", "\xff\xfeh\x00\xe9"), as: "base64", body: base64Of("\xff\xfeh\x00\xe9")},
	{name: "a charset that there is not", does: typed("text/plain; charset=martian", "\xe9"), as: "base64", body: base64Of("\xe9")},
	{name: "a charset that there is not, of ASCII", does: typed("text/plain; charset=martian", "abc"), body: "abc"},
	{name: "UTF-8 that is none", does: typed("text/plain; charset=utf-8", "a\xff\xfeb"), as: "base64", body: base64Of("a\xff\xfeb")},
	{name: "Shift_JIS that is none", does: typed("text/plain; charset=Shift_JIS", "\x93\xff\xa0"), as: "base64", body: base64Of("\x93\xff\xa0")},
	{name: "NULs in a text", does: typed("text/plain", "a\x00b"), as: "base64", body: base64Of("a\x00b")},
	{name: "escapes in a text", does: typed("text/plain", escape), body: escape},
	{name: "a Content-Type that is none", does: typed(";;=/"+csi, "abc"), body: "abc"},
	{name: "a Content-Type of 100 KB", does: typed("text/plain; x="+strings.Repeat("y", 100_000), "abc"), body: "abc"},
	{name: "no Content-Type", does: answers("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), body: "abc"},
	{name: "JSON on many lines", does: typed("application/json", "{\r\n \"a\" : 1e400\n}\n"), as: "json", body: `{"a":1e400}`},
	{name: "JSON that is none", does: typed("application/json", `{"a":`), body: `{"a":`},
	{name: "JSON that is a page", does: typed("application/json", "<html>"), body: "<html>"},
	{name: "JSON with bytes that are not UTF-8", does: typed("application/json", "\"\xff\""), as: "base64", body: base64Of("\"\xff\"")},
	{name: "JSON with half a surrogate pair", does: typed("application/json", `"\ud800"`), as: "json", body: `"\ud800"`},
	{name: "JSON with escapes in it", does: typed("application/json", `"`+"\u009b31m"+`"`), as: "json", body: `"\u009b31m"`},
	{name: "JSON after a byte order mark", does: typed("application/json", "\ufeff[1]"), as: "json", body: "[1]"},
	{name: "JSON a hundred thousand deep", does: typed("application/json", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), body: strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)},
	{name: "two JSON values", does: typed("application/json", `{"a":1}{"type":"failure"}`), body: `{"a":1}{"type":"failure"}`},
}
