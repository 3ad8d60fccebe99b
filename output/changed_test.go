package output

import (
	"bytes"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

func changedRecord(seq int64, url string, unchanged bool) *fetch.Record {
	r := encodetest.Success("text/plain", "body")
	r.Seq, r.Request.URL, r.Unchanged = seq, url, unchanged
	return r
}

// TestOnlyChanged: unchanged Records are left out, in order too, and hold up no other.
func TestOnlyChanged(t *testing.T) {
	var out bytes.Buffer
	sink := NewInOrder(OnlyChanged{NewJSONL(&out, encode.Layout{Body: encode.BodyAuto})}, nil)
	for _, r := range []*fetch.Record{changedRecord(2, "http://c/", false), changedRecord(1, "http://b/", true),
		changedRecord(3, "http://d/", true), changedRecord(0, "http://a/", false)} {
		sink.Encode(r)
		if r.Unchanged && len(r.Line) > 0 {
			t.Errorf("%s was rendered", r.Request.URL)
		}
		if err := sink.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Flush(true); err != nil || sink.Held() != 0 {
		t.Fatalf("%d held, %v", sink.Held(), err)
	}
	if got := out.String(); strings.Count(got, "\n") != 2 || strings.Index(got, "http://a/") > strings.Index(got,
		"http://c/") {
		t.Errorf("got %s", got)
	}
}
