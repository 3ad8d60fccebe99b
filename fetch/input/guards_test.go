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
		{"a name in capitals that we don't know", `{"url":"http://a.test/","Priority":1,"URLS":2,"":3}`, ""},
		{"one name beyond another", `{"url":"http://a.test/","urls":[],"ur":1,"url ":2,"body_text":3}`, ""},
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
			r, err := parse(tt.line)
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
		_, err := parse(`{"url":"http://a.test/","method":` + quote(method) + `}`)
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
