package judge

import (
	"testing"
	"time"
)

// TestRetryInfoOf checks which bodies ask to wait.
func TestRetryInfoOf(t *testing.T) {
	const info = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"5.995173603s"}`
	for _, tt := range []struct {
		name, body string
		want       time.Duration
	}{
		{"grpc-gateway 2.33", `{"code":8,"message":"quota exceeded","details":[` + info + `]}`, 5995173603},
		{"an API of Google", `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[` +
			`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]},` + info + `]}}`, 5995173603},
		{"a list of them", `[{"error":{"details":[` + info + `]}}]`, 5995173603},
		{"Connect 1.21", `{"code":"resource_exhausted","message":"quota","details":[{"type":"google.rpc.RetryInfo",` +
			`"value":"CggIAxCAyrXuAQ","debug":{"retryDelay":"3.500s"}}]}`, 3500 * time.Millisecond},
		{"two", `[` + info + `,{"type":"google.rpc.RetryInfo","retryDelay":"9s"}]`, 9 * time.Second},
		{"for years", `{"type":"google.rpc.RetryInfo","retryDelay":"315576000000s"}`, 0},
		{"for a year", `{"type":"google.rpc.RetryInfo","retryDelay":"31557600s"}`, longestReset},
		{"in the past", `{"type":"google.rpc.RetryInfo","retryDelay":"-5s"}`, 0},
		{"another unit", `{"type":"google.rpc.RetryInfo","retryDelay":"5m"}`, 0},
		{"a number", `{"type":"google.rpc.RetryInfo","retryDelay":5}`, 0},
		{"no RetryInfo", `{"type":"config","retryDelay":"5s"}`, 0},
		{"without a type", `{"retryDelay":"5s"}`, 0},
		{"cut", `{"details":[` + info, 0},
		{"a page", `<p>"retryDelay"</p>`, 0},
		{"nothing", ``, 0},
	} {
		if got := RetryInfoOf([]byte(tt.body)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
