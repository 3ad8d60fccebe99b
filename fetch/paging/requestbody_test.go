package paging

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestBodySlot: the body of the request for the next page; an error is wanted where want starts with !.
func TestBodySlot(t *testing.T) {
	for _, c := range []struct{ name, place, sent, body, want string }{
		{"GraphQL", "/variables/after=/data/items/pageInfo/endCursor while /data/items/pageInfo/hasNextPage",
			`{"query": "query($after: String) {…}", "variables": {"first": 10}}`,
			`{"data":{"items":{"pageInfo":{"endCursor":"Y3Vy","hasNextPage":true}}}}`,
			`{"query":"query($after: String) {…}","variables":{"first":10,"after":"Y3Vy"}}`},
		{"GraphQL, the last page", "/variables/after=/data/pageInfo/endCursor while /data/pageInfo/hasNextPage",
			`{"variables":{}}`, `{"data":{"pageInfo":{"endCursor":"Y3Vy","hasNextPage":false}}}`, ""},
		{"Elasticsearch: a cursor of several values", "/search_after=/hits/hits/-1/sort",
			`{"size":2,"sort":["a"]}`, `{"hits":{"hits":[{"sort":[1,"x"]},{"sort":[2, "y"]}]}}`,
			`{"size":2,"sort":["a"],"search_after":[2,"y"]}`},
		{"Elasticsearch with ?pretty, as a Record has it on one line", "/search_after=/hits/-1/sort", `{}`,
			"{\n\"hits\": [ {\n\"sort\": [\n2,\n\"y \\n\"\r\n]\n}\n]\n}", `{"search_after":[2,"y \n"]}`},
		{"Elasticsearch, the page after the last", "/search_after=/hits/hits/-1/sort", `{}`, `{"hits":{"hits":[]}}`, ""},
		{"Notion", "/start_cursor=/next_cursor", `{"start_cursor":"a","filter":{"b":[1,{}]}}`, `{"next_cursor":"c"}`,
			`{"start_cursor":"c","filter":{"b":[1,{}]}}`},
		{"Notion, the last page", "/start_cursor=/next_cursor", `{}`, `{"next_cursor":null}`, ""},
		{"a cursor that is empty", "/a=/n", `{}`, `{"n":[ ]}`, ""},
		{"another one", "/a=/n", `{}`, `{"n":{}}`, ""},
		{"a number as it is", "/a=/n", `{}`, `{"n":12345678901234567890.10}`, `{"a":12345678901234567890.10}`},
		{"zero is a value", "/a=/n", `{}`, `{"n":0}`, `{"a":0}`},
		{"a place in an array", "/steps/1/after=/n", `{"steps":[{"a":1},{"after":null}]}`, `{"n":"x"}`,
			`{"steps":[{"a":1},{"after":"x"}]}`},
		{"objects on the way that are not there", "/a/b/c=/n", `{"a":null}`, `{"n":"x"}`, `{"a":{"b":{"c":"x"}}}`},
		{"of two members the first", "/a=/n", `{"a":1,"a":2}`, `{"n":3}`, `{"a":3,"a":2}`},
		{"an escaped name", "/a~1b=/n", `{"a\u002fb":1}`, `{"n":3}`, `{"a/b":3}`},
		{"elements count", "/from=+10 while /hits", `{"from":0,"size":10}`, `{"hits":[1]}`, `{"from":10,"size":10}`},
		{"elements count in an array", "/page=+1", `{"page": 1}`, `[1]`, `{"page":2}`},
		{"no number", "/from=+10 while /hits", `{"size":10}`, `{"hits":[1]}`,
			"!the body of the request has no number at /from, from which --paginate counts: write that of the first page " +
				"into it"},
		{"no JSON", "/a=/n", `a=b`, `{"n":1}`, "!the body of the request is no JSON, in which /a could be set"},
		{"no body", "/a=/n", ``, `{"n":1}`, "!the body of the request is no JSON, in which /a could be set"},
		{"no such element", "/1=/n", `[1]`, `{"n":1}`, "!the body of the request has no place for /1"},
		{"a text on the way", "/a/b=/n", `{"a":"x"}`, `{"n":1}`, "!the body of the request has no place for /a/b"},
		{"a value that is no JSON", "/a=/n", `{}`, `{"n":[1,,2]}`, "!the body is not JSON, so that nothing is at /n"},
		{"a long value", "/a=/n", `{}`, `{"n":"` + strings.Repeat("x", maxReference) + `"}`,
			"!the URL or value of the next page is longer than 64 KiB"},
	} {
		place, err := Parse(c.place)
		if err != nil {
			t.Fatal(c.name, err)
		}
		next, err := place.Next(Response{Sent: []byte(c.sent), Open: opener(c.body)})
		got := string(next.Body)
		var wrong *BodyError
		if errors.As(err, &wrong) {
			got = "!" + wrong.Problem
		}
		if got != c.want || next.Ref != "" || next.IsNone() != (c.want == "" || err != nil) {
			t.Errorf("%s: got %.200s, %v, want %s", c.name, got, err, c.want)
		}
		checked := place.Check("", []byte(c.sent))
		if isOfRequest := strings.HasPrefix(c.want, "!the body of the request"); (checked != nil) != isOfRequest {
			t.Errorf("%s: the check says %v", c.name, checked)
		}
	}
}

// FuzzWithValue compares withValue with encoding/json.
func FuzzWithValue(f *testing.F) {
	f.Add(`{"a":{"b":1},"c":[1,2]}`)
	f.Add(`[{"a":1}]`)
	f.Add(`{"a":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		got, err := Pointer{"a", "b"}.withValue([]byte(body), json.RawMessage(`"set"`))
		var object, set map[string]any
		if json.Unmarshal([]byte(body), &object) != nil || object == nil || strings.Count(body, `"a"`) > 1 ||
			strings.Contains(body, `\`) {
			return // of several members the last counts there
		}
		inner, isObject := object["a"].(map[string]any)
		if object["a"] == nil {
			inner, isObject = map[string]any{}, true
		}
		if !isObject {
			if err == nil && !strings.HasPrefix(body, "[") {
				t.Errorf("a value was set within %v: %s", object["a"], got)
			}
			return
		}
		if strings.Count(body, `"b"`) > 1 {
			return
		}
		inner["b"] = "set"
		object["a"] = inner
		if err != nil || json.Unmarshal(got, &set) != nil || !reflect.DeepEqual(set, object) {
			t.Errorf("got %s, %v, want %v", got, err, object)
		}
	})
}
