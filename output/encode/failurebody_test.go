package encode

import (
	"errors"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
)

// TestFailureBody: the start of a failed response is shown where it is text or JSON, as text, and cut at a whole
// character.
func TestFailureBody(t *testing.T) {
	for _, tt := range []struct{ name, contentType, body, want string }{
		{"JSON as text", "application/json", `{"error":"no \"id\""}`, `,"response_body":"{\"error\":\"no \\\"id\\\"\"}"`},
		{"a problem document", "application/problem+json", "{}", `,"response_body":"{}"`},
		{"an error of DynamoDB", "application/x-amz-json-1.0", `{"message":"no"}`,
			`,"response_body":"{\"message\":\"no\"}"`},
		{"text", "text/plain", "no\n", `,"response_body":"no\n"`},
		{"no type, and text", "", "no", `,"response_body":"no"`},
		{"cut amid a character", "text/plain; charset=utf-8", "caf\xc3", `,"response_body":"caf"`},
		{"cut amid a long character", "text/plain", "a\xf0\x9f\x98", `,"response_body":"a"`},
		{"another charset", "text/html; charset=iso-8859-1", "caf\xe9", `,"response_body":"café"`},
		{"cut amid a character of another charset", "text/plain; charset=shift_jis", "\x83\x65\x83", `,"response_body":"テ"`},
		{"userinfo of a URL", "text/plain", "see http://me:secret@a.test/", `,"response_body":"see http://***@a.test/"`},
		{"controls", "text/plain", "\x1b[2J", `,"response_body":"\u001b[2J"`},
		{"an image", "image/png", "\x89PNG", ""},
		{"bytes that are called text", "text/plain", "\x89PNG\r\n\xff\xd8 and more", ""},
		{"UTF-16, cut", "text/plain", "\xff\xfen\x00o\x00\x01", `,"response_body":"no"`},
		{"NULs", "text/plain", "a\x00b", ""},
		{"nothing", "text/plain", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &fetch.Record{ContentType: tt.contentType, FailureBody: []byte(tt.body), Status: 404,
				Failure: &fetch.Failure{Kind: failure.BadStatus, Err: errors.New("404 Not Found")}}
			line := string(AppendRecord(nil, r, Layout{Body: BodyAuto}))
			_, rest, _ := strings.Cut(line, `"message":"404 Not Found"}`)
			got, _, _ := strings.Cut(rest, `,"attempts"`)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
