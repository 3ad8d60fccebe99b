package encode

import (
	"encoding/json"
	"net/http"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// The request in a Record has its secret headers masked whole, and no others.
func TestEchoMasksWholeValues(t *testing.T) {
	r := encodetest.Failure(failure.DNS, "no address")
	r.Request.URL = "https://ann:pw@example.com/a@b?c=@d"
	r.Request.Header = http.Header{"Authorization": {"Basic abc", "Bearer def"}, "Proxy-Authorization": {"x"},
		"Cookie": {"a=b; c=d"}, "X-Api-Key": {"x"}, "X-Trace": {"shown"}}
	line := render(r, BodyAuto)
	object := encodetest.Members(t, encodetest.CompileSchema(t, Schema()), line)
	if object["url"] != "https://***@example.com/a@b?c=@d" {
		t.Errorf("url is %v", object["url"])
	}
	request := object["request"].(map[string]any)
	if request["url"] != object["url"] {
		t.Errorf("request.url is %v", request["url"])
	}
	got, err := json.Marshal(request["headers"])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"authorization":["***","***"],"cookie":["***"],"proxy-authorization":["***"],"x-api-key":["***"],` +
		`"x-trace":["shown"]}`
	if string(got) != want {
		t.Errorf("headers are %s, want %s", got, want)
	}
}

// An input line without secrets is shown as it is.
func TestInputWithoutSecretsIsShown(t *testing.T) {
	for _, input := range []string{"example.com/a", `{"url": 5}`, `{"url":"ftp://example.com/a"}`,
		`{"url":"http://a/","method":"P T","body":"x"}`} {
		r := encodetest.Failure(failure.InvalidRequest, "unusable")
		r.Request, r.Input = fetch.Request{}, []byte(input)
		if got := encodetest.Members(t, encodetest.CompileSchema(t, Schema()),
			render(r, BodyAuto))["input"]; got != input {
			t.Errorf("input is %q, want %q", got, input)
		}
	}
}
