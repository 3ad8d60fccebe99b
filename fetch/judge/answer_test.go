package judge

import (
	"net/http"
	"testing"
)

// TestWantsDigest: a 401 that asks for Digest and not for Basic names the flag for it, however it is written.
func TestWantsDigest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		lines  []string
		want   bool
	}{
		{"Digest", 401, []string{`Digest realm="a", nonce="b"`}, true},
		{"any case", 401, []string{`DIGEST realm="a"`}, true},
		{"behind another", 401, []string{"Negotiate", `Digest realm="a"`}, true},
		{"behind another in its line", 401, []string{`NTLM, Digest realm="a"`}, true},
		{"Basic beside it", 401, []string{`Digest realm="a"`, `Basic realm="a"`}, false},
		{"Basic behind it", 401, []string{`Digest realm="a", Basic realm="a"`}, false},
		{"Basic", 401, []string{`Basic realm="Digest a"`}, false},
		{"none", 401, nil, false},
		{"another status", 403, []string{`Digest realm="a"`}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{"Www-Authenticate": tt.lines}
			f := (&Answer{Status: tt.status, Header: header}).failureOfStatus()
			if got := f.Option == "digest"; got != tt.want {
				t.Errorf("got %v, option %q", f, f.Option)
			}
		})
	}
}
