package fetch

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// TestLocationKeepsNoHeader: a Location keeps none of the header alive of which it is a part: Tasks that wait have one.
func TestLocationKeepsNoHeader(t *testing.T) {
	locations := make([]string, 1000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range locations {
		header := "/x" + strings.Repeat(" ", 64<<10)
		location, err := locationOf(302, http.Header{"Location": {header[:2]}})
		if err != nil {
			t.Fatal(err)
		}
		locations[i] = location
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("1000 locations take %d KiB", grown>>10)
	}
	runtime.KeepAlive(locations)
}
