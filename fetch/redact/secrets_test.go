package redact

import (
	"net/http"
	"testing"
)

// TestSecrets: what a server repeats of a request's secrets is masked in each form that they are sent in, and ordinary
// text stays as it is.
func TestSecrets(t *testing.T) {
	header := http.Header{
		"Authorization": {"Bearer tok-123456"},
		"Cookie":        {"sid=abcdef99; lang=en; theme=dark"},
		"X-Api-Key":     {"key-778899"},
	}
	basic := http.Header{"Authorization": {"Basic bWU6aHVudGVyMg=="}} // me:hunter2
	odd := http.Header{"X-Key": {`a"b/<c>&'d`}}
	for _, tt := range []struct {
		name       string
		header     http.Header
		text, want string
	}{
		{"a header as it was sent", header, `{"got":"Bearer tok-123456"}`, `{"got":"***"}`},
		{"a token without its scheme", header, "invalid token tok-123456!", "invalid token ***!"},
		{"a key", header, "no such key: key-778899", "no such key: ***"},
		{"a line of cookies", header, "Cookie: sid=abcdef99; lang=en; theme=dark.", "Cookie: ***."},
		{"one cookie", header, "session abcdef99 has expired", "session *** has expired"},
		{"a short cookie is in any text", header, "en, then", "en, then"},
		{"Basic as it was sent", basic, "bad credentials bWU6aHVudGVyMg==", "bad credentials ***"},
		{"Basic decoded", basic, "me:hunter2 is unknown", "*** is unknown"},
		{"the password", basic, "hunter2 is wrong for me", "*** is wrong for me"},
		{"several", header, "tok-123456 key-778899 tok-123456", "*** *** ***"},
		{"as JSON", odd, `"a\"b/<c>&'d", "a\"b\/<c>&'d", "a\"b/\u003cc\u003e\u0026'd"`, `"***", "***", "***"`},
		{"as HTML", odd, "a&#34;b/&lt;c&gt;&amp;&#39;d a&quot;b/&lt;c&gt;&amp;&#x27;d", "*** ***"},
		{"in a URL", odd, "/a%22b%2F%3Cc%3E&%27d?k=a%22b%2F%3Cc%3E%26%27d", "/***?k=***"},
		{"in a form", http.Header{"X-Key": {"tok 1234"}}, "k=tok+1234&l=tok%201234", "k=***&l=***"},
		{"UTF-16", header, utf16Of("key-778899!", false), utf16Of("***!", false)},
		{"UTF-16, big-endian", header, utf16Of("key-778899!", true), utf16Of("***!", true)},
		{"nothing secret", header, "not found", "not found"},
		{"nothing sent", nil, "tok-123456", "tok-123456"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var secrets []string
			for name, values := range tt.header {
				for _, value := range values {
					secrets = append(secrets, SecretsOf(name, value)...)
				}
			}
			if got := Secrets([]byte(tt.text), secrets); string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestSecretsInHeader: a value that repeats a secret is masked in a copy.
func TestSecretsInHeader(t *testing.T) {
	h := http.Header{"X-Echo": {"a", "Bearer tok-123456"}, "Etag": {`"tok-123456"`}, "Age": {"1"}}
	got := Header(h, SecretsOf("Authorization", "Bearer tok-123456"))
	if got["X-Echo"][0] != "a" || got["X-Echo"][1] != "***" || got["Etag"][0] != `"***"` || got["Age"][0] != "1" {
		t.Errorf("got %v", got)
	}
	if h["X-Echo"][1] != "Bearer tok-123456" {
		t.Errorf("the response's own header has become %v", h)
	}
}
