package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// A body is JSON as a value, text as a string in UTF-8, and anything else base64.
func TestBodyForms(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	for _, c := range []struct {
		name, contentType, body string
		mode                    BodyMode // empty is auto
		want, encoding          string   // want is the member as it stands in the line
	}{
		{name: "JSON is embedded", contentType: "application/json", body: `{"a":[true]}`, want: `{"a":[true]}`,
			encoding: "json"},
		{name: "so is +json", contentType: "application/problem+json", body: `{}`, want: `{}`, encoding: "json"},
		{name: "and what has json as a word, as with DynamoDB", contentType: "application/x-amz-json-1.0", body: `{}`,
			want: `{}`, encoding: "json"},
		{name: "a type's letters have no case", contentType: "Application/JSON; Charset=UTF-8", body: `[1]`,
			want: `[1]`, encoding: "json"},
		{name: "a scalar is JSON too", contentType: "application/json", body: `"x"`, want: `"x"`, encoding: "json"},
		{name: "null is a body", contentType: "application/json", body: ` null `, want: `null`, encoding: "json"},
		{name: "space around values goes", contentType: "application/json", body: "{\r\n\t\"a\" : \"b  c\"\n}\n",
			want: `{"a":"b  c"}`, encoding: "json"},
		{name: "equal names both stay", contentType: "application/json", body: `{"a":1,"a":2}`, want: `{"a":1,"a":2}`,
			encoding: "json"},
		{name: "a byte order mark is ignored", contentType: "application/json", body: "\uFEFF[1]", want: `[1]`,
			encoding: "json"},
		{name: "JSON in UTF-16", contentType: "application/json; charset=utf-16le",
			body: encodeUTF16("le", `{"a":"é"}`), want: `{"a":"é"}`, encoding: "json"},
		{name: "JSON that some readers refuse is text", contentType: "application/json", body: `["\ud800"]`,
			want: `"[\"\\ud800\"]"`, encoding: "text"},
		{name: "JSON cut short is text", contentType: "application/json", body: `{"a":`, want: `"{\"a\":"`,
			encoding: "text"},
		{name: "two values are text", contentType: "application/json", body: `1 2`, want: `"1 2"`, encoding: "text"},
		{name: "only space is text", contentType: "application/json", body: ` `, want: `" "`, encoding: "text"},
		{name: "a NaN is text", contentType: "application/json", body: `[NaN]`, want: `"[NaN]"`, encoding: "text"},
		{name: "JSON with bad UTF-8 is base64", contentType: "application/json", body: "[\"\xff\"]",
			want: quotedBase64("[\"\xff\"]"), encoding: "base64"},
		{name: "broken JSON with bad UTF-8 too", contentType: "application/json", body: "{\xff",
			want: quotedBase64("{\xff"), encoding: "base64"},
		{name: "text/json goes by its name", contentType: "text/json", body: `{}`, want: `"{}"`, encoding: "text"},

		{name: "text", contentType: "text/plain", body: "a\nb\t\"c\"\\", want: `"a\nb\t\"c\"\\"`, encoding: "text"},
		{name: "XML is text", contentType: "application/xml", body: "<a/>", want: `"<a/>"`, encoding: "text"},
		{name: "+xml is text", contentType: "application/atom+xml;type=feed", body: "<a/>", want: `"<a/>"`,
			encoding: "text"},
		{name: "JSON lines are text", contentType: "application/x-ndjson", body: "{}\n{}\n", want: `"{}\n{}\n"`,
			encoding: "text"},
		{name: "JSON lines of Elasticsearch", contentType: "application/vnd.elasticsearch+x-ndjson; compatible-with=8",
			body: "{}\n{}\n", want: `"{}\n{}\n"`, encoding: "text"},
		{name: "metrics", contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
			body: "# EOF\n", want: `"# EOF\n"`, encoding: "text"},
		{name: "a word within another is none", contentType: "application/vnd.yamlish.jsonp", body: "a",
			want: quotedBase64("a"), encoding: "base64"},
		{name: "no type and UTF-8 is text", contentType: "", body: "한글", want: `"한글"`, encoding: "text"},
		{name: "no type and bytes is base64", contentType: "", body: "\xff\xfe", want: quotedBase64("\xff\xfe"),
			encoding: "base64"},
		{name: "text that is none is base64", contentType: "text/plain", body: "a\xff", want: quotedBase64("a\xff"),
			encoding: "base64"},
		{name: "text with a NUL is base64", contentType: "text/plain", body: "a\x00", want: quotedBase64("a\x00"),
			encoding: "base64"},
		{name: "bytes are base64", contentType: "application/octet-stream", body: "abc", want: quotedBase64("abc"),
			encoding: "base64"},
		{name: "an image is base64", contentType: "image/png", body: "\x89PNG", want: quotedBase64("\x89PNG"),
			encoding: "base64"},
		{name: "a broken type goes by its name", contentType: "text/html; charset", body: "x", want: `"x"`,
			encoding: "text"},

		{name: "empty JSON", contentType: "application/json", body: "", want: `""`, encoding: "text"},
		{name: "empty bytes", contentType: "application/octet-stream", body: "", want: `""`, encoding: "text"},

		{name: "mode text takes JSON as it is", mode: BodyText, contentType: "application/json", body: `{ "a":1.50}`,
			want: `"{ \"a\":1.50}"`, encoding: "text"},
		{name: "mode text makes text of bytes", mode: BodyText, contentType: "image/png", body: "\x89P",
			want: `"\ufffdP"`, encoding: "text"},
		{name: "mode text transcodes", mode: BodyText, contentType: "text/plain; charset=iso-8859-1", body: "\xe9",
			want: `"é"`, encoding: "text"},
		{name: "mode base64 takes JSON", mode: BodyBase64, contentType: "application/json", body: `{}`,
			want: quotedBase64(`{}`), encoding: "base64"},
		{name: "mode base64 does not transcode", mode: BodyBase64, contentType: "text/plain; charset=iso-8859-1",
			body: "\xe9", want: quotedBase64("\xe9"), encoding: "base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.mode == "" {
				c.mode = BodyAuto
			}
			r := encodetest.Success(c.contentType, c.body)
			line := render(r, c.mode)
			object := encodetest.Members(t, schema, line)
			if got := rawMember(t, line, "body"); got != c.want || object["body_encoding"] != c.encoding {
				t.Errorf("body %s as %v, want %s as %s", got, object["body_encoding"], c.want, c.encoding)
			}
			if object["bytes"] != json.Number(itoa(int64(len(c.body)))) {
				t.Errorf("bytes is %v, want those before any charset change, %d", object["bytes"], len(c.body))
			}
		})
	}
}

// Both members are left out where there is no body (HEAD, 204, 304), and with --body none.
func TestBodyAbsent(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	none := encodetest.Success("application/json", `{}`)
	for name, line := range map[string][]byte{
		"--body none": render(none, BodyNone),
		"204": render(&fetch.Record{Request: none.Request, Status: 204, Protocol: "HTTP/1.1", Attempts: 1,
			StartedAt: encodetest.StartedAt}, BodyAuto),
	} {
		object := encodetest.Members(t, schema, line)
		for _, name := range []string{"body", "body_encoding"} {
			if _, there := object[name]; there {
				t.Errorf("%s is there: %s", name, line)
			}
		}
		if name == "204" {
			continue
		}
		if _, there := object["sha256"]; !there {
			t.Errorf("%s takes the hash away: %s", name, line)
		}
	}
}

// A failure has no body, whatever arrived.
func TestFailureHasNoBody(t *testing.T) {
	r := encodetest.Failure(failure.BadStatus, "500 Internal Server Error")
	r.Status, r.Body, r.HasBody, r.ContentType = 500, []byte("oops"), true, "text/plain"
	if object := encodetest.Members(t, encodetest.CompileSchema(t, Schema()),
		render(r, BodyAuto)); object["body"] != nil {
		t.Errorf("body is %v", object["body"])
	}
}

// Numbers in an embedded body keep every digit.
func TestNumbersUntouched(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	for _, number := range []string{"1.50", "1e400", "-1E+400", "12345678901234567890", "-0", "0.0", "-0.0e-0",
		"1e-999", "100000000000000000000000.000000000000000001"} {
		line := render(encodetest.Success("application/json", " [ "+number+" ] "), BodyJSON)
		encodetest.Members(t, schema, line)
		if got := rawMember(t, line, "body"); got != "["+number+"]" {
			t.Errorf("%s became %s", number, got)
		}
	}
}

// A body that nests too deep for encoding/json is text.
func TestDeepNesting(t *testing.T) {
	for _, depth := range []int{1, 100, 9000, maxBodyDepth, maxBodyDepth + 1, 10000, 10001, 200000} {
		body := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		line := render(encodetest.Success("application/json", body), BodyAuto)
		var object struct {
			Body     json.RawMessage
			Encoding string `json:"body_encoding"`
		}
		if err := json.Unmarshal(line, &object); err != nil {
			t.Errorf("depth %d: %v", depth, err)
			continue
		}
		want, encoding := body, "json"
		if depth > maxBodyDepth {
			want, encoding = `"`+body+`"`, "text"
		}
		if object.Encoding != encoding || string(object.Body) != want {
			t.Errorf("depth %d is %s of %d bytes, want %s of %d", depth, object.Encoding, len(object.Body), encoding,
				len(want))
		}
	}
	brackets := `"` + strings.Repeat("[", 20000) + `"`
	line := render(encodetest.Success("application/json", brackets), BodyAuto)
	encodetest.CheckLine(t, line)
	var got string
	if err := json.Unmarshal([]byte(rawMember(t, line, "body")), &got); err != nil || !strings.Contains(got, "[[[") {
		t.Errorf("brackets in a string: %v", err)
	}
}

// A large body is written whole.
func TestLargeBodies(t *testing.T) {
	text := strings.Repeat("줄 바꿈\n", 1<<18)
	bytesOf := bytes.Repeat([]byte{0, 1, 254, 255}, 1<<18)
	for _, c := range []struct {
		contentType, body string
		decode            func(string) ([]byte, error)
	}{
		{"text/plain", text, func(s string) ([]byte, error) { return []byte(s), nil }},
		{"application/octet-stream", string(bytesOf), base64.StdEncoding.DecodeString},
	} {
		line := render(encodetest.Success(c.contentType, c.body), BodyAuto)
		encodetest.CheckLine(t, line)
		var object struct{ Body string }
		if err := json.Unmarshal(line, &object); err != nil {
			t.Fatal(err)
		}
		if got, err := c.decode(object.Body); err != nil || string(got) != c.body {
			t.Errorf("%s: %d bytes came back of %d, %v", c.contentType, len(got), len(c.body), err)
		}
	}
}

func quotedBase64(body string) string {
	return `"` + base64.StdEncoding.EncodeToString([]byte(body)) + `"`
}
