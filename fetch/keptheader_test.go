package fetch

import (
	"fmt"
	"net/http"
	"testing"
)

// TestKeptHeaders: with Options.KeepHeader each Record has its own header, also once others have followed.
func TestKeptHeaders(t *testing.T) {
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.Path)
		w.Header().Set("Cache-Control", "max-age=3600")
	})
	var urls []string
	for n := range 20 {
		urls = append(urls, fmt.Sprintf("%s/%d", url, n))
	}
	for name, change := range map[string]func(*Options){
		"one at a time":  func(o *Options) { o.Concurrency = 1 },
		"four at a time": func(o *Options) { o.Concurrency = 4 },
	} {
		var sink recorder
		o := noRetryOptions(change)
		o.KeepHeader = true
		if _, err := Run(t.Context(), linesOf(urls...), &sink, o); err != nil {
			t.Fatal(err)
		}
		for _, r := range sink.records {
			if got, want := url+r.Header.Get("X-Path"), r.Request.URL; got != want {
				t.Errorf("%s: the record of %s has the header of %s", name, want, got)
			}
		}
	}
}
