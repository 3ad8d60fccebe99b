package output

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// nasty is all that a terminal obeys or a reader cuts lines at, and what only looks like it.
const nasty = "a\x00\x07\b\t\n\v\f\r\x1b[2J\x7f\u0080\u0085\u009b31m\u009f\u00a0\u2027\u2028\u2029\u202e\ufeff\U0001f600\"\\/<>&z"

// What is strange is escaped wherever text stands in a line, and reads back as it was.
func TestEscapedEverywhere(t *testing.T) {
	schema := compileSchema(t)
	quoted, err := json.Marshal(nasty)
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", `\u003c`, "<").Replace(string(quoted)) // as a server may write it
	r := success("application/json", `{"k`+bare[1:len(bare)-1]+`":`+bare+`}`)
	r.Request.URL, r.FinalURL = "http://a/"+nasty, "http://b/"+nasty
	r.Request.ID, r.Request.Meta = json.RawMessage(bare), json.RawMessage(`[`+bare+`]`)
	r.Request.Method, r.Request.Path = "PO"+nasty, nasty
	r.Request.Header = http.Header{"X-" + nasty: {nasty}}
	r.Request.Body = []byte(nasty)
	r.Header = http.Header{"Y-" + nasty: {nasty, nasty}}
	r.Protocol, r.RemoteAddr = nasty, nasty
	line := render(r, BodyAuto)
	object := members(t, schema, line)
	request := object["request"].(map[string]any)
	for name, got := range map[string]any{
		"url":            strings.TrimPrefix(object["url"].(string), "http://a/"),
		"final_url":      strings.TrimPrefix(object["final_url"].(string), "http://b/"),
		"id":             object["id"],
		"meta":           object["meta"].([]any)[0],
		"protocol":       object["protocol"],
		"remote_addr":    object["remote_addr"],
		"body":           object["body"].(map[string]any)["k"+nasty],
		"header":         object["headers"].(map[string]any)[strings.ToLower("y-"+nasty)].([]any)[1],
		"request method": strings.TrimPrefix(request["method"].(string), "PO"),
		"request path":   request["path"],
		"request body":   request["body"],
		"request header": request["headers"].(map[string]any)[strings.ToLower("x-"+nasty)].([]any)[0],
	} {
		if got != nasty {
			t.Errorf("%s reads back as %q, want %q", name, got, nasty)
		}
	}

	r = success("text/plain", strings.ReplaceAll(nasty, "\x00", ""))
	r.ContentType = "text/plain; x=\"" + nasty + `"`
	members(t, schema, render(r, BodyText))

	r = failure(fetch.InvalidRequest, nasty)
	r.Input, r.Request.File = []byte(nasty), nasty
	object = members(t, schema, render(r, BodyAuto))
	if object["error"].(map[string]any)["message"] != nasty || object["file"] != nasty || object["input"] != nasty {
		t.Errorf("a failure reads back as %q", object)
	}
}

// Each strange character is found by itself in what is embedded, wherever it stands.
func TestEscapedOneByOne(t *testing.T) {
	for r := rune(0x7f); r <= 0x3000; r++ {
		for _, text := range []string{string(r), "a" + string(r), string(r) + "한", "한" + string(r) + "b"} {
			value := `["` + text + `"]`
			r := success("application/json", value)
			r.Request.Meta = json.RawMessage(value)
			line := render(r, BodyAuto)
			checkLine(t, line)
			for _, name := range []string{"body", "meta"} {
				var got []string
				if err := json.Unmarshal([]byte(raw(t, line, name)), &got); err != nil || len(got) != 1 || got[0] != text {
					t.Fatalf("%s: %q reads back as %q, %v", name, text, got, err)
				}
			}
		}
	}
}

// A JSON body of a request is embedded too, and escaped as any other.
func TestEscapedInTheEchoOfAJSONBody(t *testing.T) {
	for name, body := range map[string]string{"DEL": "[\"a\x7f\"]", "C1": "[\"\u009b\"]", "a line separator": "[\"\u2028\"]"} {
		t.Run(name, func(t *testing.T) {
			r := failure(fetch.DNS, "no address")
			r.Request.Body, r.Request.BodyForm = []byte(body), fetch.BodyJSON
			object := members(t, compileSchema(t), render(r, BodyAuto))
			want := strings.Trim(body, `[]"`)
			if got := object["request"].(map[string]any)["body"].([]any)[0]; got != want {
				t.Errorf("the body reads back as %q, want %q", got, want)
			}
		})
	}
}

// A line is UTF-8 whatever the input line was: what is not becomes U+FFFD.
func TestUTF8WhateverTheInput(t *testing.T) {
	schema := compileSchema(t)
	for _, c := range []struct{ name, line string }{
		{"in an id", "{\"url\":\"ftp://a/\",\"id\":\"caf\xe9\"}"},
		{"in meta", "{\"url\":\"ftp://a/\",\"meta\":{\"caf\xe9\":[\"\xff\"]}}"},
		{"in a JSON body", "{\"url\":\"ftp://a/\",\"body\":[\"caf\xe9\"]}"},
		{"in a text body", "{\"url\":\"ftp://a/\",\"body\":\"caf\xe9\"}"},
		{"in a header", "{\"url\":\"ftp://a/\",\"headers\":{\"x-a\":\"caf\xe9\"}}"},
		{"in a URL", "ftp://a/caf\xe9"},
		{"in a line that is nothing", "\xff\xfecaf\xe9"},
		{"beside a character that is escaped", "{\"url\":\"ftp://a/\",\"meta\":\"\xe9\u0085\x7f\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, line := range run(t, c.line) {
				members(t, schema, []byte(line))
			}
		})
	}
}

// What is nested as deep as an input may nest can still be read in a Record.
func TestDeepNestingOfTheInput(t *testing.T) {
	deep := strings.Repeat("[", 9998) + strings.Repeat("]", 9998)
	for name, line := range map[string]string{
		"meta": `{"url":"ftp://a/","meta":` + deep + `}`,
		"body": `{"url":"ftp://a/","body":` + deep + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, line := range run(t, line) {
				checkLine(t, []byte(line))
			}
		})
		t.Run(name+" at its most", func(t *testing.T) {
			for _, line := range run(t, strings.Replace(line, deep, "["+deep+"]", 1)) {
				checkLine(t, []byte(line))
			}
		})
	}
}

// A message that is empty is not known: there is always one to read.
func TestErrorsOfOddText(t *testing.T) {
	r := failure(fetch.IO, "x")
	r.Failure.Err = errors.New("broken \xff pipe")
	object := members(t, compileSchema(t), render(r, BodyAuto))
	if got := object["error"].(map[string]any)["message"]; got != "broken \ufffd pipe" {
		t.Errorf("message is %q", got)
	}
}
