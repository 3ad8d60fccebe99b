package input

import (
	"fmt"
	"strings"
	"testing"
)

// TestRecordsKeepTheirIndex: the Record of what failed has the index that it had, other lines have their place.
func TestRecordsKeepTheirIndex(t *testing.T) {
	for _, tt := range []struct {
		line string
		want int64 // 1 is its place
	}{
		{`http://a.test/`, 1},
		{`{"url":"http://a.test/"}`, 1},
		{`{"url":"http://a.test/","index":7}`, 1}, // a member of somebody's own
		{`{"type":"failure","index":7,"url":"http://a.test/"}`, 7},
		{`{"type":"failure","index":0,"url":"http://a.test/"}`, 0},
		{`{"url":"http://a.test/", "index" : 7 , "type" : "success"}`, 7},
		{`{"type":"failure","index":7,"url":"http://a.test/","request":{"url":"http://a.test/","method":"PUT"}}`, 7},
		{`{"type":"failure","index":7,"error":{"kind":"invalid_request"},"input":"what?"}`, 7},
		{`{"type":"failure","index":-1,"url":"http://a.test/"}`, 1},
		{`{"type":"failure","index":1.5,"url":"http://a.test/"}`, 1},
		{`{"type":"failure","index":"7","url":"http://a.test/"}`, 1},
		{`{"type":"failure","index":99999999999999999999,"url":"http://a.test/"}`, 1},
		{`{"type":"failure","index":7,"url":"http://a.test/"`, 1},
		{`{"type":"other","index":7,"url":"http://a.test/"}`, 1},
		{`{}"index"`, 1},
	} {
		input := "http://first.test/\n" + tt.line + "\nhttp://last.test/\n"
		requests, _ := collect(new(Reader).Lines(strings.NewReader(input), "-"))
		var got []string
		for _, r := range requests {
			got = append(got, fmt.Sprint(r.Index))
		}
		if want := fmt.Sprintf("0 %d 2", tt.want); strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", tt.line, got, want)
		}
	}
}
