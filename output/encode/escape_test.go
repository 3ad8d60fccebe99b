package encode

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// Control characters and line separators are escaped wherever text is in a line, and read back as they were.
func TestEscapedEverywhere(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	quoted, err := json.Marshal(encodetest.Nasty)
	if err != nil {
		t.Fatal(err)
	}
	// as a server may write it
	bare := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", `\u003c`, "<").Replace(string(quoted))
	r := encodetest.Success("application/json", `{"k`+bare[1:len(bare)-1]+`":`+bare+`}`)
	r.Request.URL, r.FinalURL = "http://a/"+encodetest.Nasty, "http://b/"+encodetest.Nasty
	r.Request.ID, r.Request.Meta = json.RawMessage(bare), json.RawMessage(`[`+bare+`]`)
	r.Request.Method, r.Request.Path = "PO"+encodetest.Nasty, encodetest.Nasty
	r.Request.Header = http.Header{"X-" + encodetest.Nasty: {encodetest.Nasty}}
	r.Request.Body = []byte(encodetest.Nasty)
	r.Header = http.Header{"Y-" + encodetest.Nasty: {encodetest.Nasty, encodetest.Nasty}}
	r.Protocol, r.RemoteAddr = encodetest.Nasty, encodetest.Nasty
	line := render(r, BodyJSON)
	object := encodetest.Members(t, schema, line)
	request := object["request"].(map[string]any)
	for name, got := range map[string]any{
		"url":            strings.TrimPrefix(object["url"].(string), "http://a/"),
		"final_url":      strings.TrimPrefix(object["final_url"].(string), "http://b/"),
		"id":             object["id"],
		"meta":           object["meta"].([]any)[0],
		"protocol":       object["protocol"],
		"remote_addr":    object["remote_addr"],
		"body":           object["body"].(map[string]any)["k"+encodetest.Nasty],
		"header":         object["headers"].(map[string]any)[strings.ToLower("y-"+encodetest.Nasty)].([]any)[1],
		"request method": strings.TrimPrefix(request["method"].(string), "PO"),
		"request path":   request["path"],
		"request body":   request["body"],
		"request header": request["headers"].(map[string]any)[strings.ToLower("x-"+encodetest.Nasty)].([]any)[0],
	} {
		if got != encodetest.Nasty {
			t.Errorf("%s reads back as %q, want %q", name, got, encodetest.Nasty)
		}
	}

	r = encodetest.Success("text/plain", strings.ReplaceAll(encodetest.Nasty, "\x00", ""))
	r.ContentType = "text/plain; x=\"" + encodetest.Nasty + `"`
	encodetest.Members(t, schema, render(r, BodyText))

	r = encodetest.Failure(failure.InvalidRequest, encodetest.Nasty)
	r.Input, r.Request.File = []byte(encodetest.Nasty), encodetest.Nasty
	object = encodetest.Members(t, schema, render(r, BodyAuto))
	if object["error"].(map[string]any)["message"] != encodetest.Nasty || object["file"] != encodetest.Nasty ||
		object["input"] != encodetest.Nasty {
		t.Errorf("a failure reads back as %q", object)
	}
}

// Each such character is escaped in a body and in meta, at every place in a string.
func TestEscapedOneByOne(t *testing.T) {
	for r := rune(0x7f); r <= 0x3000; r++ {
		for _, text := range []string{string(r), "a" + string(r), string(r) + "한", "한" + string(r) + "b"} {
			value := `["` + text + `"]`
			r := encodetest.Success("application/json", value)
			r.Request.Meta = json.RawMessage(value)
			line := render(r, BodyAuto)
			encodetest.CheckLine(t, line)
			for _, name := range []string{"body", "meta"} {
				var got []string
				if err := json.Unmarshal([]byte(rawMember(t, line, name)), &got); err != nil || len(got) != 1 ||
					got[0] != text {
					t.Fatalf("%s: %q reads back as %q, %v", name, text, got, err)
				}
			}
		}
	}
}

// A JSON body of a request is escaped too.
func TestEscapedInTheEchoOfAJSONBody(t *testing.T) {
	for name, body := range map[string]string{"DEL": "[\"a\x7f\"]", "C1": "[\"\u009b\"]",
		"a line separator": "[\"\u2028\"]"} {
		t.Run(name, func(t *testing.T) {
			r := encodetest.Failure(failure.DNS, "no address")
			r.Request.Body, r.Request.BodyForm = []byte(body), fetch.BodyJSON
			object := encodetest.Members(t, encodetest.CompileSchema(t, Schema()), render(r, BodyAuto))
			want := strings.Trim(body, `[]"`)
			if got := object["request"].(map[string]any)["body"].([]any)[0]; got != want {
				t.Errorf("the body reads back as %q, want %q", got, want)
			}
		})
	}
}

// An error whose text is not UTF-8 has U+FFFD in its message.
func TestErrorsOfOddText(t *testing.T) {
	r := encodetest.Failure(failure.IO, "x")
	r.Failure.Err = errors.New("broken \xff pipe")
	object := encodetest.Members(t, encodetest.CompileSchema(t, Schema()), render(r, BodyAuto))
	if got := object["error"].(map[string]any)["message"]; got != "broken \ufffd pipe" {
		t.Errorf("message is %q", got)
	}
}
