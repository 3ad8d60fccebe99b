package transport

import (
	"testing"
)

// TestNormalHead: only a header whose framing every reader understands the same way is changed, and nothing behind it.
// Tomcat 10.1.60 sends chunked in two lines where the application sets it too (as those on Spring Boot do that pass on
// what they got), and a name with ü or a space behind it as the application gave it.
func TestNormalHead(t *testing.T) {
	const status, rest = "HTTP/1.1 200 OK\r\n", "\r\nbody\nContent-Length: 1, 1\n\n"
	for _, tt := range []struct{ name, header, want string }{
		{"nothing of that", "A: b\r\n", ""},
		{"one length", "Content-Length: 5\r\n", ""},
		{"equal lengths", "A: b\r\nContent-Length: 5, 5\r\nC: d\r\n", "A: b\r\nC: d\r\nContent-Length: 5\r\n"},
		{"equal lengths in two lines", "content-length:5\r\nCONTENT-LENGTH: 5\t,5 \r\n", "Content-Length: 5\r\n"},
		{"bare line feeds", "Content-Length: 5, 5\nA: b\n", "A: b\nContent-Length: 5\r\n"},
		{"a large length", "Content-Length: 9223372036854775807,9223372036854775807\r\n",
			"Content-Length: 9223372036854775807\r\n"},
		{"lengths that differ", "Content-Length: 5, 6\r\n", ""},
		{"lengths in other digits", "Content-Length: 5, 05\r\n", ""},
		{"a length too large", "Content-Length: 9223372036854775808,9223372036854775808\r\n", ""},
		{"no number", "Content-Length: a, a\r\n", ""},
		{"a sign", "Content-Length: +5, +5\r\n", ""},
		{"nothing twice", "Content-Length: ,\r\n", ""},
		{"an empty one", "Content-Length: 5,,5\r\n", ""},
		{"a control character", "Content-Length: 5\x00, 5\x00\r\n", ""},
		{"folded", "Content-Length: 5, 5\r\n , 5\r\n", ""},
		{"another header that is folded", "A: b\r\n c\r\nContent-Length: 5, 5\r\n",
			"A: b\r\n c\r\nContent-Length: 5\r\n"},
		{"identity", "Transfer-Encoding: identity\r\nA: b\r\n", "A: b\r\n"},
		{"identity twice", "transfer-encoding: Identity, identity\r\nTransfer-Encoding:\tidentity\r\n", ""},
		{"identity and a length", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "Content-Length: 5\r\n"},
		{"identity and lengths that differ", "Transfer-Encoding: identity\r\nContent-Length: 5, 6\r\n", ""},
		{"identity and chunked", "Transfer-Encoding: identity, chunked\r\n", ""},
		{"identity, then chunked", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", ""},
		{"chunked and lengths", "Transfer-Encoding: chunked\r\nContent-Length: 5, 5\r\n", ""},
		{"identity with a control character", "Transfer-Encoding: identity\x0b\r\n", ""},
		{"an empty coding", "Transfer-Encoding: identity,\r\n", ""},
		{"folded identity", "Transfer-Encoding: identity\r\n\tchunked\r\n", ""},
		{"a space before the colon", "Transfer-Encoding : identity\r\n", ""},
		{"chunked twice", "transfer-encoding: chunked\r\nA: b\r\nTransfer-Encoding: Chunked\r\n",
			"A: b\r\nTransfer-Encoding: chunked\r\n"},
		{"chunked twice in a line", "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding: chunked\r\n"},
		{"chunked once", "Transfer-Encoding: chunked\r\n", ""},
		{"chunked and gzip", "Transfer-Encoding: gzip, chunked, chunked\r\n", ""},
		{"control characters in a value", "A: b\x01\x1b\x7f\tc\r\nContent-Length: 5\r\n",
			"A: b   \tc\r\nContent-Length: 5\r\n"},
		{"NUL in a value", "A: b\x00\r\n", ""},
		{"CR in a value", "A: b\rContent-Length: 5\r\n", ""},
		{"a control character in a Location", "Location: /a\x01b\r\nA: b\x01\r\n", "Location: /a\x01b\r\nA: b \r\n"},
		{"a control character in a cookie", "Set-Cookie: a=b\x7fc\r\nSet-Cookie: d=e\r\n", "Set-Cookie: d=e\r\n"},
		{"no name, but to Unicode's folding", "Tran\u017ffer-Encoding: chun\u212aed\r\nA: b\r\n", "A: b\r\n"},
		{"a coding, but to Unicode's folding", "Transfer-Encoding: chun\u212aed\r\nAllow?: b\r\n", ""},
		{"no name", "Allow?: b\r\nX\xc3\xa9: c\r\n: d\r\nA: b\r\n", "A: b\r\n"},
		{"no name, with chunks", "Allow?: b\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n"},
		{"no name, folded", "Allow?: b\r\n c\r\n", ""},
		{"a name with spaces", "Last Modified: b\r\n", ""},
		{"a space behind a name", "A \t: b\r\n", "A: b\r\n"},
		{"a broken name of framing", "Content-Length?: 5\r\nTransfer-Encoding\x0b: chunked\r\n", ""},
		{"no colon", "PHP Warning\r\n", ""},
	} {
		want := status + tt.want + rest
		if tt.name == "identity twice" {
			want = status + rest // no line is left
		} else if tt.want == "" {
			want = ""
		}
		raw := status + tt.header + rest
		if got := string(normalHead([]byte(raw))); got != want {
			t.Errorf("%s: got %q, want %q", tt.name, got, want)
		}
		for cut := range len(status + tt.header) {
			if got := normalHead([]byte(raw[:cut])); got != nil {
				t.Errorf("%s, cut at %d: got %q", tt.name, cut, got)
			}
		}
	}
}

// TestNormalStatusLine: HTTP/2 in the status line of a response in HTTP/1.1 is HTTP/1.1. PHP 8.2.36 sends it from its
// own server (php -S) where the page says header("HTTP/2 200 OK").
func TestNormalStatusLine(t *testing.T) {
	for status, want := range map[string]string{
		"HTTP/2 200 OK\r\n": "HTTP/1.1 200 OK\r\n", "HTTP/2.0 404 No: such\r\n": "HTTP/1.1 404 No: such\r\n",
		"HTTP/1.1 200 No: such\r\n": "", "HTTP/3 200 OK\r\n": "", "HTTP/2\r\n": "", "HTTP/20 200 OK\r\n": "",
	} {
		const rest = "A: b\r\n\r\nbody"
		if want != "" {
			want += rest
		}
		if got := string(normalHead([]byte(status + rest))); got != want {
			t.Errorf("%q: got %q, want %q", status, got, want)
		}
	}
}
