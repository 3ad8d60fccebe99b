package fetch

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRetryInfo checks that a host which says when to come back in the bodies of its refusals alone, as a server behind
// grpc-gateway 2.33 does, is left alone until then.
func TestRetryInfo(t *testing.T) {
	const body = `{"code":8,"message":"quota exceeded","details":[` +
		`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"%fs"}]}`
	for _, kept := range []int64{0, 1 << 10} {
		synctest.Test(t, func(t *testing.T) {
			began, end := time.Now(), time.Now().Add(40*time.Second)
			var mu sync.Mutex
			early := 0
			client := fakeOrigin(func(*http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				left := time.Until(end)
				if left <= 0 {
					return newResponse(200, ""), nil
				}
				if time.Since(began) > 0 {
					early++
				}
				return newResponse(429, fmt.Sprintf(body, left.Seconds())), nil
			})
			o := options(func(o *Options) { o.FailureBody = kept })
			s, err := runWithClient(t.Context(), urls(100, "http://a.test"), &recorder{}, o, client)
			if err != nil || s.Succeeded != 100 || early > 0 {
				t.Errorf("%d bytes are kept: %d succeeded, %d requests came early, %v", kept, s.Succeeded, early, err)
			}
		})
	}
}
