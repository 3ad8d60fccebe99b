package redact

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

func TestMaskURL(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing to hide", "http://a.test/x?y#z", "http://a.test/x?y#z"},
		{"user and password", "http://u:p@a.test/x", "http://***@a.test/x"},
		{"a token", "https://token@a.test", "https://***@a.test"},
		{"an empty user", "http://@a.test/", "http://***@a.test/"},
		{"an at sign in the password", "http://u:p@ss@a.test/", "http://***@a.test/"},
		{"an at sign in the path", "http://a.test/@x", "http://a.test/@x"},
		{"an at sign in the query", "http://a.test?m=a@b", "http://a.test?m=a@b"},
		{"already masked", "http://***@a.test/", "http://***@a.test/"},
		{"a scheme that is not ours", "ftp://u:p@a.test/", "ftp://***@a.test/"},
		{"no scheme", "//u:p@a.test/", "//***@a.test/"},
		{"no URL", "hello", "hello"},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := URL(tt.text); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestMaskURLs(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"a@b.test // c":                "a@b.test // c",
		"<http://u:p@a.test/>; rel=x":  "<http://***@a.test/>; rel=x",
		"0;url=http://u:p@a.test/@b":   "0;url=http://***@a.test/@b",
		"//u@a, //v:w@b, http://c.d/@": "//***@a, //***@b, http://c.d/@",
		"http://u:p@a//v:w@b":          "http://***@a//***@b",
		"x//":                          "x//",
	} {
		if got := URLs(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestUnusableLineHidesSecrets checks that Line hides too much of a line that can't be parsed rather than too little.
func TestUnusableLineHidesSecrets(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"nothing to hide", `{"url":"http://a.test/`, `{"url":"http://a.test/`},
		{"nothing to hide, as it was written", `{"url":"http:\/\/a.test`, `{"url":"http:\/\/a.test`},
		{"a slash in the password", "http://u:hunter2/x@a.test/", "http://***@a.test/"},
		{"a backslash in the password", `http://u:hunter2\x@a.test/`, "http://***@a.test/"},
		{"no scheme", "u:hunter2@a.test/", "***@a.test/"},
		{"one slash too few", "http:/u:hunter2@a.test/", "http:/***@a.test/"},
		{"one slash too many", "http:///u:hunter2@a.test/", "http:///***@a.test/"},
		{"a mail address behind it", "http://u:hunter2@a.test/?m=x@y", "http://***@y"},
		{"a mailbox", "mailto:joe@a.test?subject=x", "mailto:joe@a.test?subject=x"},
		{"a mailbox in capitals", "MAILTO:joe@a.test", "MAILTO:joe@a.test"},
		{"a mailbox with something like a password", "mailto:u:hunter2@a.test", "***@a.test"},
		{"escaped slashes in JSON", `{"url":"http:\/\/u:hunter2@a.test"`, `{"url":"http://***@a.test"`},
		{"escaped letters in JSON", `{"url":"http://u:hunter2\u0040a.test"`, `{"url":"http://***@a.test"`},
		{"a header", `{"headers":{"Authorization":"Bearer hunter2"`, `{"headers":{"Authorization ***`},
		{"a header in another case", `{"headers":{"proxy-AUTHORIZATION":"hunter2"`, `{"headers":{"proxy-AUTHORIZATION ***`},
		{"a key for access", `{"headers":{"X-Api-Key":"hunter2"`, `{"headers":{"X-Api-Key ***`},
		{"a key without a colon", `{"headers":{"X-API_KEY" "hunter2"`, `{"headers":{"X-API_KEY ***`},
		{"a token", `{"headers":{"Accept":"a","PRIVATE-TOKEN" : "hunter2"`, `{"headers":{"Accept":"a","PRIVATE-TOKEN ***`},
		{"a token with an escape", `{"headers":{"X-Auth-\u0054oken":"hunter2"`, `{"headers":{"X-Auth-Token ***`},
		{"the first of two", `{"X-Auth-Token":"hunter2","Authorization":"hunter2"`, `{"X-Auth-Token ***`},
		{"the first of two, in the other order", `{"Cookie":"hunter2","X-Auth-Token":"hunter2"`, `{"Cookie ***`},
		{"a header line", `X-Secret: hunter2`, `X-Secret ***`},
		{"a query", `htp://a.test/?x=1&access_token=hunter2`, `htp://a.test/?x=1&access_token ***`},
		{"words of a path", `htp://auth.a.test/session/token/sign-in?key`, `htp://auth.a.test/session/token/sign-in?key`},
		{"a command of curl", `curl -sSu u:hunter2 http://a.test/`, `curl -sSu ***`},
		{"a command of curl, in one word", `curl -uu:hunter2 http://a.test/`, `curl -u ***`},
		{"a command of curl, in quotes", `curl -L "-u" "u:/hunter2" http://a.test/`, `curl -L "-u ***`},
		{"a long option of curl", `curl http://a.test/ --proxy-user=u:hunter2`, `curl http://a.test/ --proxy-user ***`},
		{"a file for curl -K", `user = "u:hunter2"`, `user ***`},
		{"a file for curl -K without a sign", `proxy-user u:hunter2`, `proxy-user ***`},
		{"a certificate", `cert = "client.pem:hunter2"`, `cert ***`},
		{"a password of a key", `--pass hunter2`, `--pass ***`},
		{"a password of a key in a file for curl -K", ` pass="hunter2"`, ` pass ***`},
		{"a user alone", `user = "u"`, `user = "u"`},
		{"an option with a URL", `-u http://a.test/ --user https://b.test`, `-u http://a.test/ --user https://b.test`},
		{"a word in a text", `passes pass the user: http://a.test/user:1`, `passes pass the user: http://a.test/user:1`},
		{"the name of a header in a password", "http://u:hunter2 cookie: x@a.test/", "http://***"},
		{"the same without a scheme", "u:hunter2 token x@a.test/", "***"},
		{"the same behind an @", ":@hunter2Cookie@", "***"},
		{"an @ in a token", "X-Auth-Token: hunter2@x", "X-Auth-Token ***"},
		{"a header behind a URL", `curl http://a.test/ -H "Cookie: hunter2"`, `curl http://a.test/ -H "Cookie ***`},
		{"a header with an escape", `{"headers":{"cook\u0069e":"hunter2"`, `{"headers":{"cookie ***`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Line([]byte(tt.line))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if got := Line([]byte(strings.Repeat("x", 1000))); len(got) != 256 {
		t.Errorf("keeps %d bytes", len(got))
	}
}

// FuzzMaskLine checks that a password before an @ is never in the result of Line, whatever surrounds it.
func FuzzMaskLine(f *testing.F) {
	f.Add("http://u:", "@a.test/")
	f.Add(`{"url":"http:\/\/u:`, `\u0040a.test`)
	f.Add("x@y http:", "/@")
	f.Add("\\u00", "@")
	f.Add("http://u:", " cookie: x@h")
	f.Add("u:", " token x@h")
	f.Add(":@", "Cookie@")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "hunter2"
		plain := string(unescapeJSON([]byte(secret + after)))
		if strings.Contains(before, secret) || !strings.Contains(plain, "@") ||
			strings.HasSuffix(before, ":") && strings.HasPrefix(after, "/") {
			return
		}
		if strings.Contains(plain[:strings.LastIndex(plain, "@")], ":/") {
			return // a scheme follows: the secret is before the URL that is masked
		}
		line := before + secret + after
		whole := unescapeJSON([]byte(line))
		if named := endOfSecretName(lowerASCII(whole)); named > 0 && !bytes.Contains(whole[:named], []byte(":")) {
			return // what is before it is no password
		}
		if got := string(Line([]byte(line))); strings.Contains(got, secret) {
			t.Errorf("%q is shown as %q", line, got)
		}
	})
}

// FuzzMaskURL checks that userinfo that a parser finds is never in the result of URL, that the rest of the URL is
// unchanged, and that a second call changes nothing.
func FuzzMaskURL(f *testing.F) {
	for _, seed := range []string{"http://u:p@a.test/x", "http://u:p@ss@a.test", "http://a.test/@", "//u@h",
		`http://u\@a`, "http://u:p@a.test/?x=//v:w@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		masked := URL(text)
		if URL(masked) != masked {
			t.Errorf("%q is masked as %q, and that as %q", text, masked, URL(masked))
		}
		u, err := url.Parse(text)
		if err != nil || u.User == nil || !strings.Contains(text, "//") {
			return
		}
		again, err := url.Parse(masked)
		if err != nil || again.Host != u.Host || again.RequestURI() != u.RequestURI() ||
			again.User.String() != url.User(Placeholder).String() && again.User.String() != Placeholder {
			t.Errorf("%q is masked as %q", text, masked)
		}
	})
}

func TestMaskSetCookie(t *testing.T) {
	for text, want := range map[string]string{
		"k=s3cret":                      "k=***",
		"k=s3cret; Path=/; HttpOnly":    "k=***; Path=/; HttpOnly",
		"k=s3cret=s3cret;Domain=a.test": "k=***;Domain=a.test",
		"k=":                            "k=***",
		"s3cret":                        "***",
		"s3cret; Path=/":                "***; Path=/",
		"":                              "***",
	} {
		if got := SetCookie(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
