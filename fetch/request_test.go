package fetch

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"batchfetch/fetch/redact"
)

// TestRequestsMadeByHandAreChecked checks that Requests made without a Reader are checked as input lines are. One that
// can't be used is never sent.
func TestRequestsMadeByHandAreChecked(t *testing.T) {
	const url = "http://a.test/"
	for _, tt := range []struct {
		name string
		in   Request
		says string
	}{
		{"no URL", Request{URL: "nonsense"}, "no http:// or https:// in front"},
		{"the method", Request{URL: url, Method: "BAD METHOD"}, "not an HTTP method"},
		{"method CONNECT", Request{URL: url, Method: "CONNECT"}, "not an HTTP method"},
		{"a line break in a header", Request{URL: url, Header: http.Header{"X": {"a\r\nY: b"}}}, "control character"},
		{"a header name", Request{URL: url, Header: http.Header{"X Y": {"a"}}}, "holds what a name can't"},
		{"a header that frames the message", Request{URL: url, Header: http.Header{"Transfer-Encoding": {"chunked"}}},
			"frames the message"},
		{"the host", Request{URL: url, Header: http.Header{"Host": {"exa mple"}}}, "header Host is no host"},
		{"no host", Request{URL: url, Header: http.Header{"Host": {""}}}, "header Host is no host"},
		{"a masked header", Request{URL: url, Header: http.Header{"Authorization": {redact.Placeholder}}},
			"by flag, netrc or environment"},
		{"a masked URL", Request{URL: "http://***@a.test/"}, "by flag, netrc or environment"},
		{"the hash", Request{URL: url, SHA256: "abc"}, "64 hexadecimal digits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int32
				client := fakeOrigin(func(*http.Request) (*http.Response, error) {
					requests.Add(1)
					return newResponse(200, ""), nil
				})
				var sink recorder
				s, err := runWithClient(t.Context(), sourceOf(tt.in, Request{URL: url}), &sink, options(nil), client)
				if err != nil || sink.kinds() != "invalid_request ok" || requests.Load() != 1 {
					t.Fatalf("%s, %d requests: %+v, %v", sink.kinds(), requests.Load(), s, err)
				}
				for _, r := range sink.records {
					if r.Failure != nil && (!strings.Contains(r.Failure.Error(), tt.says) || r.Request.URL != "" || r.Attempts != 0) {
						t.Errorf("says %q of %q after %d attempts", r.Failure, r.Request.URL, r.Attempts)
					}
				}
			})
		})
	}
}

// TestHashMadeByHandMayBeUpperCase checks that the hash of a Request is brought to lower case, as an input line's is.
func TestHashMadeByHandMayBeUpperCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte("ok")))
		var sink recorder
		source := sourceOf(
			Request{URL: "http://a.test/", SHA256: strings.ToUpper(sum)},
			Request{URL: "http://a.test/", SHA256: strings.Repeat("AB", 32)},
		)
		_, err := runWithClient(t.Context(), source, &sink, options(nil), respondAfter(0))
		if err != nil || sink.kinds() != "ok checksum" {
			t.Fatalf("%s, %v", sink.kinds(), err)
		}
		for _, r := range sink.records {
			if r.Seq == 0 && r.Request.SHA256 != sum {
				t.Errorf("the record has %q", r.Request.SHA256)
			}
		}
	})
}

// TestFailedRecordAsksTheSameAgain checks that the Request of a failed Record has the method and body that the options
// gave, and none of their headers, which may be secret.
func TestFailedRecordAsksTheSameAgain(t *testing.T) {
	word, none := []byte("theirs"), []byte(nil)
	with := func(o *Options) {
		o.Method, o.Body, o.Retries = "PUT", []byte("ours"), 0
		o.Header = http.Header{"X-Api-Key": {"secret"}}
		o.Username, o.Password = "u", "p"
	}
	for _, tt := range []struct {
		name   string
		in     Request
		with   func(*Options)
		status int
		method string
		body   []byte
		form   BodyForm
	}{
		{name: "both are the options'", with: with, status: 500, method: "PUT", body: []byte("ours")},
		{name: "the method is its own", in: Request{Method: "PATCH"}, with: with, status: 500, method: "PATCH",
			body: []byte("ours")},
		{name: "the body is its own", in: Request{Body: word, BodyForm: BodyJSON}, with: with, status: 500, method: "PUT",
			body: word, form: BodyJSON},
		{name: "an empty body is its own too", in: Request{Body: []byte{}}, with: with, status: 500, method: "PUT",
			body: []byte{}},
		{name: "the options say nothing", status: 404, body: none},
		{name: "a success needs none", with: with, status: 200, body: none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fakeOrigin(func(*http.Request) (*http.Response, error) { return newResponse(tt.status, ""), nil })
				var sink recorder
				tt.in.URL, tt.in.Header = "http://a.test/", http.Header{"X-Mine": {"1"}}
				if _, err := runWithClient(t.Context(), sourceOf(tt.in), &sink, options(tt.with), client); err != nil {
					t.Fatal(err)
				}
				r := sink.records[0].Request
				if r.Method != tt.method || string(r.Body) != string(tt.body) || (r.Body == nil) != (tt.body == nil) ||
					r.BodyForm != tt.form {
					t.Errorf("asks %q %q in form %d, nil is %t", r.Method, r.Body, r.BodyForm, r.Body == nil)
				}
				if len(r.Header) != 1 || r.Header.Get("X-Mine") != "1" {
					t.Errorf("the header is %v", r.Header)
				}
			})
		})
	}
}

// TestWhatASourceChangesIsChecked checks that a Source that changes a Request can't send what a Reader refuses.
func TestWhatASourceChangesIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"method": func(r *Request) { r.Method = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\nGET" },
		"header": func(r *Request) { r.Header = http.Header{"Host": {"x\r\nX-Evil: 1"}} },
	} {
		source := func(yield func(Request, error) bool) {
			for r, err := range linesOf("http://127.0.0.1:1/") {
				change(&r)
				if !yield(r, err) {
					return
				}
			}
		}
		var sink recorder
		if _, err := Run(t.Context(), source, &sink, noRetryOptions(nil)); err != nil || sink.kinds() != "invalid_request" {
			t.Errorf("%s: %s, %v", name, sink.kinds(), err)
		}
	}
}
