package encode

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/output/encode/encodetest"
)

// A Record of a failure, used as input, makes the same request.
func TestFailureAsksTheSameAgain(t *testing.T) {
	yes, no := true, false
	hash := strings.Repeat("0a", 32)
	requests := map[string]fetch.Request{
		"a URL":      {URL: "https://example.com/a?b=c#d"},
		"an odd URL": {URL: "https://example.com/한글/\u2028\"quoted\"\\"},
		"a method":   {URL: "http://a/", Method: "DELETE"},
		"headers": {URL: "http://a/", Header: http.Header{"X-One": {"1"}, "X-Two": {"a", "b", ""},
			"Accept-Language": {"ko, en;q=0.5"}}},
		"an empty header":  {URL: "http://a/", Header: http.Header{"X-Empty": {""}}},
		"no header values": {URL: "http://a/", Header: http.Header{"X-None": {}}},
		"text":             {URL: "http://a/", Body: []byte("a=1&b=\x00\x7f\u009b\u2029\"\\\r\n한글😀")},
		"text like JSON":   {URL: "http://a/", Body: []byte(`{"a":1}`)},
		"empty text":       {URL: "http://a/", Body: []byte{}},
		"an object": {URL: "http://a/",
			Body:     []byte(`{"n":12345678901234567890,"f":1.50,"e":1e400,"s":"\u00e9é","a":[{},[]]}`),
			BodyForm: fetch.BodyJSON},
		"an array":     {URL: "http://a/", Body: []byte(`[]`), BodyForm: fetch.BodyJSON},
		"a number":     {URL: "http://a/", Body: []byte(`-0`), BodyForm: fetch.BodyJSON},
		"false":        {URL: "http://a/", Body: []byte(`false`), BodyForm: fetch.BodyJSON},
		"bytes":        {URL: "http://a/", Body: []byte("\x00\xff\xfe\n"), BodyForm: fetch.BodyBase64},
		"no bytes":     {URL: "http://a/", Body: []byte{}, BodyForm: fetch.BodyBase64},
		"a string id":  {URL: "http://a/", ID: json.RawMessage(`"a\"1\u0000"`)},
		"a number id":  {URL: "http://a/", ID: json.RawMessage(`12345678901234567890.10`)},
		"a boolean id": {URL: "http://a/", ID: json.RawMessage(`false`)},
		"meta":         {URL: "http://a/", Meta: json.RawMessage(`{"a":[1.50,null,{"b":"<&>"}],"a":2}`)},
		"a hash":       {URL: "http://a/", SHA256: hash},
		"a path":       {URL: "http://a/", Path: "sub/한글 name.json"},
		"retry":        {URL: "http://a/", Retry: &yes},
		"no retry":     {URL: "http://a/", Retry: &no},
		"everything": {URL: "https://example.com/", Method: "PATCH", Header: http.Header{"X-A": {"b"}},
			Body: []byte(`[1]`), BodyForm: fetch.BodyJSON,
			ID: json.RawMessage(`7`), Meta: json.RawMessage(`[null]`), SHA256: hash, Path: "p", Retry: &yes},
	}
	schema := encodetest.CompileSchema(t, Schema())
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			r := encodetest.Failure(failure.Timeout, "timeout 1s met")
			r.Request = request
			r.Header = http.Header{"X-Answer": {"not asked"}}
			line := render(r, BodyAuto)
			encodetest.Members(t, schema, line)
			checkSameRequest(t, readBack(t, line), request)

			// a success makes the same request; the body of its response is not the request's
			r = encodetest.Success("application/json", `{"answer":true}`)
			r.Request = request
			line = render(r, BodyAuto)
			encodetest.Members(t, schema, line)
			checkSameRequest(t, readBack(t, line), request)
		})
	}
}

// The Record of a request that was read from a Record is the same line.
func TestRoundTripIsStable(t *testing.T) {
	r := encodetest.Failure(failure.DNS, "no address")
	r.Request.Header = http.Header{"X-B": {"\u009b\u2028"}, "X-A": {"1"}}
	r.Request.Body, r.Request.Meta = []byte("\u009b"), json.RawMessage("\"\u2029\"")
	first := render(r, BodyAuto)
	index := r.Request.Index
	r.Request = readBack(t, first)
	r.Request.Index, r.Request.File, r.Request.Line = index, "", 0
	if second := render(r, BodyAuto); string(second) != string(first) {
		t.Errorf("got  %swant %s", second, first)
	}
}

// A JSON body of a request keeps its value where characters in it are escaped.
func TestRoundTripOfAStrangeJSONBody(t *testing.T) {
	r := encodetest.Failure(failure.DNS, "no address")
	r.Request.Body, r.Request.BodyForm = []byte("[\"\x7f\u2028\"]"), fetch.BodyJSON
	line := render(r, BodyAuto)
	encodetest.CheckLine(t, line)
	var got []string
	if err := json.Unmarshal(readBack(t, line).Body, &got); err != nil || len(got) != 1 || got[0] != "\x7f\u2028" {
		t.Errorf("asked again with %q, %v", got, err)
	}
}

// A Record in which a secret is masked is refused as input, with a hint.
func TestMaskedRecordIsRefused(t *testing.T) {
	for name, request := range map[string]fetch.Request{
		"userinfo":              {URL: "https://ann:pw@example.com/"},
		"userinfo, with a hash": {URL: "https://ann:pw@example.com/", SHA256: strings.Repeat("0a", 32)},
		"a cookie":              {URL: "http://a/", Header: http.Header{"Cookie": {"s=1"}}},
		"an authorization":      {URL: "http://a/", Header: http.Header{"Authorization": {"Bearer x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := encodetest.Failure(failure.DNS, "no address")
			r.Request = request
			for _, err := range new(input.Reader).Lines(strings.NewReader(string(render(r, BodyAuto))),
				"failures.jsonl") {
				var line *fetch.LineError
				if !errors.As(err, &line) || !strings.Contains(err.Error(), "***") {
					t.Errorf("got %v, want a line error that tells of the mask", err)
				}
			}
		})
	}
}

// Lines of a summary, a plan and a log are skipped as input.
func TestOtherLinesAskNothing(t *testing.T) {
	var plan strings.Builder
	if err := WritePlan(&plan, input.HostCounts{Requests: map[string]int64{"http://a": 1}, Total: 1}); err != nil {
		t.Fatal(err)
	}
	lines := string(AppendSummary(nil, fullSummary(), 3)) + plan.String()
	for request, err := range new(input.Reader).Lines(strings.NewReader(lines), "all.jsonl") {
		t.Errorf("asks %+v, %v", request, err)
	}
}

// readBack returns the one Request that line makes as input.
func readBack(t *testing.T, line []byte) fetch.Request {
	t.Helper()
	var all []fetch.Request
	for request, err := range new(input.Reader).Lines(strings.NewReader(string(line)), "failures.jsonl") {
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, request)
	}
	if len(all) != 1 {
		t.Fatalf("%d requests, want 1: %s", len(all), line)
	}
	return all[0]
}

// checkSameRequest compares two requests except for their place in the input.
func checkSameRequest(t *testing.T, got, want fetch.Request) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i, field := range reflect.VisibleFields(g.Type()) {
		switch {
		case !field.IsExported(), field.Name == "File", field.Name == "Line", field.Name == "Index":
		case !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()):
			t.Errorf("%s is %#v, want %#v", field.Name, g.Field(i), w.Field(i))
		}
	}
}
