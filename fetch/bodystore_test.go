package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestBodyStoreTakesBodies checks that with a BodyStore a Record has the path, the hash and the counts, and no body.
func TestBodyStoreTakesBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Duration(10-len(r.URL.Path)) * time.Second)
			return newResponse(200, strings.Repeat(r.URL.Path, 100<<10)), nil // more than one buffer
		})
		store := new(failingStore)
		var sink recorder
		s, err := runWithClient(t.Context(), urlsWithPaths(30, "http://a.test", "http://b.test"), &sink,
			options(func(o *Options) { o.BodyStore = store }), client)
		if err != nil || s.Succeeded != 30 || len(store.bodies) != 30 || store.abandoned != 0 {
			t.Fatalf("%d kept, %d abandoned, %+v, %v", len(store.bodies), store.abandoned, s, err)
		}
		for i, r := range sink.records {
			body := strings.Repeat("/"+r.Request.Path, 100<<10)
			if r.Path != "store/"+r.Request.Path || store.bodies[r.Request.Path] != body || r.HasBody || sink.bodies[i] != "" {
				t.Errorf("%s is at %q, has a body: %t", r.Request.Path, r.Path, r.HasBody)
			}
			if r.SHA256 != sha256.Sum256([]byte(body)) || !r.Hashed || r.Bytes != int64(len(body)) || r.WireBytes != r.Bytes {
				t.Errorf("%s: %x, %d of %d bytes", r.Request.Path, r.SHA256, r.Bytes, len(body))
			}
		}
	})
}

// TestClaimsAreInInputOrder checks that paths are claimed in the order of the input, whatever the order of the
// responses.
func TestClaimsAreInInputOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Duration(len(r.URL.Path)%3) * time.Second)
			if r.URL.Path == "/7" {
				return newResponse(503, "", "Retry-After", "5"), nil
			}
			return newResponse(200, "x"), nil
		})
		store := new(failingStore)
		s, err := runWithClient(t.Context(), urlsWithPaths(300, "http://a.test", "http://b.test", "http://c.test"),
			&recorder{}, options(func(o *Options) { o.BodyStore, o.Lookahead = store, 20 }), client)
		var want []string
		for i := range 300 {
			want = append(want, fmt.Sprint(i))
		}
		if err != nil || s.Total != 300 || !slices.Equal(store.claimed, want) {
			t.Errorf("claimed %v, %+v, %v", store.claimed, s, err)
		}
	})
}

// TestClaimThatFailsIsAnInvalidRequest checks that a claim that fails makes one Record of kind invalid_request before
// anything is sent, and that the run continues. Lines that can't be used claim nothing.
func TestClaimThatFailsIsAnInvalidRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		requests := map[string]int{}
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			requests[r.URL.Path]++
			return newResponse(200, "x"), nil
		})
		store := &failingStore{claimErr: failOnly("1", errors.New("the name is taken"))}
		var sink recorder
		source := joined(urlsWithPaths(3, "http://u:hunter2@a.test"), linesOf("nonsense"))
		s, err := runWithClient(t.Context(), source, &sink, options(func(o *Options) { o.BodyStore = store }), client)
		if err != nil || sink.kinds() != "ok invalid_request ok invalid_request" || requests["/1"] != 0 ||
			len(requests) != 2 ||
			store.created != 2 {
			t.Fatalf("%s: requests %v, %+v, %v", sink.kinds(), requests, s, err)
		}
		if !slices.Equal(store.claimed, []string{"0", "1", "2"}) {
			t.Errorf("claimed %v", store.claimed)
		}
		for _, r := range sink.records {
			if r.Seq == 1 && (r.Failure.Error() != "the name is taken" || r.Path != "" || r.Attempts != 0 ||
				strings.Contains(string(r.Input), "hunter2")) {
				t.Errorf("%v at %q after %d attempts, of %q", r.Failure, r.Path, r.Attempts, r.Input)
			}
		}
	})
}

// TestOnlyWholeBodiesAreCommitted checks that a body that is wrong, too large or cut off is abandoned.
func TestOnlyWholeBodiesAreCommitted(t *testing.T) {
	sum := sha256.Sum256([]byte("half"))
	zeros := strings.Repeat("0", 64)
	length := func(n int) string { return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhalf", n) }
	for _, tt := range []struct {
		name, says, sha string
		most            int64
		want            failure.Kind
	}{
		{name: "whole", says: length(4), sha: hex.EncodeToString(sum[:]), want: ""},
		{name: "another hash", says: length(4), sha: zeros, want: failure.Checksum},
		{name: "too large", says: "HTTP/1.1 200 OK\r\n\r\nhalf", most: 3, want: failure.TooLarge},
		{name: "as large as may be", says: length(4), most: 4, want: ""},
		{name: "cut", says: length(5), want: failure.Truncated},
		{name: "cut before the hash is wrong", says: length(5), sha: zeros, want: failure.Truncated},
		{name: "a broken coding", says: strings.Replace(length(4), "\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n", 1),
			want: failure.Decode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := nettest.Talk(t, func(c *net.TCPConn) {
				nettest.ReadRequest(c)
				nettest.Say(c, tt.says)
				_ = c.CloseWrite()
				nettest.AwaitClose(c)
			})
			store := new(failingStore)
			var sink recorder
			o := noRetryOptions(func(o *Options) {
				if o.BodyStore = store; tt.most > 0 {
					o.MaxBody = tt.most
				}
			})
			s, err := Run(t.Context(), sourceOf(Request{URL: url, Path: "x", SHA256: tt.sha}), &sink, o)
			if err != nil || !s.Complete {
				t.Fatalf("%+v, %v", s, err)
			}
			r := sink.records[0]
			if kept := len(store.bodies) == 1; kindOf(r) != tt.want || kept != (tt.want == "") || store.created != 1 ||
				store.abandoned != 1-len(store.bodies) {
				t.Errorf("%d of %d kept, %d abandoned, %s: %v", len(store.bodies), store.created, store.abandoned, kindOf(r),
					r.Failure)
			}
			if (r.Path != "") != (tt.want == "") || r.HasBody {
				t.Errorf("at %q, has a body: %t", r.Path, r.HasBody)
			}
		})
	}
}

// TestBodyStoreThatFails checks that an error of the disk ends the run as a broken output does, and that a *Failure
// concerns its Request only.
func TestBodyStoreThatFails(t *testing.T) {
	full := errors.New("no space left on device")
	for name, breaks := range map[string]func(*failingStore, error){
		"as it begins": func(p *failingStore, err error) { p.createErr = failOnly("3", err) },
		"in a body":    func(p *failingStore, err error) { p.writeErr = failOnly("3", err) },
		"at its end":   func(p *failingStore, err error) { p.commitErr = failOnly("3", err) },
	} {
		run := func(cause error) (*failingStore, *recorder, Summary, error) {
			store, sink := new(failingStore), new(recorder)
			breaks(store, cause)
			o := options(func(o *Options) { o.BodyStore, o.Concurrency = store, 2 })
			s, err := runWithClient(context.Background(), urlsWithPaths(100, "http://a.test"), sink, o,
				respondAfter(time.Second))
			return store, sink, s, err
		}
		t.Run(name+", the disk", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, _, s, err := run(full)
				var output *OutputError
				if !errors.As(err, &output) || !errors.Is(err, full) || s.Stopped != StopOutput || s.Complete {
					t.Errorf("%+v, %v", s, err)
				}
				if s.Elapsed > 3*time.Second || s.NotStarted < 90 || store.bodies["3"] != "" || store.created != store.abandoned+
					len(store.bodies) {
					t.Errorf("%+v; %d created, %d kept, %d abandoned", s, store.created, len(store.bodies), store.abandoned)
				}
			})
		})
		t.Run(name+", the request", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, sink, s, err := run(fmt.Errorf("naming it: %w", failure.New(failure.IO, "the name is too long")))
				if err != nil || !s.Complete || s.Succeeded != 99 || s.ByKind[failure.IO] != 1 || len(store.bodies) != 99 ||
					store.created != store.abandoned+99 {
					t.Fatalf("%+v, %v; %d created, %d kept, %d abandoned", s, err, store.created, len(store.bodies), store.abandoned)
				}
				for _, r := range sink.records {
					if failed := r.Failure != nil; failed != (r.Request.Path == "3") || failed != (r.Path == "") {
						t.Errorf("%s is at %q: %v", r.Request.Path, r.Path, r.Failure)
					}
				}
			})
		})
	}
}

// TestBodyStoreTakesSuccessesOnly checks that the BodyStore is not called for responses that fail, that are retried, or
// that can have no body.
func TestBodyStoreTakesSuccessesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			return map[string]*http.Response{"/0": newResponse(404, "no"), "/1": newResponse(500, "no"),
				"/2": newResponse(204, ""), "/3": newResponse(200, "")}[r.URL.Path], nil
		})
		store := new(failingStore)
		var sink recorder
		_, err := runWithClient(t.Context(), urlsWithPaths(4, "http://a.test"), &sink,
			options(func(o *Options) { o.BodyStore = store }), client)
		if _, empty := store.bodies["3"]; err != nil || sink.kinds() != "status status ok ok" || store.created != 1 ||
			!empty {
			t.Errorf("%s: %d created, kept %v, %v", sink.kinds(), store.created, store.bodies, err)
		}
	})
}
