package coding

import (
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch/coding/codingtest"
)

// TestIsUncoded checks which bodies are text in place of what their Content-Encoding says.
func TestIsUncoded(t *testing.T) {
	text := `{"name":"Zoë","rows":[` + strings.Repeat("1,", 300) + "2]}"
	gzipped := codingtest.Encode(t, text, "gzip")
	for _, tt := range []struct {
		name, coding, start string
		want                bool
	}{
		{"JSON as gzip", "gzip", text, true},
		{"JSON as br", "br", text, true},
		{"JSON as deflate", "deflate", text, true},
		{"JSON as zstd", "zstd", text, true},
		{"JSON as gzip in br", "gzip, br", text, true},
		{"one line", "gzip", "ok, all is well\n", true},
		{"a rune that the end cuts", "gzip", "a long name: Zo\xc3", true},
		{"gzip", "gzip", gzipped, false},
		{"gzip damaged in its header", "gzip", "\x1e" + gzipped[1:], false},
		{"br", "br", codingtest.Encode(t, text, "br"), false},
		{"br of nothing, which is a semicolon", "br", ";", false},
		{"nothing", "gzip", "", false},
		{"not UTF-8", "gzip", "Zo\xeb and more of it", false},
		{"no coding", "", text, false},
		{"an unknown one", "lzma", text, false},
	} {
		h := http.Header{}
		if tt.coding != "" {
			h.Set("Content-Encoding", tt.coding)
		}
		if got := IsUncoded([]byte(tt.start[:min(len(tt.start), UncodedPeek)]), h, nil); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
