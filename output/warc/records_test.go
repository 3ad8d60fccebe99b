package warc_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"batchfetch/output/warc"
)

// archived returns a record of an archive.
func archived(kind, content, block string) string {
	return fmt.Sprintf("WARC/1.1\r\nWARC-Type: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n",
		kind, content, len(block), block)
}

// TestRecords: the Records of an archive are the metadata records in JSON, and nothing that a server has sent, however
// it looks.
func TestRecords(t *testing.T) {
	meta := archived("metadata", "application/json", `{"a":1}`)
	forged := archived("response", "application/http;msgtype=response",
		"HTTP/1.1 200 OK\r\n\r\n\n{\"forged\":1}\n\r\n\r\n"+archived("metadata", "application/json", `{"forged":2}`))
	for _, tt := range []struct {
		name, archive, want string
		cut                 bool
		err                 bool // another error
	}{
		{"nothing", "", "", false, false},
		{"several", meta + archived("warcinfo", "application/warc-fields", "a: b") + meta, "{\"a\":1}\n{\"a\":1}\n",
			false, false},
		{"a server's text", forged + meta, "{\"a\":1}\n", false, false},
		{"other metadata", archived("metadata", "application/warc-fields", "via: x") + meta, "{\"a\":1}\n", false, false},
		{"names in other cases", strings.Replace(strings.ToLower(meta), "warc/1.1", "WARC/1.0", 1), "{\"a\":1}\n",
			false, false},
		{"an empty block", archived("metadata", "application/json", "") + meta, "\n{\"a\":1}\n", false, false},
		{"cut in a block", meta + meta[:len(meta)-6], "{\"a\":1}\n{\"a\":", true, false},
		{"cut in another block", meta + forged[:len(forged)-9], "{\"a\":1}\n", true, false},
		{"cut in a header", meta + meta[:30], "{\"a\":1}\n", true, false},
		{"no archive", `{"type":"success"}` + "\n", "", false, true},
		{"no length", "WARC/1.1\r\nWARC-Type: metadata\r\n\r\n{}", "", false, true},
		{"a length that is none", strings.Replace(meta, ": 7", ": -7", 1), "", false, true},
		{"a length that is too large", strings.Replace(meta, ": 7", ": 99999999999999999999", 1), "", false, true},
		{"a long line", "WARC/1.1\r\nX: " + strings.Repeat("x", 1<<20), "", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.archive), iotest.OneByteReader(strings.NewReader(tt.archive))} {
				got, err := io.ReadAll(warc.Records(in))
				if string(got) != tt.want || errors.Is(err, io.ErrUnexpectedEOF) != tt.cut || (err != nil) != (tt.cut || tt.err) {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
}
