package output

import (
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// TestCookiesOfAnswersAreMasked: names and attributes stand in --headers, values do not.
func TestCookiesOfAnswersAreMasked(t *testing.T) {
	for _, failure := range []*fetch.Failure{nil, {Kind: fetch.BadStatus, Err: http.ErrNotSupported}} {
		line := string(appendRecord(nil, &fetch.Record{Request: fetch.Request{URL: "http://a.test/"}, Failure: failure, Header: http.Header{
			"Set-Cookie": {"a=s3cret; Path=/", "b=s3cret"}, "Set-Cookie2": {"c=s3cret"},
		}}, BodyAuto))
		if want := `"set-cookie":["a=***; Path=/","b=***"],"set-cookie2":["c=***"]`; !strings.Contains(line, want) || strings.Contains(line, "s3cret") {
			t.Errorf("got %s, want %s in it", line, want)
		}
	}
}
