package input

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestLineSaysOneThing: a line that two readers may read in two ways is refused, with the member that is to blame; one
// that only looks so is not. says is in the error; empty is none.
func TestLineSaysOneThing(t *testing.T) {
	for _, tt := range []struct{ name, line, says string }{
		{"URL beside url", `{"url":"http://a.test/","URL":"http://b.test/"}`, `"URL" has to be written "url"`},
		{"URL alone", `{"URL":"http://b.test/"}`, `"URL" has to be written "url"`},
		{"url twice", `{"url":"http://a.test/","url":"http://b.test/"}`, `"url" is given twice`},
		{"url twice, with an escape", `{"\u0075rl":"http://a.test/","url":"http://b.test/"}`, `"url" is given twice`},
		{"an escape in another case", `{"url":"http://a.test/","\u0055rl":"http://b.test/"}`, `"Url" has to be`},
		{"the same twice", `{"url":"http://a.test/","url":"http://a.test/"}`, `"url" is given twice`},
		{"Method", `{"url":"http://a.test/","Method":"DELETE"}`, `"Method" has to be written "method"`},
		{"method twice", `{"url":"http://a.test/","method":"GET","method":"DELETE"}`, `"method" is given twice`},
		{"method null, then another", `{"url":"http://a.test/","method":null,"method":"DELETE"}`, `"method" is given`},
		{"HEADERS", `{"url":"http://a.test/","HEADERS":{"a":"1"}}`, `"HEADERS" has to be written "headers"`},
		{"headers twice, which would be merged", `{"url":"http://a.test/","headers":{},"headers":{"a":"1"}}`,
			`"headers" is given twice`},
		{"a long s", `{"url":"http://a.test/","header` + "\u017f" + `":{"a":"1"}}`, `has to be written "headers"`},
		{"a long s in page's type", `{"url":"http://a.test/","hea\u0064er\u017f":{}}`, `has to be written "headers"`},
		{"Body", `{"url":"http://a.test/","Body":"x"}`, `"Body" has to be`},
		{"body twice", `{"url":"http://a.test/","body":1,"body":2}`, `"body" is given twice`},
		{"Body_Base64", `{"url":"http://a.test/","Body_Base64":"AA=="}`, `"Body_Base64" has to be`},
		{"ID", `{"url":"http://a.test/","ID":1}`, `"ID" has to be`},
		{"id twice", `{"url":"http://a.test/","id":1,"id":2}`, `"id" is given twice`},
		{"Meta", `{"url":"http://a.test/","Meta":1}`, `"Meta" has to be`},
		{"SHA256", `{"url":"http://a.test/","SHA256":""}`, `"SHA256" has to be`},
		{"Path", `{"url":"http://a.test/","Path":"x"}`, `"Path" has to be`},
		{"Retry", `{"url":"http://a.test/","Retry":true}`, `"Retry" has to be`},
		{"Page", `{"url":"http://a.test/","Page":2}`, `"Page" has to be`},
		{"Credentials", `{"url":"http://a.test/","Credentials":"omit"}`, `"Credentials" has to be`},
		{"Private", `{"url":"http://a.test/","PRIVATE":"deny"}`, `"PRIVATE" has to be`},
		{"Type, which would make it a Record", `{"url":"http://a.test/","method":"PUT","Type":"failure"}`,
			`"Type" has to be`},
		{"type twice", `{"type":"page","url":"http://a.test/","type":"summary"}`, `"type" is given twice`},
		{"no url, Type summary", `{"Type":"summary"}`, `"Type" has to be`},
		{"Request in a Record", `{"type":"failure","url":"http://a.test/","Request":{"url":"http://b.test/"}}`,
			`"Request" has to be`},
		{"two requests in a Record, which would be merged",
			`{"type":"failure","url":"http://a.test/","request":{},"request":{"url":"http://b.test/"}}`,
			`"request" is given twice`},
		{"URL in a Record's request",
			`{"type":"failure","url":"http://a.test/","request":{"url":"http://a.test/","URL":"http://b.test/"}}`,
			`"URL" has to be`},
		{"method twice in a Record's request",
			`{"type":"failure","url":"http://a.test/","request":{"method":"GET","method":"PUT"}}`, `"method" is given`},
		{"another url in a Record's request",
			`{"type":"failure","url":"http://a.test/","request":{"url":"http://b.test/"}}`, "another url than its request"},
		{"a header twice", `{"url":"http://a.test/","headers":{"X-A":"1","X-A":"2"}}`, `header "X-A" is given twice`},
		{"a header twice, in two cases", `{"url":"http://a.test/","headers":{"X-A":"1","x-a":"2"}}`,
			`header "X-A" is given twice`},
		{"a header twice, with an escape", `{"url":"http://a.test/","headers":{"X-A":"1","\u0058-A":"2"}}`,
			`header "X-A" is given twice`},
		{"a header twice in a Record's request",
			`{"type":"failure","url":"http://a.test/","request":{"headers":{"a":["1"],"a":["2"]}}}`, `is given twice`},
		{"a header twice, the first one empty", `{"url":"http://a.test/","headers":{"a":[],"a":"2"}}`, `is given twice`},
		{"two Hosts", `{"url":"http://a.test/","headers":{"Host":["a.test","b.test"]}}`, "header Host is given twice"},
		{"two equal Hosts", `{"url":"http://a.test/","headers":{"host":["a.test","a.test"]}}`, "header Host is given"},
		{"Host twice", `{"url":"http://a.test/","headers":{"Host":"a.test","HOST":"b.test"}}`, `"Host" is given twice`},

		{"a name within meta", `{"url":"http://a.test/","meta":{"URL":"x","url":"y","url":"z"}}`, ""},
		{"a name within body", `{"url":"http://a.test/","body":{"URL":"x","a":1,"a":2}}`, ""},
		{"braces and quotes in strings", `{"meta":"\\\"}{,\"URL\":1","url":"http://a.test/"}`, ""},
		{"a backslash at the end of a string", `{"meta":["\\"],"id":"\\","url":"http://a.test/"}`, ""},
		{"white space", "{ \"url\"\t: \"http://a.test/\" ,\r \"meta\" : { } , \"id\" : -1e2 }", ""},
		{"a misspelt name", `{"url":"http://a.test/","timout":"5s"}`,
			`no member "timout": did you mean "timeout"? Other data belongs in "meta"`},
		{"a name as the flag has it", `{"url":"http://a.test/","max-body":"5k"}`, `did you mean "max_body"?`},
		{"a name beyond another", `{"url":"http://a.test/","url ":2}`, `no member "url ": did you mean "url"?`},
		{"a name in the singular", `{"url":"http://a.test/","header":{}}`, `did you mean "headers"?`},
		{"a name like no other", `{"url":"http://a.test/","Priority":1}`,
			`no member "Priority": data that is not about the request belongs in "meta"`},
		{"no url, and a name like it", `{"uri":"http://a.test/"}`, `no member "uri": did you mean "url"?`},
		{"no url, and another member has one", `{"n":1,"a":"http:x","the \"Link\"":"HTTPS://a.test/","b":"http://b.test/"}`,
			`no url, and the member "the \"Link\"" has one: jq -c '{url: .["the \"Link\""], meta: .}'`},
		{"no url, and a long name has one", `{"` + strings.Repeat("x", 1000) + `":"http://a.test/"}`, `xxx…"`},
		{"no url, and other names", `{"name":"x","headr":{}}`, "no url"},
		{"a name with a password", `{"url":"http://a.test/","http://u:secret@b.test":1}`, `no member "http://***@b.test":`},
		{"the empty name", `{"url":"http://a.test/","":1}`, `no member "":`},
		{"a long name", `{"url":"http://a.test/","` + strings.Repeat("x", 1000) + `":1}`, `xxx…":`},
		{"a misspelt name in a Record's request", `{"type":"failure","url":"http://a.test/","request":{"methods":5}}`,
			`no member "methods": did you mean "method"?`},
		{"timeout without a unit", `{"url":"http://a.test/","timeout":30}`,
			"timeout: a duration without a unit: write 30s for seconds"},
		{"timeout below zero", `{"url":"http://a.test/","timeout":"-1s"}`, "timeout is -1s, must not be negative"},
		{"timeout that is true", `{"url":"http://a.test/","timeout":true}`, "timeout is neither a string nor a number"},
		{"timeout in an object", `{"url":"http://a.test/","timeout":{"s":5}}`, "timeout is neither a string nor a number"},
		{"accept_status that is no status", `{"url":"http://a.test/","accept_status":"ok"}`,
			`accept_status: "ok" is no status such as 404, 500-599 or 5xx`},
		{"accept_status in an array", `{"url":"http://a.test/","accept_status":[404]}`,
			"accept_status is neither a string nor a number"},
		{"no accept_status", `{"url":"http://a.test/","accept_status":""}`, "accept_status: "},
		{"max_body that is no size", `{"url":"http://a.test/","max_body":"much"}`,
			"max_body: not a size: write 500k, 16Mi or 10Gi"},
		{"max_body of nothing", `{"url":"http://a.test/","max_body":0}`, "max_body is 0, must be at least 1"},
		{"proxy with another scheme", `{"url":"http://a.test/","proxy":"socks4://u:s3cret@p.test"}`,
			"proxy has a scheme that is not http, https, socks5 or socks5h"},
		{"proxy that is a port", `{"url":"http://a.test/","proxy":"3128"}`, "proxy has a number for a host"},
		{"proxy that is a number", `{"url":"http://a.test/","proxy":3128}`, "proxy cannot be a JSON number"},
		{"proxy of a Record", `{"url":"http://a.test/","proxy":"http://***@p.test:1"}`,
			"the proxy's user and password are masked as ***"},
		{"several values of one header", `{"url":"http://a.test/","headers":{"A":["1","2"],"B":[]}}`, ""},
		{"headers null", `{"url":"http://a.test/","headers":null}`, ""},
		{"no headers", `{"url":"http://a.test/","headers":{}}`, ""},
		{"a Host", `{"url":"http://a.test/","headers":{"Host":["b.test"]}}`, ""},
		{"a Record's request with its url",
			`{"type":"failure","url":"http://a.test/","request":{"url":"http://a.test/","method":"PUT"}}`, ""},
		{"a Record's request without a url", `{"type":"failure","url":"http://a.test/","request":{"method":"PUT"}}`, ""},
		{"a Record whose response had names of ours in capitals",
			`{"type":"success","url":"http://a.test/","headers":{"url":["x"],"URL":["y"]},"body":{"Url":1,"Url":2}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parseText(tt.line)
			switch {
			case tt.says == "" && (err != nil || r.URL != "http://a.test/"):
				t.Errorf("%s is read as %s, %v", tt.line, r.URL, err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("%s: got %v, want …%s…", tt.line, err, tt.says)
			}
		})
	}
}

// TestMethodsThatAreNone: CONNECT opens a tunnel and PRI an HTTP/2 connection; neither is a method, in any case of
// letters. Any other token is one (RFC 9110 section 9.1).
func TestMethodsThatAreNone(t *testing.T) {
	for method, good := range map[string]bool{
		"CONNECT": false, "connect": false, "Connect": false, "PRI": false, "pri": false, "Pri": false,
		"GE T": false, "GET\r\n": false, "G\u0000": false, "gét": false, "GET /": false,
		"GET": true, "get": true, "TRACE": true, "PURGE": true, "M-SEARCH": true, "PRIVATE": true, "CONNECTS": true,
	} {
		_, err := parseText(`{"url":"http://a.test/","method":` + quote(method) + `}`)
		if (err == nil) != good {
			t.Errorf("%q: %v", method, err)
		}
	}
}

// quote returns text as a JSON string.
func quote(text string) string {
	quoted, _ := json.Marshal(text) // a string can't fail
	return string(quoted)
}
