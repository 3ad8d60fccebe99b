package fetch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/login"
	"batchfetch/fetch/netrc"
)

// digestOptions are Options of a login by Digest, without retries.
func digestOptions(change func(*Options)) Options {
	return noRetryOptions(func(o *Options) {
		o.Digest, o.Username, o.Password = true, "me", "s3cret"
		if change != nil {
			change(o)
		}
	})
}

// TestDigest: every request is let in, in one attempt and without a wait, whatever the nonces of the server are good
// for; of those that are good for all one challenge serves all but the requests that were under way by then.
func TestDigest(t *testing.T) {
	const n = 100
	for _, tt := range []struct {
		name   string
		server *digestServer
		most   int // 401s
	}{
		{"a nonce for all", &digestServer{qop: "auth"}, 10},
		{"auth-int", &digestServer{qop: "auth-int"}, 10},
		{"a nonce that expires", &digestServer{qop: "auth", lifetime: 20, says: true}, n},
		{"a nonce for one request", &digestServer{qop: "auth", lifetime: 1}, n + 20},
		{"a nonce for one request, which is told", &digestServer{qop: "auth", lifetime: 1, says: true}, 2 * n},
		{"counts in order", &digestServer{qop: "auth", ordered: true}, 2 * n},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := startServer(t, tt.server.ServeHTTP)
			var sink recorder
			sum, err := Run(t.Context(), linesOf(itemLines(url, n)...), &sink, digestOptions(nil))
			if err != nil || sum.Succeeded != n || sum.Retries != 0 {
				t.Fatalf("%d of %d succeeded, %d retries, %v", sum.Succeeded, sum.Total, sum.Retries, err)
			}
			for _, r := range sink.records {
				if r.Attempts != 1 {
					t.Errorf("%s took %d attempts", r.Request.URL, r.Attempts)
				}
			}
			if challenged := tt.server.count("401"); challenged < 1 || challenged > tt.most {
				t.Errorf("%d requests were challenged, not 1 to %d", challenged, tt.most)
			}
		})
	}
}

// TestDigestCredentials checks which credentials answer a challenge, that wrong ones do so once, and that a challenge
// is answered whatever statuses are accepted and whether the request may be repeated.
func TestDigestCredentials(t *testing.T) {
	rc, err := netrc.Parse([]byte("machine 127.0.0.1 login me password s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	none := func(o *Options) { o.Username, o.Password = "", "" }
	for _, tt := range []struct {
		name, line string
		change     func(*Options)
		status     int
		asked      int
	}{
		{"for all", "%s/a", nil, 200, 2},
		{"of the URL", "me:s3cret@%s/a", func(o *Options) { o.Password = "other" }, 200, 2},
		{"of the netrc", "%s/a", func(o *Options) { none(o); o.Netrc = rc }, 200, 2},
		{"none", "%s/a", none, 401, 1},
		{"wrong", "%s/a", func(o *Options) { o.Password = "wrong" }, 401, 2},
		{"not asked for", "%s/a", func(o *Options) { o.Digest = false }, 401, 1},
		{"a header of the line", `{"url":"%s/a","headers":{"Authorization":"mine"}}`, nil, 401, 1},
		{"a body", `{"url":"%s/a","body":"b"}`, nil, 200, 2},
		{"not to be repeated", `{"url":"%s/a","body":"b","retry":false}`, nil, 200, 2},
		{"401 accepted", "%s/a", func(o *Options) { o.AcceptStatus = judge.Statuses{{200, 499}} }, 200, 2},
		{"TRACE", `{"url":"%s/a","method":"TRACE"}`, nil, 401, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := digestServer{qop: "auth"}
			address := startServer(t, server.ServeHTTP)
			line := fmt.Sprintf(tt.line, address)
			if user, host, found := strings.Cut(line, "@http://"); found {
				line = "http://" + user + "@" + host
			}
			r, _ := runOne(t, line, digestOptions(tt.change))
			if r.Status != tt.status || len(server.requests) != tt.asked {
				t.Errorf("%d after %q: %s", r.Status, server.requests, failureText(r))
			}
		})
	}
}

// TestDigestAlongRedirects checks that each request along redirects within an origin is proved anew, and that none at
// another origin is, in whatever way it challenges.
func TestDigestAlongRedirects(t *testing.T) {
	other := digestServer{qop: "auth"}
	abroad := startServer(t, other.ServeHTTP)
	server := digestServer{qop: "auth"}
	server.page = func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	}
	url := startServer(t, server.ServeHTTP)
	if r, _ := runOne(t, url+"/a?to=/b%3Fto=/c", digestOptions(nil)); r.Status != 200 || r.Attempts != 1 {
		t.Errorf("within the origin: %d, %d attempts", r.Status, r.Attempts)
	}
	if n := server.count("200"); n != 3 {
		t.Errorf("%q", server.requests)
	}
	r, _ := runOne(t, url+"/a?to="+abroad+"/b", digestOptions(nil))
	if r.Status != 401 || len(other.requests) != 1 || !strings.HasSuffix(other.requests[0], "false") {
		t.Errorf("abroad: %d after %q", r.Status, other.requests)
	}
}

// TestDigestInCache checks that a response behind a login is found again with that login alone, whatever nonce it was
// got by.
func TestDigestInCache(t *testing.T) {
	server := digestServer{qop: "auth"}
	server.page = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Vary", "Authorization")
	}
	url := startServer(t, server.ServeHTTP)
	store, err := cache.OpenDisk(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		password string
		want     Cached
		status   int
	}{{"s3cret", CacheMiss, 200}, {"s3cret", CacheHit, 200}, {"wrong", "", 401}} {
		r, _ := runOne(t, url+"/a", digestOptions(func(o *Options) { o.Password, o.Cache = tt.password, store }))
		if r.Status != tt.status || r.Failure == nil && r.Cache != tt.want {
			t.Errorf("%s: %d, %s", tt.password, r.Status, r.Cache)
		}
	}
}

// A signedServer answers 403 to requests whose signature is for a time that is too far from its own.
type signedServer struct {
	ahead time.Duration // of its clock
	flaky int           // requests that are answered 503 at first

	mu       sync.Mutex
	requests []string // path, date of the signature, the names that are signed
}

// ServeHTTP is the server.
func (s *signedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	s.requests = append(s.requests, r.URL.Path+" "+r.Header.Get("X-Amz-Date")+" "+names)
	now := time.Now().Add(s.ahead)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch to := r.URL.Query().Get("to"); {
	case err != nil || now.Sub(signed).Abs() > 15*time.Minute:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, "<Code>RequestTimeTooSkewed</Code>")
	case s.flaky > 0:
		s.flaky--
		w.WriteHeader(http.StatusServiceUnavailable)
	case to != "":
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}
}

// TestSigned checks that each attempt and each redirect within the origin is signed anew, that another origin gets no
// signature, and that a request which is refused for its time is signed by the clock of the server, once.
func TestSigned(t *testing.T) {
	sign := func(o *Options) {
		o.Retries, o.RetryDelay = 1, time.Second // the signature is one for the second
		o.SigV4 = &SigV4{login.Scope{Region: "r", Service: "s3"}, login.Keys{ID: "id", Secret: "key", Token: "t0ken"}}
	}
	const names = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
	for _, tt := range []struct {
		name          string
		server        *signedServer
		path          string
		status        int
		asked, signed int
		abroad        int
	}{
		{"a request", &signedServer{}, "/a", 200, 1, 1, 0},
		{"another attempt", &signedServer{flaky: 1}, "/a", 200, 2, 2, 0},
		{"a redirect", &signedServer{}, "/a?to=/b", 200, 2, 2, 0},
		{"a redirect abroad", &signedServer{}, "/a?to=ABROAD/b", 403, 1, 1, 1},
		{"a clock that is ahead", &signedServer{ahead: time.Hour}, "/a", 200, 2, 2, 0},
		{"a clock that is behind", &signedServer{ahead: -time.Hour}, "/a", 200, 2, 2, 0},
		{"a clock that jumps", nil, "/a", 403, 2, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			there := &signedServer{}
			abroad := startServer(t, there.ServeHTTP)
			if tt.server == nil {
				tt.server = &signedServer{}
				tt.server.ahead = time.Hour
			}
			handler := tt.server.ServeHTTP
			if tt.name == "a clock that jumps" {
				handler = func(w http.ResponseWriter, r *http.Request) {
					tt.server.ServeHTTP(w, r)
					tt.server.mu.Lock()
					defer tt.server.mu.Unlock()
					tt.server.ahead += time.Hour
				}
			}
			url := startServer(t, handler)
			line := url + strings.ReplaceAll(tt.path, "ABROAD", abroad)
			r, _ := runOne(t, line, noRetryOptions(sign))
			signed := 0
			for _, each := range tt.server.requests {
				if strings.HasSuffix(each, " "+names) {
					signed++
				}
			}
			if r.Status != tt.status || len(tt.server.requests) != tt.asked || signed != tt.signed {
				t.Errorf("%d after %q: %s", r.Status, tt.server.requests, failureText(r))
			}
			if len(there.requests) != tt.abroad || tt.abroad > 0 && there.requests[0] != "/b  " {
				t.Errorf("abroad: %q", there.requests)
			}
			if want := 1 + min(1, len(tt.server.requests)-1); tt.name == "another attempt" && r.Attempts != want ||
				tt.name != "another attempt" && r.Attempts != 1 {
				t.Errorf("%d attempts", r.Attempts)
			}
		})
	}
}

// TestSecretsOfLogins checks that what proves credentials is masked where a server repeats it.
func TestSecretsOfLogins(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Repeat", r.Header.Get("X-Amz-Security-Token"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, r.Header.Get("Authorization"), " ", r.Header.Get("X-Amz-Security-Token"))
	}))
	t.Cleanup(server.Close)
	r, _ := runOne(t, server.URL, noRetryOptions(func(o *Options) {
		o.KeepHeader = true
		o.SigV4 = &SigV4{login.Scope{Region: "r", Service: "s"}, login.Keys{ID: "theid", Secret: "thekey", Token: "thet0ken"}}
	}))
	if text := string(r.FailureBody) + fmt.Sprint(r.Header); strings.Contains(text, "thet0ken") ||
		strings.Contains(text, "Signature=") || !strings.Contains(text, "***") {
		t.Errorf("repeated: %s", text)
	}
}
