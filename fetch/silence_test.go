package fetch

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport"
)

// A kept is a server behind a forgetfulPath, to which a Transport keeps connections.
type kept struct {
	path      *forgetfulPath
	url       string
	options   Options
	transport *transport.Transport
	served    sync.Map // number of requests by path
}

// keepers are the ways to a server, by name: each sets the options and returns the URL.
var keepers = map[string]func(t *testing.T, k *kept, resets bool){
	"plain": func(t *testing.T, k *kept, resets bool) {
		k.path = startForgetfulPath(t, "tcp", "127.0.0.1:0", strings.TrimPrefix(startServer(t, k.serve), "http://"), resets)
		k.url, k.options = "http://"+k.path.addr(), noRetryOptions(nil)
	},
	"TLS":    func(t *testing.T, k *kept, resets bool) { k.overTLS(t, false, resets) },
	"HTTP/2": func(t *testing.T, k *kept, resets bool) { k.overTLS(t, true, resets) },
	"a proxy": func(t *testing.T, k *kept, resets bool) {
		proxy := &proxyServer{plain: strings.TrimPrefix(startServer(t, k.serve), "http://")}
		k.path = startForgetfulPath(t, "tcp", "127.0.0.1:0", proxy.start(t, "http"), resets)
		k.url = "http://a.test"
		k.options = noRetryOptions(func(o *Options) { o.HTTPProxy = "http://" + k.path.addr() })
	},
	"a tunnel": func(t *testing.T, k *kept, resets bool) {
		url, o := startTLSServer(t, false, k.serve)
		proxy := &proxyServer{secure: strings.TrimPrefix(url, "https://")}
		k.path = startForgetfulPath(t, "tcp", "127.0.0.1:0", proxy.start(t, "http"), resets)
		o.HTTPSProxy, o.TLS = "http://"+k.path.addr(), &tls.Config{InsecureSkipVerify: true}
		k.url, k.options = "https://a.test", o
	},
	"a Unix socket": func(t *testing.T, k *kept, resets bool) {
		dir, err := os.MkdirTemp("", "s") // the path of a socket has at most about a hundred bytes
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		socket := filepath.Join(dir, "s")
		k.path = startForgetfulPath(t, "unix", socket, strings.TrimPrefix(startServer(t, k.serve), "http://"), resets)
		k.url, k.options = "http://a.test", noRetryOptions(func(o *Options) { o.UnixSocket = socket })
	},
}

// overTLS is a keeper for https.
func (k *kept) overTLS(t *testing.T, h2, resets bool) {
	url, o := startTLSServer(t, h2, k.serve)
	k.path = startForgetfulPath(t, "tcp", "127.0.0.1:0", strings.TrimPrefix(url, "https://"), resets)
	k.url, k.options = "https://"+k.path.addr(), o
}

// serve responds; /wait waits for as many requests as keep makes, and /cut stops once, in the middle of the body, with
// all connections forgotten.
func (k *kept) serve(w http.ResponseWriter, r *http.Request) {
	first, _ := k.served.LoadOrStore(r.URL.Path, new(sync.WaitGroup))
	switch {
	case r.URL.Path == "/wait":
		all, _ := k.served.Load("all")
		all.(*sync.WaitGroup).Done()
		all.(*sync.WaitGroup).Wait()
	case r.URL.Path == "/cut":
		if _, again := k.served.LoadOrStore(first, true); !again {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			k.path.forget()
			return
		}
	}
	_, _ = io.WriteString(w, "whole")
}

// keep starts a server by a keeper, makes n requests at once, whose connections are kept, and forgets these unless
// later is set.
func keep(t *testing.T, keeper string, n int, resets, later bool) *kept {
	t.Helper()
	k := new(kept)
	keepers[keeper](t, k, resets)
	o := &k.options
	o.Private, o.StallTimeout, o.RetryDelay, o.HostConcurrency = dial.PrivateAllow, time.Second, time.Millisecond, n
	config := o.transportConfig(dial.Network{})
	config.Dial.PingTime = time.Second
	k.transport = transport.New(config)
	t.Cleanup(k.transport.Close)
	all := new(sync.WaitGroup)
	all.Add(n)
	k.served.Store("all", all)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = k.url + "/wait"
	}
	// over HTTP/2 all use the first one's
	for _, r := range append(k.run(t, k.url+"/first"), k.runOf(t, keepingSource(o, lines...))...) {
		if r.Failure != nil {
			t.Fatal(r.Failure)
		}
	}
	o.Observer = nil
	if !later {
		k.path.forget()
	}
	return k
}

// run makes requests over the transport that keeps connections.
func (k *kept) run(t *testing.T, lines ...string) []*Record {
	t.Helper()
	return k.runOf(t, linesOf(lines...))
}

// runOf is run with a Source.
func (k *kept) runOf(t *testing.T, source Source) []*Record {
	t.Helper()
	var sink recorder
	if _, err := runWith(t.Context(), source, &sink, &k.options, k.transport); err != nil {
		t.Error(err)
	}
	return sink.records
}

// keepingSource is a Source of lines that ends when each has had one exchange, so that no connection is given up.
func keepingSource(o *Options, lines ...string) Source {
	all := new(exchangeGroup)
	all.Add(len(lines))
	o.Observer = all
	return func(yield func(Request, error) bool) {
		linesOf(lines...)(yield)
		all.Wait()
	}
}

// An exchangeGroup is an Observer that counts exchanges down.
type exchangeGroup struct{ sync.WaitGroup }

func (g *exchangeGroup) ObserveExchange(*ObservedExchange) { g.Done() }

func (*exchangeGroup) ObserveLimit(Limit, string, time.Time, time.Time) {}

// provenFor is longer than a connection that has been read from counts as alive.
const provenFor = 1100 * time.Millisecond

// TestSilenceOnKeptConnections: where the path has forgotten the connections that are kept to a host, a request meets
// silence once, before its response or within, and then has a new connection; so do several at once.
func TestSilenceOnKeptConnections(t *testing.T) {
	for keeper := range keepers {
		for name, lines := range map[string][]string{
			"one": {"/a"}, "several": {"/a", "/b", "/c"}, "within a body": {"/cut"},
		} {
			t.Run(keeper+", "+name, func(t *testing.T) {
				t.Parallel()
				const n = 6
				k := keep(t, keeper, n, false, name == "within a body")
				k.options.Retries = 3
				before, _ := k.path.usage()
				requests := make([]string, len(lines))
				for i, line := range lines {
					requests[i] = k.url + line
				}
				for _, r := range k.run(t, requests...) {
					if r.Failure != nil {
						t.Errorf("after %d attempts: %v", r.Attempts, r.Failure)
					}
				}
				made, used := k.path.usage()
				if used > len(lines) || made == before {
					t.Errorf("%d dead connections were used by %d requests, and %d made", used, len(lines), made-before)
				}
			})
		}
	}
}

// TestResetOnKeptConnections: where a path resets the connections that it has forgotten, a request that may be sent
// again meets one of them at most, and that is no attempt.
func TestResetOnKeptConnections(t *testing.T) {
	for keeper := range keepers {
		if keeper == "a Unix socket" { // has no resets
			continue
		}
		t.Run(keeper, func(t *testing.T) {
			t.Parallel()
			k := keep(t, keeper, 6, true, false)
			if keeper != "HTTP/2" { // where a ping would find the one connection dead
				time.Sleep(provenFor)
			}
			for range 3 {
				if r := k.run(t, k.url+"/a")[0]; r.Failure != nil || r.Attempts != 1 {
					t.Errorf("after %d attempts: %v", r.Attempts, r.Failure)
				}
			}
			if _, used := k.path.usage(); used != 1 {
				t.Errorf("%d dead connections were used", used)
			}
		})
	}
}

// TestUnsafeOnDeadConnections: what may not be sent twice is not sent again over another connection, neither after
// silence nor after a reset, and the next one has a new connection.
func TestUnsafeOnDeadConnections(t *testing.T) {
	for _, keeper := range []string{"plain", "TLS", "HTTP/2", "a proxy", "a tunnel"} {
		for _, resets := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, resets %t", keeper, resets), func(t *testing.T) {
				t.Parallel()
				k := keep(t, keeper, 6, resets, false)
				k.options.Retries = 3
				if resets && keeper != "HTTP/2" { // where a ping would find the one connection dead
					time.Sleep(provenFor)
				}
				post := fmt.Sprintf(`{"url":%q,"method":"POST"}`, k.url+"/post")
				want := failure.Stalled
				if resets {
					want = failure.Reset
				}
				if r := k.run(t, post)[0]; kindOf(r) != want || r.Attempts != 1 {
					t.Errorf("after %d attempts: %v", r.Attempts, r.Failure)
				}
				if _, sent := k.served.Load("/post"); sent {
					t.Error("the request was sent again")
				}
				if r := k.run(t, post)[0]; r.Failure != nil {
					t.Error(r.Failure)
				}
				if _, used := k.path.usage(); used != 1 {
					t.Errorf("%d dead connections were used", used)
				}
			})
		}
	}
}

// TestSilenceOnHTTP2: requests that begin one after the other over a silent HTTP/2 connection do not keep each other on
// it: a ping finds it dead before their attempts are spent.
func TestSilenceOnHTTP2(t *testing.T) {
	k := keep(t, "HTTP/2", 6, false, false)
	k.options.Retries = 3
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			time.Sleep(time.Duration(i) * k.options.StallTimeout / 4)
			for _, r := range k.run(t, fmt.Sprint(k.url, "/", i)) {
				if r.Failure != nil {
					t.Errorf("after %d attempts: %v", r.Attempts, r.Failure)
				}
			}
		})
	}
	all.Wait()
}
