package encode

import (
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
)

// TestWhatServersSendBackIsMasked: headers of requests that a server sends back, and userinfo in any header.
func TestWhatServersSendBackIsMasked(t *testing.T) {
	line := string(AppendRecord(nil, &fetch.Record{Request: fetch.Request{URL: "http://a.test/"}, Header: http.Header{
		"Authorization": {"Basic s3cret"}, "Proxy-Authorization": {"s3cret"}, "Cookie": {"a=s3cret"},
		"Link": {"<http://u:s3cret@b.test/>; rel=next"}, "Refresh": {"0;url=http://u:s3cret@b.test/"},
		"Location": {"//u:s3cret@b.test/"}, "X-Api-Key": {"s3cret"}, "X-Signature": {"for the reader"},
	}}, Layout{Body: BodyAuto}))
	const want = `"authorization":["***"],"cookie":["***"],"link":["<http://***@b.test/>; rel=next"],` +
		`"location":["//***@b.test/"],"proxy-authorization":["***"],"refresh":["0;url=http://***@b.test/"],` +
		`"x-api-key":["***"],"x-signature":["for the reader"]`
	if !strings.Contains(line, want) {
		t.Errorf("got %s, want %s in it", line, want)
	}
}

// TestCookiesOfAnswersAreMasked: --headers shows names and attributes of cookies, not their values.
func TestCookiesOfAnswersAreMasked(t *testing.T) {
	for _, failure := range []*failure.Failure{nil, {Kind: failure.BadStatus, Err: http.ErrNotSupported}} {
		line := string(AppendRecord(nil, &fetch.Record{Request: fetch.Request{URL: "http://a.test/"}, Failure: failure,
			Header: http.Header{
				"Set-Cookie": {"a=s3cret; Path=/", "b=s3cret"}, "Set-Cookie2": {"c=s3cret"},
			}}, Layout{Body: BodyAuto}))
		if want := `"set-cookie":["a=***; Path=/","b=***"],"set-cookie2":["c=***"]`; !strings.Contains(line, want) ||
			strings.Contains(line, "s3cret") {
			t.Errorf("got %s, want %s in it", line, want)
		}
	}
}
