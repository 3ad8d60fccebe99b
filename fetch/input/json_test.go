package input

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/judge"
)

// parse parses a line that is whole.
func parseText(text string) (fetch.Request, error) { return parseRequest([]byte(text), false) }

// publicFields returns r without its unexported fields.
func publicFields(r fetch.Request) fetch.Request {
	return fetch.Request{
		Index: r.Index, URL: r.URL, Method: r.Method, Header: r.Header, Body: r.Body, BodyForm: r.BodyForm,
		ID: r.ID, Meta: r.Meta, SHA256: r.SHA256, Path: r.Path, Retry: r.Retry, File: r.File, Line: r.Line,
		Page: r.Page, OmitCredentials: r.OmitCredentials, PublicOnly: r.PublicOnly, Settings: r.Settings,
	}
}

// TestParseRequest: the Requests of usable lines.
func TestParseRequest(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       fetch.Request
	}{
		{name: "a URL", line: "http://a.test/x?y", want: fetch.Request{URL: "http://a.test/x?y"}},
		{name: "JSON", line: `{"url":" http://a.test/ "}`, want: fetch.Request{URL: "http://a.test/"}},
		{name: "JSON with everything",
			line: `{"url":"http://a.test/","method":"PUT","headers":{"x-a":"1"},"body":"b","id":"i","meta":{"k":[1]},` +
				`"sha256":"` + strings.Repeat("aB", 32) + `","path":"p/q","retry":true}`,
			want: fetch.Request{URL: "http://a.test/", Method: "PUT", Header: http.Header{"X-A": {"1"}}, Body: []byte("b"),
				ID: []byte(`"i"`), Meta: []byte(`{"k":[1]}`), SHA256: strings.Repeat("ab", 32), Path: "p/q",
				Retry: new(true)}},
		{name: "a header with several values", line: `{"url":"http://u.test/","headers":{"x-a":["1","2"],"X-B":[]}}`,
			want: fetch.Request{URL: "http://u.test/", Header: http.Header{"X-A": {"1", "2"}, "X-B": {}}}},
		{name: "a later page", line: `{"url":"http://u.test/","page":3,"credentials":"omit","private":"deny"}`,
			want: fetch.Request{URL: "http://u.test/", Page: 3, OmitCredentials: true, PublicOnly: true}},
		{name: "the Record of a page", line: `{"type":"failure","url":"http://u.test/2","page":2,"id":5,` +
			`"request":{"url":"http://u.test/2","method":"GET","credentials":"omit"}}`,
			want: fetch.Request{URL: "http://u.test/2", Page: 2, Method: "GET", ID: []byte("5"), OmitCredentials: true}},
		{name: "members that mean nothing to us, of a Record of another version",
			line: `{"type":"success","url":"http://u.test/","priority":5,"timeout":"5s"}`,
			want: fetch.Request{URL: "http://u.test/"}},
		{name: "settings, in the words of flags",
			line: `{"url":"http://u.test/","timeout":"1m30s","accept_status":"200-299,404","max_body":"1Mi",` +
				`"proxy":" u:p@p.test:1 "}`,
			want: fetch.Request{URL: "http://u.test/", Settings: &fetch.RequestSettings{
				Timeout: new(90 * time.Second), AcceptStatus: judge.Statuses{{200, 299}, {404, 404}},
				MaxBody: new(int64(1 << 20)), Proxy: new("u:p@p.test:1")}}},
		{name: "settings as numbers, and no proxy",
			line: `{"url":"http://u.test/","timeout":0,"accept_status":404,"max_body":1000,"proxy":""}`,
			want: fetch.Request{URL: "http://u.test/", Settings: &fetch.RequestSettings{
				Timeout: new(time.Duration(0)), AcceptStatus: judge.Statuses{{404, 404}},
				MaxBody: new(int64(1000)), Proxy: new("")}}},
		{name: "no settings",
			line: `{"url":"http://u.test/","timeout":null,"accept_status":null,"max_body":null,"proxy":null}`,
			want: fetch.Request{URL: "http://u.test/"}},
		{name: "settings in the request of a Record",
			line: `{"type":"failure","url":"http://u.test/","request":{"url":"http://u.test/","max_body":5}}`,
			want: fetch.Request{URL: "http://u.test/", Settings: &fetch.RequestSettings{MaxBody: new(int64(5))}}},

		{name: "id is a number, to the last digit", line: `{"url":"http://u.test/","id":12345678901234567890.10}`,
			want: fetch.Request{URL: "http://u.test/", ID: []byte("12345678901234567890.10")}},
		{name: "id is true", line: `{"url":"http://u.test/","id":true}`,
			want: fetch.Request{URL: "http://u.test/", ID: []byte("true")}},
		{name: "id null is none", line: `{"url":"http://u.test/","id":null,"meta":null}`,
			want: fetch.Request{URL: "http://u.test/"}},
		{name: "meta stays as it was, on one line", line: "{\"url\":\"http://u.test/\",\"meta\":[ 1.0,\t\"<é>\" ]}",
			want: fetch.Request{URL: "http://u.test/", Meta: []byte(`[1.0,"<é>"]`)}},

		{name: "a text body", line: `{"url":"http://u.test/","body":"a\nü"}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte("a\nü")}},
		{name: "an empty body is a body", line: `{"url":"http://u.test/","body":""}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte{}}},
		{name: "body null is none", line: `{"url":"http://u.test/","body":null}`, want: fetch.Request{URL: "http://u.test/"}},
		{name: "an object as body", line: `{"url":"http://u.test/","body":{"b": 1.00, "a": null}}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte(`{"b":1.00,"a":null}`), BodyForm: fetch.BodyJSON}},
		{name: "an array as body", line: `{"url":"http://u.test/","body":[]}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte(`[]`), BodyForm: fetch.BodyJSON}},
		{name: "a number as body", line: `{"url":"http://u.test/","body":1e400}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte(`1e400`), BodyForm: fetch.BodyJSON}},
		{name: "base64", line: `{"url":"http://u.test/","body_base64":"AP8="}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte{0, 255}, BodyForm: fetch.BodyBase64}},
		{name: "empty base64 is a body", line: `{"url":"http://u.test/","body_base64":""}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte{}, BodyForm: fetch.BodyBase64}},

		{name: "a failure asks again",
			line: `{"type":"failure","index":7,"url":"http://a.test/","id":1,"meta":2,"status":404,` +
				`"error":{"kind":"status","message":"x"}}`,
			want: fetch.Request{URL: "http://a.test/", ID: []byte("1"), Meta: []byte("2")}},
		{name: "a success asks again, never with its answer",
			line: `{"type":"success","url":"http://a.test/","final_url":"http://b.test/",` +
				`"body":{"a":1},"headers":{"server":["x"]},"sha256":"00","path":"saved"}`,
			want: fetch.Request{URL: "http://a.test/"}},
		{name: "a record asks what it was asked",
			line: `{"type":"failure","url":"http://a.test/","request":{"method":"PUT",` +
				`"headers":{"X-A":["1"]},"body":{"a":1},"sha256":"` + strings.Repeat("0", 64) + `","path":"p"},"body":"answer"}`,
			want: fetch.Request{URL: "http://a.test/", Method: "PUT", Header: http.Header{"X-A": {"1"}},
				Body: []byte(`{"a":1}`), BodyForm: fetch.BodyJSON, SHA256: strings.Repeat("0", 64), Path: "p"}},
		{name: "a name that was taken can be asked under another",
			line: `{"type":"failure","url":"http://a.test/","error":{"kind":"invalid_request","message":"taken"},` +
				`"line":3,"request":{"url":"http://a.test/","method":"PUT"}}`,
			want: fetch.Request{URL: "http://a.test/", Method: "PUT"}},
		{name: "such a name of a plain URL, as earlier versions wrote it",
			line: `{"type":"failure","url":"http://a.test/","error":{"kind":"invalid_request","message":"taken"},` +
				`"input":"http://a.test/"}`,
			want: fetch.Request{URL: "http://a.test/"}},
		{name: "a request with a type of its own is a request", line: `{"type":"page","url":"http://u.test/","body":"b"}`,
			want: fetch.Request{URL: "http://u.test/", Body: []byte("b")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseText(tt.line)
			if err != nil {
				t.Fatal(err)
			}
			if u, err := got.ParsedURL(); err != nil || u.String() != tt.want.URL {
				t.Errorf("the URL is read as %v, %v", u, err)
			}
			if got = publicFields(got); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestUnusableLine: the error says what is wrong in the words of the input, not of Go.
func TestUnusableLine(t *testing.T) {
	for _, tt := range []struct{ name, line, says string }{
		{name: "no URL", line: `nonsense`, says: "no http:// or https:// in front"},
		{name: "an option of aria2c", line: `out=a.bin`, says: "an option for another program"},
		{name: "an option of aria2c with a URL", line: `referer=http://u.test/`, says: "an option for another program"},
		{name: "a URL of curl", line: `url = "http://u.test/"`, says: "an option for another program"},
		{name: "a URL of curl without a sign", line: `url http://u.test/`, says: "an option for another program"},
		{name: "an option of curl", line: `-H "A: http://u.test/"`, says: "an option for another program"},
		{name: "a long option of curl", line: `--url http://u.test/`, says: "an option for another program"},
		{name: "a target of vegeta", line: `GET http://u.test/`, says: "a method in front of the URL"},
		{name: "a command", line: `wget http://u.test/`, says: "text in front of the URL"},
		{name: "Markdown", line: `* [a](https://u.test/)`, says: "text in front of the URL"},
		{name: "a URL in quotes", line: `"http://u.test/",`, says: "marks around it"},
		{name: "a row of a table", line: `a,http://u.test/,1`, says: "text in front of the URL"},
		{name: "a row of a table with quotes", line: `"a,b",http://u.test/,1`, says: "text in front of the URL"},
		{name: "a variable", line: `BASE_URL=http://u.test/`, says: "text in front of the URL"},
		{name: "a host with a URL in its path", line: `u.test/a,http://u.test/`,
			says: "no http:// or https:// in front"},
		{name: "a host with a URL in its query", line: `u.test/?a=http://u.test/`,
			says: "no http:// or https:// in front"},
		{name: "JSON on several lines", line: `{`, says: "not valid JSON, a brace alone"},
		{name: "a host with a query", line: `u.test/?a=b`, says: "no http:// or https:// in front"},
		{name: "no URL in JSON", line: `{"url":"nonsense"}`, says: "no http:// or https:// in front"},
		{name: "no JSON", line: `{"url":`, says: "not valid JSON"},
		{name: "two values", line: `{"url":"http://u.test/"}{"url":"v"}`, says: "not valid JSON at byte 25"},
		{name: "too deep for whoever reads the record",
			line: `{"url":"http://u.test/","meta":` + strings.Repeat("[", 9990) + strings.Repeat("]", 9990) + `}`,
			says: "nests deeper than 9990 levels"},
		{name: "no url", line: `{"id":1}`, says: "no url"},
		{name: "an empty url", line: `{"url":"  "}`, says: "no url"},
		{name: "url is a number", line: `{"url":5}`, says: "url cannot be a JSON number"},
		{name: "retry is a word", line: `{"url":"http://u.test/","retry":"yes"}`, says: "retry cannot be a JSON string"},
		{name: "headers is an array", line: `{"url":"http://u.test/","headers":[]}`,
			says: "headers can only be a JSON object"},
		{name: "a header is a number", line: `{"url":"http://u.test/","headers":{"a":1}}`,
			says: `header "a": the value is neither`},
		{name: "a header is null", line: `{"url":"http://u.test/","headers":{"a":null}}`,
			says: `header "a": the value is neither`},
		{name: "a header name is none", line: `{"url":"http://u.test/","headers":{"a b":"1"}}`,
			says: "holds what a name can't"},
		{name: "a line break in a header", line: `{"url":"http://u.test/","headers":{"a":"1\r\nb: 2"}}`,
			says: "control character"},
		{name: "a header that frames the message", line: `{"url":"http://u.test/","headers":{"content-length":"1"}}`,
			says: "frames the message"},
		{name: "a Host that is none", line: `{"url":"http://u.test/","headers":{"host":"exa mple"}}`,
			says: "the value of header Host is no host"},
		{name: "an empty Host", line: `{"url":"http://u.test/","headers":{"Host":""}}`,
			says: "the value of header Host is no host"},
		{name: "the same header twice", line: `{"url":"http://u.test/","headers":{"a":"1","A":"2"}}`, says: "twice"},
		{name: "method is none", line: `{"url":"http://u.test/","method":"GE T"}`, says: "not an HTTP method"},
		{name: "method CONNECT", line: `{"url":"http://u.test/","method":"CONNECT"}`, says: "not an HTTP method"},
		{name: "both bodies", line: `{"url":"http://u.test/","body":"a","body_base64":"YQ=="}`,
			says: "both body and body_base64"},
		{name: "bad base64", line: `{"url":"http://u.test/","body_base64":"?"}`, says: "body_base64"},
		{name: "a short sha256", line: `{"url":"http://u.test/","sha256":"abc"}`, says: "64 hexadecimal digits"},
		{name: "sha256 of other letters", line: `{"url":"http://u.test/","sha256":"` + strings.Repeat("zz", 32) + `"}`,
			says: "64 hexadecimal digits"},
		{name: "id is an object", line: `{"url":"http://u.test/","id":{}}`, says: "id is neither"},
		{name: "id is an array", line: `{"url":"http://u.test/","id":[]}`, says: "id is neither"},
		{name: "a record without a url", line: `{"type":"failure","line":3,"input":"x"}`, says: "no url to request again"},
		{name: "a masked header",
			line: `{"type":"failure","url":"http://u.test/","request":{"headers":{"Authorization":["***"]}}}`,
			says: "give the secret by flag, netrc or environment"},
		{name: "a masked header in space", line: `{"url":"http://u.test/","headers":{"X-Key":" *** "}}`,
			says: "give the secret by flag"},
		{name: "a masked URL", line: `http://***@a.test/`, says: "by flag, netrc or environment"},
		{name: "a masked URL in JSON", line: `{"url":"https://***@a.test/"}`, says: "by flag, netrc or environment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseText(tt.line)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want …%s…", err, tt.says)
			}
			for _, word := range []string{"jsonLine", "jsonRequest", "json:", "Go "} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("the error speaks Go: %s", err)
				}
			}
		})
	}
}

// TestUnusableLineKeepsIDAndMeta: the Request of an unusable line has its id and meta where these can be parsed, so
// that the failure can be assigned to the line.
func TestUnusableLineKeepsIDAndMeta(t *testing.T) {
	for _, line := range []string{
		`{"url":5,"id":"i","meta":5}`,
		`{"url":"http://u.test/","id":"i","meta":5,"method":"GE T"}`,
		`{"id":"i","meta":5}`,
		`{"url":"http://u.test/","id":"i","meta":5,"headers":{"a":1}}`,
		`{"type":"failure","id":"i","meta":5}`,
		`{"url":"http://***@a.test/","id":"i","meta":5}`,
	} {
		t.Run(line, func(t *testing.T) {
			r, err := parseText(line)
			if err == nil || string(r.ID) != `"i"` || string(r.Meta) != "5" {
				t.Errorf("id %s, meta %s, error %v", r.ID, r.Meta, err)
			}
		})
	}
}

// TestUnusableLineAgain: the Record of a line that could not be used ends as the same one, however often it is read
// again: it is never asked by its url alone.
func TestUnusableLineAgain(t *testing.T) {
	const id = `"type":"failure","index":4,"id":"i","meta":5,`
	const post = `{\"url\":\"http://u.test/\",\"body\":\"b\",\"method\":\"GE T\"}`
	why := func(message string) string {
		return `"error":{"kind":"invalid_request","message":"` + message + `"},"file":"a","line":9,`
	}
	for _, tt := range []struct{ name, line, message, input string }{
		{"as it is written", `{` + id + why("not an HTTP method") + `"input":"` + post + `"}`, "not an HTTP method",
			`{"url":"http://u.test/","body":"b","method":"GE T"}`},
		{"with the url that earlier versions wrote", `{` + id + `"url":"http://u.test/",` + why("not an HTTP method") +
			`"input":"` + post + `"}`, "not an HTTP method", `{"url":"http://u.test/","body":"b","method":"GE T"}`},
		{"a line that was no URL", `{` + id + why("no scheme") + `"input":"nonsense"}`, "no scheme", "nonsense"},
		{"an endless message", `{` + id + why(strings.Repeat("é", 4000)) + `"input":"x"}`, strings.Repeat("é", 512), "x"},
		{"a secret in either", `{` + id + why("not http://u:pw@a.test/") + `"input":"http://u:pw@a.test/"}`,
			"not http://***@a.test/", "http://***@a.test/"},
		{"without an input", `{` + id + why("no scheme") + `"attempts":0}`, "the failure record has no url to request again",
			`{` + id + why("no scheme") + `"attempts":0}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for r, err := range new(Reader).Lines(strings.NewReader(tt.line), "failures.jsonl") {
				var line *fetch.LineError
				if !errors.As(err, &line) || line.Error() != tt.message || string(line.Input) != tt.input {
					t.Errorf("got %v, input %s", err, line.Input)
				}
				if r.URL != "" || string(r.ID) != `"i"` || string(r.Meta) != "5" {
					t.Errorf("url %q, id %s, meta %s", r.URL, r.ID, r.Meta)
				}
			}
		})
	}
}

// TestLongestLines: the bounds of usable lines, for URLs and JSON.
func TestLongestLines(t *testing.T) {
	json := func(n int) string {
		head := `{"url":"http://a.test/","meta":"`
		return head + strings.Repeat("x", n-len(head)-2) + `"}`
	}
	url := func(n int) string { return "http://a.test/" + strings.Repeat("x", n-14) }
	for _, tt := range []struct {
		name, line string
		cut, good  bool
	}{
		{"a URL of 1 MiB", url(maxURLLine), false, true},
		{"one byte more", url(maxURLLine + 1), false, false},
		{"JSON of 4 MiB", json(maxJSONLine), false, true},
		{"one byte more", json(maxJSONLine + 1), false, false},
		{"a URL that went on", "http://a.test/", true, false},
		{"JSON that went on", `{"url":"http://a.test/"}`, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseRequest([]byte(tt.line), tt.cut); (err == nil) != tt.good {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestCheckHeader: which headers a line may set.
func TestCheckHeader(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		good        bool
	}{
		{"X-A", "1", true}, {"x-a", "", true}, {"Accept", "a/b, c/d;q=0.5", true},
		{"X-A", "ü", true}, {"X-A", "tab\there", true},
		{"Host", "other.test", true}, {"Authorization", "Bearer x", true}, {"Connection", "close", true},
		{"connection", "Keep-Alive", true},
		{"", "1", false}, {"X A", "1", false}, {"X:A", "1", false}, {"Ü", "1", false}, {"X\n", "1", false},
		{"X-A", "1\n", false}, {"X-A", "1\r\nB: 2", false}, {"X-A", "\x00", false}, {"X-A", "\x7f", false},
		{"Host", "other.test:8080", true}, {"host", "[2001:db8::1]:80", true},
		{"Host", "", false}, {"host", "exa mple", false},
		{"Host", "a/b", false}, {"Host", "a@b", false}, {"Host", "a?b", false}, {"Host", "a#b", false},
		{"Host", `a\b`, false}, {"Host", "a\tb", false},
		{"Connection", "upgrade", false}, {"Content-Length", "1", false}, {"transfer-encoding", "chunked", false},
		{"Upgrade", "h2c", false},
		{"Trailer", "X", false}, {"TE", "trailers", false}, {"Expect", "100-continue", false},
		{"Keep-Alive", "5", false}, {"Proxy-Connection", "close", false},
	} {
		if err := fetch.CheckHeader(tt.name, tt.value); (err == nil) != tt.good {
			t.Errorf("%q: %q is judged %v", tt.name, tt.value, err)
		}
	}
}
