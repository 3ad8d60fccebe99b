package fetch

import (
	"net/http"
	"strings"
	"testing"
)

// TestTargetOfARequest checks the precedence: an input line, then the options, then our own defaults.
func TestTargetOfARequest(t *testing.T) {
	const form, plain = "application/x-www-form-urlencoded", ""
	for _, tt := range []struct {
		name     string
		with     func(*Options)
		in       Request
		method   string
		body     string
		typ      string // Content-Type
		contains http.Header
	}{
		{name: "a plain URL", method: "GET", contains: http.Header{"Accept": {"*/*"},
			"Accept-Encoding": {"gzip, deflate, br, zstd"}, "User-Agent": {"batchfetch"}, "Authorization": nil}},
		{name: "identity asks for no coding", with: func(o *Options) { o.Identity = true }, method: "GET",
			contains: http.Header{"Accept-Encoding": {"identity"}}},
		{name: "a range is asked for without codings", in: Request{Header: http.Header{"Range": {"bytes=0-9"}}},
			method: "GET", contains: http.Header{"Accept-Encoding": {"identity"}}},
		{name: "a range of -H too", with: func(o *Options) { o.Header = http.Header{"Range": {"bytes=0-9"}} },
			method: "GET", contains: http.Header{"Accept-Encoding": {"identity"}}},
		{name: "unless the line names codings", method: "GET",
			in:       Request{Header: http.Header{"Range": {"bytes=0-9"}, "Accept-Encoding": {"gzip"}}},
			contains: http.Header{"Accept-Encoding": {"gzip"}}},
		{name: "-X", with: func(o *Options) { o.Method = "PURGE" }, method: "PURGE"},
		{name: "the line's method wins", with: func(o *Options) { o.Method = "PURGE" }, in: Request{Method: "HEAD"},
			method: "HEAD"},
		{name: "-d", with: func(o *Options) { o.Body = []byte("a=b") }, method: "POST", body: "a=b", typ: form},
		{name: "-d with -X", with: func(o *Options) { o.Body, o.Method = []byte("a=b"), "PUT" }, method: "PUT", body: "a=b",
			typ: form},
		{name: "the line's body wins", with: func(o *Options) { o.Body = []byte("a=b") },
			in: Request{Body: []byte("{}"), BodyForm: BodyJSON}, method: "POST", body: "{}", typ: "application/json"},
		{name: "text", in: Request{Body: []byte("x")}, method: "POST", body: "x", typ: form},
		{name: "an empty body is a body", in: Request{Body: []byte{}}, method: "POST", typ: form},
		{name: "bytes", in: Request{Body: []byte{0}, BodyForm: BodyBase64}, method: "POST", body: "\x00",
			typ: "application/octet-stream"},
		{name: "-H Content-Type: takes ours away from JSON", with: func(o *Options) {
			o.Header = http.Header{"Content-Type": nil}
		}, in: Request{Body: []byte("{}"), BodyForm: BodyJSON}, method: "POST", body: "{}"},
		{name: "-H Content-Type: takes ours away from base64", with: func(o *Options) {
			o.Header = http.Header{"Content-Type": nil}
		}, in: Request{Body: []byte{0}, BodyForm: BodyBase64}, method: "POST", body: "\x00"},
		{name: "-H Content-Type: takes ours away from text", with: func(o *Options) {
			o.Header = http.Header{"Content-Type": nil}
		}, in: Request{Body: []byte("a")}, method: "POST", body: "a"},
		{name: "-H Content-Type: takes ours away from -d", with: func(o *Options) {
			o.Header, o.Body = http.Header{"Content-Type": nil}, []byte("a")
		}, method: "POST", body: "a"},
		{name: "a line's Content-Type comes back", with: func(o *Options) { o.Header = http.Header{"Content-Type": nil} },
			in:     Request{Body: []byte("{}"), BodyForm: BodyJSON, Header: http.Header{"Content-Type": {"text/csv"}}},
			method: "POST", body: "{}", typ: "text/csv"},
		{name: "-H Content-Type wins over ours", with: func(o *Options) {
			o.Header = http.Header{"Content-Type": {"text/csv"}}
		}, in: Request{Body: []byte("{}"), BodyForm: BodyJSON}, method: "POST", body: "{}", typ: "text/csv"},
		{name: "the line's header wins over -H", with: func(o *Options) {
			o.Header = http.Header{"Accept": {"a/a"}, "X-A": {"1"}}
		}, in: Request{Header: http.Header{"Accept": {"b/b"}}}, method: "GET", typ: plain,
			contains: http.Header{"Accept": {"b/b"}, "X-A": {"1"}}},
		{name: "-H with no value drops ours", with: func(o *Options) {
			o.Header = http.Header{"Accept": nil, "User-Agent": nil}
		}, method: "GET", contains: http.Header{"Accept": nil, "User-Agent": {""}}},
		{name: "-u", with: func(o *Options) { o.Username, o.Password = "u", "p" }, method: "GET",
			contains: http.Header{"Authorization": {"Basic dTpw"}}},
		{name: "userinfo wins over -u", with: func(o *Options) { o.Username, o.Password = "x", "y" },
			in: Request{URL: "http://u:p@a.test/"}, method: "GET", contains: http.Header{"Authorization": {"Basic dTpw"}}},
		{name: "userinfo is decoded", in: Request{URL: "http://u:%70@a.test/"}, method: "GET",
			contains: http.Header{"Authorization": {"Basic dTpw"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in.URL == "" {
				tt.in.URL = "http://a.test/"
			}
			got, err := newTargeter(options(tt.with)).newTarget(&tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != tt.method || string(got.Body) != tt.body || got.Header.Get("Content-Type") != tt.typ {
				t.Errorf("asks %s %q as %q; want %s %q as %q", got.Method, got.Body, got.Header.Get("Content-Type"), tt.method,
					tt.body, tt.typ)
			}
			if got.URL.User != nil || got.Origin != "http://a.test" {
				t.Errorf("asks %s in the lane of %s", got.URL, got.Origin)
			}
			for name, values := range tt.contains {
				if strings.Join(got.Header[name], ",") != strings.Join(values, ",") ||
					(got.Header[name] == nil) != (values == nil) {
					t.Errorf("%s is %q, want %q", name, got.Header[name], values)
				}
			}
		})
	}
}

// TestTargetWithoutDots: the dot segments of a Request's URL are resolved, before the settings of a part of its host
// are looked for; with PathAsIs they stay.
func TestTargetWithoutDots(t *testing.T) {
	r := Request{URL: "http://a.test/a/../b/%2e/c?x=/../#/../"}
	for asIs, want := range map[bool]string{false: "/b/c?x=/../", true: "/a/../b/%2e/c?x=/../"} {
		o := Defaults()
		o.PathAsIs = asIs
		to, err := newTargeter(&o).newTarget(&r)
		if err != nil || to.URL.RequestURI() != want {
			t.Errorf("%t: %v, %v, want %s", asIs, to.URL, err, want)
		}
	}
}
