package h3

import (
	"bufio"
	"bytes"
	"io"
	"sync/atomic"
	"testing"
)

// FuzzResponse: whatever comes over a stream is a response within the bounds, or an error.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(status200 + frame(frameData, "abc")))
	f.Add([]byte(frame(frameHeaders, "\x00\x00\xd8") + frame(0x21, "ab") + status200 + frame(frameHeaders, "\x00\x00")))
	f.Add([]byte(frame(frameHeaders, "\x00\x00\xd9"+"\x54\x013"+literal("x-aaaaaaaaaa", "b")) + frame(frameData, "abc")))
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := &responseReader{stream: &stream{answered: new(atomic.Bool)}, config: testConfig(), expected: -1,
			in: bufio.NewReader(io.MultiReader(bytes.NewReader(sent), endReader{}))}
		resp, err := r.readResponse()
		if err != nil {
			return
		}
		if resp.StatusCode/100 == 1 || len(resp.Header) > r.config.MaxHeaderBytes {
			t.Errorf("%d with %d fields", resp.StatusCode, len(resp.Header))
		}
		total, p := 0, make([]byte, 7)
		for err == nil {
			var n int
			n, err = r.readBody(p)
			total += n
		}
		isWhole := resp.ContentLength < 0 || r.noBody || int64(total) == resp.ContentLength
		if total > len(sent) || err == io.EOF && !isWhole {
			t.Errorf("%d bytes of %d, %v", total, resp.ContentLength, err)
		}
	})
}

// An endReader is at the end of a stream.
type endReader struct{}

func (endReader) Read([]byte) (int, error) { return 0, errEnd }
