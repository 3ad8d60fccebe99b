package fetch

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// A tokenServer answers 401 to all but requests with its current token, which changes with a time or a count.
type tokenServer struct {
	mu       sync.Mutex
	current  string
	received []string       // the Authorization of each request, with its path
	times    map[string]int // requests by path
}

// ServeHTTP redirects at /go?to=…, and asks for the token elsewhere.
func (s *tokenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := r.Header.Get("Authorization")
	s.received = append(s.received, r.URL.Path+" "+given)
	if s.times == nil {
		s.times = make(map[string]int)
	}
	s.times[r.URL.Path]++
	switch to := r.URL.Query().Get("to"); {
	case to != "":
		http.Redirect(w, r, to, http.StatusFound)
	case given != s.current:
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (s *tokenServer) expire(next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = next
}

// readToken returns a function for Options.RenewHeader that returns a token, and how often it has been called.
func readToken(token *atomic.Value) (func(context.Context) (http.Header, bool), *atomic.Int32) {
	reads := new(atomic.Int32)
	return func(context.Context) (http.Header, bool) {
		reads.Add(1)
		value, _ := token.Load().(string)
		return http.Header{"Authorization": {value}}, value != ""
	}, reads
}

// itemLines returns n lines for items of a server.
func itemLines(url string, n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s/items/%d", url, i))
	}
	return lines
}

// TestTokenIsRenewed: once a token has expired, every request gets its answer with the new one, at most one 401 each
// and without a retry, and the header is read once.
func TestTokenIsRenewed(t *testing.T) {
	server := &tokenServer{current: "new"}
	url := startServer(t, server.ServeHTTP)
	var token atomic.Value
	token.Store("new")
	renew, reads := readToken(&token)
	o := noRetryOptions(func(o *Options) {
		o.Header, o.RenewHeader = http.Header{"Authorization": {"old"}}, renew
	})
	var sink recorder
	sum, err := Run(t.Context(), linesOf(itemLines(url, 200)...), &sink, o)
	if err != nil || sum.Succeeded != 200 || sum.Retries != 0 {
		t.Fatalf("%d of %d succeeded, %d retries, %v", sum.Succeeded, sum.Total, sum.Retries, err)
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("the header was read %d times", n)
	}
	if late := len(server.received) - 200; late < 1 || late > o.HostConcurrency {
		t.Errorf("%d requests had the old token", late)
	}
	for _, r := range sink.records {
		if r.Attempts != 1 {
			t.Errorf("%s took %d attempts", r.Request.URL, r.Attempts)
		}
	}
}

// TestTokenExpiresAgain: the second token is replaced by a third.
func TestTokenExpiresAgain(t *testing.T) {
	server := &tokenServer{current: "two"}
	url := startServer(t, server.ServeHTTP)
	var token atomic.Value
	token.Store("two")
	renew, _ := readToken(&token)
	o := noRetryOptions(func(o *Options) {
		o.Header, o.RenewHeader, o.HostConcurrency = http.Header{"Authorization": {"one"}}, renew, 1
	})
	lines, done := itemLines(url, 3), make(chan struct{}, 3)
	sink := SinkFunc(func(*Record) error { done <- struct{}{}; return nil })
	source := func(yield func(Request, error) bool) {
		for i, line := range lines {
			if i == 2 {
				<-done
				<-done
				time.Sleep(renewEvery) // since the second token was read
				server.expire("three")
				token.Store("three")
			}
			if r, err := requestOf(line); !yield(r, err) {
				return
			}
		}
	}
	sum, err := Run(t.Context(), source, sink, o)
	if err != nil || sum.Succeeded != 3 {
		t.Errorf("%d succeeded, %v", sum.Succeeded, err)
	}
}

// TestUnauthorizedStays: where the values have not changed, can't be read, or are not those of the request, the 401 is
// the answer; the header is read at most once a second, and only after a 401 to a request that has it. Reads counts
// those of the first second.
func TestUnauthorizedStays(t *testing.T) {
	for _, c := range []struct {
		name, token, line string
		header            http.Header
		asked, reads      int
	}{
		{"unchanged", "old", "%s/a", http.Header{"Authorization": {"old"}}, 1, 1},
		{"unreadable", "", "%s/a", http.Header{"Authorization": {"old"}}, 1, 1},
		{"as wrong as before", "older", "%s/a", http.Header{"Authorization": {"old"}}, 2, 1},
		{"of the line", "new", `{"url":"%s/a","headers":{"Authorization":"mine"}}`,
			http.Header{"Authorization": {"old"}}, 1, 0},
		{"not to be repeated", "new", `{"url":"%s/a","retry":false}`, http.Header{"Authorization": {"old"}}, 1, 1},
		{"without the header", "new", "%s/a", http.Header{"Authorization": nil}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &tokenServer{current: "new"}
			url := startServer(t, server.ServeHTTP)
			var token atomic.Value
			token.Store(c.token)
			renew, reads := readToken(&token)
			began := time.Now()
			r, _ := runOne(t, fmt.Sprintf(c.line, url), noRetryOptions(func(o *Options) {
				o.Header, o.RenewHeader = c.header, renew
			}))
			if r.Status != http.StatusUnauthorized || r.Failure == nil {
				t.Errorf("status %d, %v", r.Status, r.Failure)
			}
			late := int(time.Since(began) / renewEvery) // reads that may come later
			if n := int(reads.Load()); len(server.received) != c.asked || n < c.reads || n > c.reads+c.reads*late {
				t.Errorf("asked %d times, read %d times", len(server.received), reads.Load())
			}
		})
	}
}

// TestManyUnauthorized: a host that refuses every request has the header read once a second, not for each.
func TestManyUnauthorized(t *testing.T) {
	server := &tokenServer{current: "new"}
	url := startServer(t, server.ServeHTTP)
	var token atomic.Value
	token.Store("old")
	renew, reads := readToken(&token)
	began := time.Now()
	sum, err := Run(t.Context(), linesOf(itemLines(url, 300)...), new(recorder), noRetryOptions(func(o *Options) {
		o.Header, o.RenewHeader = http.Header{"Authorization": {"old"}}, renew
	}))
	if most := int32(time.Since(began)/renewEvery) + 1; err != nil || sum.Failed != 300 || reads.Load() > most {
		t.Errorf("%d failed, %v; the header was read %d times, at most %d", sum.Failed, err, reads.Load(), most)
	}
	if u := sum.Unauthorized[url]; u.Count != 300 || u.Since.Before(began) {
		t.Errorf("said of the host: %+v", u)
	}
}

// TestRenewedTokenStaysWithItsHost: a redirect to another origin takes neither the old token along nor the new one.
func TestRenewedTokenStaysWithItsHost(t *testing.T) {
	first, other := &tokenServer{current: "new"}, &tokenServer{current: "new"}
	to := startServer(t, other.ServeHTTP)
	from := startServer(t, first.ServeHTTP)
	var token atomic.Value
	token.Store("new")
	renew, _ := readToken(&token)
	var sink recorder
	_, err := Run(t.Context(), linesOf(from+"/a", from+"/go?to="+to+"/b"), &sink, noRetryOptions(func(o *Options) {
		o.Header, o.RenewHeader, o.Concurrency = http.Header{"Authorization": {"old"}}, renew, 1
	}))
	if err != nil || len(other.received) != 1 || other.received[0] != "/b " {
		t.Errorf("the other host received %q, %v", other.received, err)
	}
	if n := first.times["/a"]; n != 2 {
		t.Errorf("/a was requested %d times", n)
	}
}

// TestHostsOwnHeaderStays: the header that a host has in its settings is not replaced by that of the Options.
func TestHostsOwnHeaderStays(t *testing.T) {
	server := &tokenServer{current: "new"}
	url := startServer(t, server.ServeHTTP)
	rules, err := NewHostRules([]HostRule{{Pattern: url,
		HostSettings: HostSettings{Header: http.Header{"Authorization": {"own"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	var token atomic.Value
	token.Store("new")
	renew, reads := readToken(&token)
	r, _ := runOne(t, url+"/a", noRetryOptions(func(o *Options) {
		o.Header, o.RenewHeader, o.Hosts = http.Header{"Authorization": {"old"}}, renew, rules
	}))
	if r.Status != 401 || reads.Load() != 0 || len(server.received) != 1 || server.received[0] != "/a own" {
		t.Errorf("status %d, read %d times, received %q", r.Status, reads.Load(), server.received)
	}
}

// TestUnauthorizedStreak: only hosts whose last three final statuses or more were 401 are told of.
func TestUnauthorizedStreak(t *testing.T) {
	for statuses, want := range map[[4]int]int64{
		{401, 401, 401, 401}: 4, {200, 401, 401, 401}: 3, {200, 200, 401, 401}: 0, {401, 401, 401, 403}: 0,
		{404, 401, 401, 401}: 3,
	} {
		c := newTally(&Options{})
		for _, status := range statuses {
			c.countFinal(&task{target: target{policy: new(judge.Policy)},
				counts: exchangeCounts{exchanged: true, status: status}})
		}
		if got := c.summary(time.Second).Unauthorized[""].Count; got != want {
			t.Errorf("%v: %d, want %d", statuses, got, want)
		}
	}
}
