package input

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// FuzzParseRequest: no line panics; of an unusable line id and meta are valid JSON; a usable JSON line, written again
// from its Request, gives the same Request; a reader to whom URL and url are two members reads the same URL in it.
func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		"http://a.test/", "{", "{}",
		`{"url":"http://u.test/","headers":{"a":["1","2"]},"body":{"x":[1.0]},"id":1,"meta":null}`,
		`{"url":"http://u.test/","body":"","retry":false}`,
		`{"url":"http://u.test/","body_base64":"AP8=","method":"PUT"}`,
		`{"type":"failure","url":"http://u.test/","request":{"method":"PUT"}}`,
		`{"url":"http://u.test/","body":null,"body_base64":null}`,
		"\xff", `{"url":"http://u.test/\ud800"}`, `{"url":"http://u.test/","URL":"http://v.test/"}`,
		`{"\u0075rl":"http://u.test/","x":["\\",{"}":"\""}] , "url" : "http://v.test/"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 {
			return // blank lines are skipped before they are parsed
		}
		r, err := parseRequest(text, false)
		for _, raw := range []json.RawMessage{r.ID, r.Meta} {
			if raw != nil && !json.Valid(raw) {
				t.Errorf("keeps %q of %q", raw, text)
			}
		}
		if err != nil || text[0] != '{' {
			return
		}
		checkNames(t, text, &r)
		again, err := parseRequest(asJSON(t, &r), false)
		if err != nil || !reflect.DeepEqual(publicFields(again), publicFields(r)) {
			t.Errorf("%q is\n%+v, and written again\n%+v (%v)", text, r, again, err)
		}
	})
}

// checkNames checks that the URL, method and headers of a JSON line are those that its members have by their exact
// names.
func checkNames(t *testing.T, text []byte, r *fetch.Request) {
	t.Helper()
	var line struct{ Type, URL, Method string }
	var headers map[string]json.RawMessage
	var exact map[string]json.RawMessage
	if err := json.Unmarshal(text, &exact); err != nil {
		t.Fatal(err)
	}
	for name, into := range map[string]any{
		"type": &line.Type, "url": &line.URL, "method": &line.Method, "headers": &headers,
	} {
		if raw := exact[name]; raw != nil {
			_ = json.Unmarshal(raw, into) // of a Record, headers may be anything
		}
	}
	if line.Type == "failure" || line.Type == "success" {
		return
	}
	if strings.TrimSpace(line.URL) != r.URL || line.Method != r.Method || len(headers) != len(r.Header) {
		t.Errorf("%q is read as %s %s %v", text, r.Method, r.URL, r.Header)
	}
}

// asJSON returns r as a JSON line.
func asJSON(t *testing.T, r *fetch.Request) []byte {
	t.Helper()
	line := map[string]any{"url": r.URL, "method": r.Method, "headers": r.Header, "id": r.ID, "meta": r.Meta,
		"sha256": r.SHA256, "path": r.Path, "retry": r.Retry}
	switch {
	case r.Body == nil:
	case r.BodyForm == fetch.BodyBase64:
		line["body_base64"] = r.Body
	case r.BodyForm == fetch.BodyJSON:
		line["body"] = json.RawMessage(r.Body)
	default:
		line["body"] = string(r.Body)
	}
	text, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
