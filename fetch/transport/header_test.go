package transport

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

func TestHeaderBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"none", nil, ""},
		{"as long as may be", http.Header{"X": {strings.Repeat("x", dial.MaxHeaderBytes-len("X: \r\n"))}}, ""},
		{"a byte more", http.Header{"X": {strings.Repeat("x", dial.MaxHeaderBytes-len("X: \r\n")+1)}}, "the header is over 256 KiB"},
		{"as many as may be", http.Header{"X": slices.Repeat([]string{""}, maxHeaderLines)}, ""},
		{"one more", http.Header{"X": slices.Repeat([]string{""}, maxHeaderLines), "Y": {""}}, "the header has 5001 lines, over 5000"},
	} {
		got := ""
		if f := checkHeader(tt.header); f != nil {
			if got = f.Error(); f.Kind != failure.TooLarge {
				t.Errorf("%s: %s", tt.name, f.Kind)
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestListTooLong: net/http's cause for a header that is too long can be known.
func TestListTooLong(t *testing.T) {
	if err := listTooLong(); err == nil || errors.Is(err, io.EOF) || err != listTooLong() {
		t.Errorf("got %v", err)
	}
}
