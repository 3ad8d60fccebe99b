package fetch

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLog checks that every attempt is logged at debug level and a slow one as a warning, without secrets.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		requests := 0
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			if requests++; requests == 1 {
				return newResponse(503, "", "Retry-After", "1"), nil
			}
			return respondAfter(3 * time.Second)(r)
		})
		o := options(func(o *Options) {
			o.Slow = 2 * time.Second
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			o.Concurrency = 1
		})
		if _, err := runWithClient(t.Context(), linesOf("http://user:hunter2@a.test/"), &recorder{}, o, client); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 || strings.Contains(log.String(), "hunter2") {
			t.Fatalf("got %s", log.String())
		}
		for i, words := range [][]string{
			{"level=DEBUG msg=exchange", "url=http://***@a.test/", "attempt=1", "then=retry", "status=503", `kind=status`,
				"delay_ms="},
			{`level=WARN msg="slow exchange"`, "attempt=2", "then=final", "status=200", "elapsed_ms=3000"},
		} {
			for _, word := range words {
				if !strings.Contains(lines[i], word) {
					t.Errorf("%q is not in %s", word, lines[i])
				}
			}
		}
	})
}
