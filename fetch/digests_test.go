package fetch

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// digestOf returns a member of Content-Digest or Repr-Digest for a body.
func digestOf(algorithm, body string) string {
	sum := sha256.Sum256([]byte(body))
	raw := sum[:]
	if algorithm == "sha-512" {
		long := sha512.Sum512([]byte(body))
		raw = long[:]
	}
	return algorithm + "=:" + base64.StdEncoding.EncodeToString(raw) + ":"
}

// gzipped returns a text in gzip.
func gzipped(text string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, text) // a Buffer never fails
	_ = w.Close()
	return packed.String()
}

// TestDigestsAreVerified checks bodies against what their responses say of them: over the bytes with their content
// codings, whole or as a part, in memory, in a file, in a BodyStore or dropped.
func TestDigestsAreVerified(t *testing.T) {
	body := numberedText(100_000)
	packed := gzipped(body)
	for _, tt := range []struct {
		name, sent string
		header     http.Header
		line       string // {} is the URL; empty is that alone
		good       bool
	}{
		{"sha-256", body, http.Header{"Content-Digest": {digestOf("sha-256", body)}}, "", true},
		{"sha-512", body, http.Header{"Repr-Digest": {digestOf("sha-512", body)}}, "", true},
		{"of another body", body, http.Header{"Content-Digest": {digestOf("sha-256", "x")}}, "", false},
		{"sha-512 of another body", body, http.Header{"Repr-Digest": {digestOf("sha-512", "x")}}, "", false},
		{"one of two", body, http.Header{"Content-Digest": {digestOf("sha-256", body)},
			"Repr-Digest": {digestOf("sha-512", "x")}}, "", false},
		{"of the coded bytes", packed, http.Header{"Content-Encoding": {"gzip"},
			"Content-Digest": {digestOf("sha-256", packed)}, "Repr-Digest": {digestOf("sha-512", packed)}}, "", true},
		{"of the bytes before a coding on the way", packed, http.Header{"Content-Encoding": {"gzip"},
			"Content-Digest": {digestOf("sha-256", body)}, "Repr-Digest": {digestOf("sha-512", body)}}, "", true},
		{"coded, of another body", packed, http.Header{"Content-Encoding": {"gzip"},
			"Content-Digest": {digestOf("sha-256", "x")}}, "", false},
		{"coded, sha-512 of another body", packed, http.Header{"Content-Encoding": {"gzip"},
			"Content-Digest": {digestOf("sha-512", "x")}}, "", false},
		{"a part of the user's", body[:10], http.Header{"Content-Range": {"bytes 0-9/100000"},
			"Content-Digest": {digestOf("sha-256", body[:10])}, "Repr-Digest": {digestOf("sha-256", body)}},
			`{"url":"{}","headers":{"Range":"bytes=0-9"}}`, true},
		{"another part", body[:10], http.Header{"Content-Range": {"bytes 0-9/100000"},
			"Content-Digest": {digestOf("sha-256", body[1:11])}}, `{"url":"{}","headers":{"Range":"bytes=0-9"}}`, false},
		{"HEAD", "", http.Header{"Repr-Digest": {digestOf("sha-256", body)}, "Content-Digest": {digestOf("sha-256", body)}},
			`{"url":"{}","method":"HEAD"}`, true},
		{"of an upload", "", http.Header{"X-Amz-Checksum-Crc32c": {"4waSgw=="}}, `{"url":"{}","method":"PUT","body":"x"}`,
			true},
		{"a hash of a vendor", "123456789", http.Header{"X-Amz-Checksum-Crc64nvme": {"rosUhgp5mIg="}}, "", true},
		{"another hash of a vendor", "123456780", http.Header{"X-Goog-Hash": {"crc32c=4waSgw=="}}, "", false},
		{"Content-MD5", body, http.Header{"Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg=="}}, "", false},
		{"what can't be read", body, http.Header{"Content-Digest": {"sha-256=x"}, "Content-Md5": {"?"}}, "", true},
	} {
		url := startServer(t, func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range tt.header {
				w.Header()[name] = values
			}
			if tt.header["Content-Range"] != nil {
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = io.WriteString(w, tt.sent)
		})
		line := strings.ReplaceAll(tt.line, "{}", url)
		if line == "" {
			line = url
		}
		for where, change := range map[string]func(*Options){
			"memory": nil, "file": func(o *Options) { o.BodyMemory = 5 }, "dropped": func(o *Options) { o.DropBody = true },
			"store": func(o *Options) { o.BodyStore = newMemoryStore() },
		} {
			r, _ := runOne(t, line, noRetryOptions(change))
			want := failure.Kind("")
			if !tt.good {
				want = failure.Checksum
			}
			if kindOf(r) != want {
				t.Errorf("%s, in %s: %q, %s", tt.name, where, kindOf(r), failureText(r))
			}
		}
	}
}

// TestDigestInTrailer checks the digests of a trailer, over both versions of HTTP, where the header announces them.
func TestDigestInTrailer(t *testing.T) {
	for _, field := range []string{"Content-Digest", "Repr-Digest"} {
		for _, algorithm := range []string{"sha-256", "sha-512"} {
			for body, want := range map[string]failure.Kind{"right": "", "wrong": failure.Checksum} {
				page := func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Trailer", "X-Other, "+field)
					_, _ = io.WriteString(w, body)
					_ = http.NewResponseController(w).Flush()
					w.Header().Set(field, digestOf(algorithm, "right"))
				}
				url, o := startTLSServer(t, true, page)
				if r, _ := runOne(t, url, o); kindOf(r) != want || r.Protocol != "HTTP/2.0" {
					t.Errorf("%s %s over HTTP/2 is %s: %q", algorithm, field, body, failureText(r))
				}
				if r, _ := runOne(t, startServer(t, page), noRetryOptions(nil)); kindOf(r) != want {
					t.Errorf("%s %s over HTTP/1.1 is %s: %q", algorithm, field, body, failureText(r))
				}
			}
		}
	}
}

// TestDamageIsRetriedOnce checks that a body which is not what its response says is requested once more, unless the
// request can't be repeated or nothing is retried; and with checksum in RetryOn as often as anything.
func TestDamageIsRetriedOnce(t *testing.T) {
	for _, tt := range []struct {
		name     string
		line     string
		change   func(*Options)
		bad      int32 // responses
		attempts int
		kind     failure.Kind
	}{
		{"damaged on its way", "{}", nil, 1, 2, ""},
		{"never right", "{}", nil, 9, 2, failure.Checksum},
		{"no retries", "{}", func(o *Options) { o.Retries = 0 }, 1, 1, failure.Checksum},
		{"nothing to retry on", "{}", func(o *Options) { o.RetryOn = judge.RetryOn{} }, 1, 1, failure.Checksum},
		{"a kind to retry on", "{}", func(o *Options) {
			o.RetryOn = judge.RetryOn{Kinds: []failure.Kind{failure.Checksum}}
		}, 3, 4, ""},
		{"POST", `{"url":"{}","body":"x"}`, nil, 1, 1, failure.Checksum},
		{"the hash of the line", `{"url":"{}","sha256":"` + strings.Repeat("0", 64) + `"}`, nil, 0, 1, failure.Checksum},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			url := startServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Digest", digestOf("sha-256", "right"))
				body := "right"
				if asked.Add(1) <= tt.bad {
					body = "wrong"
				}
				_, _ = io.WriteString(w, body)
			})
			o := withRetries(5)
			o.RetryDelay = time.Millisecond
			if tt.change != nil {
				tt.change(&o)
			}
			r, _ := runOne(t, strings.ReplaceAll(tt.line, "{}", url), o)
			if r.Attempts != tt.attempts || kindOf(r) != tt.kind {
				t.Errorf("%d attempts, %s", r.Attempts, failureText(r))
			}
		})
	}
}

// TestDigestOfContinuedBody checks that what is continued is verified as a whole, and that a body whose parts do not
// belong together is requested again from its first byte.
func TestDigestOfContinuedBody(t *testing.T) {
	body := numberedText(200_001)
	for _, algorithm := range []string{"sha-256", "sha-512"} {
		for _, isChanged := range []bool{false, true} {
			origin, store := newRangeServer(t, body, 100_000), newMemoryStore()
			handler := origin.server.Config.Handler
			var asked atomic.Int32
			origin.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) > 1 && isChanged { // with the same entity tag
					origin.mu.Lock()
					origin.body = strings.ToUpper(body)
					origin.mu.Unlock()
				}
				origin.mu.Lock()
				w.Header().Set("Repr-Digest", digestOf(algorithm, origin.body))
				origin.mu.Unlock()
				handler.ServeHTTP(w, r)
			})
			origin.server.Start()
			r := runWithStore(t, store, Request{URL: origin.server.URL}, withRetries(1))
			want, from, requests := body, 100_000, int32(2)
			if isChanged {
				want, from, requests = strings.ToUpper(body), 0, 3
			}
			wantWholeBody(t, store, r, want, from)
			if asked.Load() != requests {
				t.Errorf("%s, changed %t: %d requests", algorithm, isChanged, asked.Load())
			}
		}
	}
}

// TestDigestOf304 checks that a 304 which tells another digest than that of the stored body does not confirm it.
func TestDigestOf304(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setTagged("/x", `"t"`, "one", "Repr-Digest", digestOf("sha-256", "one"))
		rig.want(1, "miss 200 one", nil, "/x")
		rig.want(1, "revalidated 200 one", nil, "/x")
		rig.setTagged("/x", `"t"`, "two", "Repr-Digest", digestOf("sha-256", "two"))
		rig.want(2, "miss 200 two", nil, "/x")
	})
}

// TestDigestsAreWanted checks what asks for digests: nothing, or WantDigest, also at another origin; and that a cached
// response is found with and without.
func TestDigestsAreWanted(t *testing.T) {
	var got atomic.Value
	there := startServer(t, func(_ http.ResponseWriter, r *http.Request) {
		got.Store(fmt.Sprint(r.Header["Want-Content-Digest"], r.Header["Want-Repr-Digest"]))
	})
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, there, http.StatusFound) })
	for want, text := range map[bool]string{false: "[] []", true: "[sha-256=10, sha-512=5] [sha-256=10, sha-512=5]"} {
		runOne(t, url, noRetryOptions(func(o *Options) { o.WantDigest = want }))
		if got.Load() != text {
			t.Errorf("wanted %t: %s", want, got.Load())
		}
	}
}
