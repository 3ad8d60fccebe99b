package fetch

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// runNames runs lines with a DNS server that answer answers for, and returns the Records and the Summary.
func runNames(
	t *testing.T, o *Options, server *nettest.DNS, lines ...string,
) (*recorder, Summary) {
	t.Helper()
	var n dial.Network
	n.Dialer.Resolver = server.Resolver()
	transport := transport.New(o.transportConfig(n))
	defer transport.Close()
	sink := new(recorder)
	s, err := runWith(t.Context(), linesOf(lines...), sink, o, transport)
	if err != nil {
		t.Fatal(err)
	}
	return sink, s
}

// closingServer starts a server that closes each connection after its response, and returns its port.
func closingServer(t *testing.T) string {
	t.Helper()
	url := startServer(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	return url[strings.LastIndexByte(url, ':')+1:]
}

// TestNamesAreAskedForOnce: requests on hosts that close each connection cause one look-up for each name, and the
// Summary counts them.
func TestNamesAreAskedForOnce(t *testing.T) {
	port := closingServer(t)
	server := nettest.StartDNS(t, func(q nettest.DNSQuery) nettest.DNSAnswer {
		return nettest.DNSAnswer{Addrs: []string{"127.0.0.1"}, TTL: 600, Delay: 5 * time.Millisecond}
	})
	var lines []string
	const hosts, requests = 20, 20
	for i := range hosts * requests {
		lines = append(lines, fmt.Sprintf("http://a%d.example.com:%s/%d", i%hosts, port, i))
	}
	o := noRetryOptions(nil)
	sink, s := runNames(t, &o, server, lines...)
	if queries, _ := server.Queries(); s.Succeeded != hosts*requests || queries != 2*hosts {
		t.Errorf("%s: %d queries for %d hosts", sink.kinds(), queries, hosts)
	}
	if asked := s.Lookups - s.LookupsFromMemory; s.Lookups < hosts*requests || asked < hosts || asked > hosts*10 {
		t.Errorf("%d look-ups, %d from memory", s.Lookups, s.LookupsFromMemory)
	}
	o.NameTTL = 0
	before, _ := server.Queries()
	_, s = runNames(t, &o, server, lines[0], lines[hosts])
	if queries, _ := server.Queries(); s.LookupsFromMemory != 0 || queries < before+2 {
		t.Errorf("without a cache: %d look-ups from memory, %d queries", s.LookupsFromMemory, queries-before)
	}
}

// TestLimitedByDNS: where a run spends its time on look-ups, the Summary says so.
func TestLimitedByDNS(t *testing.T) {
	port := closingServer(t)
	server := nettest.StartDNS(t, func(q nettest.DNSQuery) nettest.DNSAnswer {
		return nettest.DNSAnswer{Addrs: []string{"127.0.0.1"}, Delay: 300 * time.Millisecond}
	})
	var lines []string
	for i := range 6 {
		lines = append(lines, fmt.Sprintf("http://a%d.example.com:%s/", i, port))
	}
	for _, concurrency := range []int{1, 2, 6} {
		o := noRetryOptions(func(o *Options) { o.Concurrency = concurrency })
		if _, s := runNames(t, &o, server, lines...); s.LimitedBy != LimitDNS || s.Succeeded != 6 {
			t.Errorf("%d at once: limited by %s of %v", concurrency, s.LimitedBy, s.LimitedFor)
		}
	}
}

// TestResolverTrouble: a resolver that fails for a while loses no request on a host that has answered; on another it is
// told as what it is, and retried.
func TestResolverTrouble(t *testing.T) {
	port := closingServer(t)
	var fails atomic.Bool
	server := nettest.StartDNS(t, func(q nettest.DNSQuery) nettest.DNSAnswer {
		switch {
		case fails.Load() || q.Name == "never.example.com":
			return nettest.DNSAnswer{RCode: dnsmessage.RCodeServerFailure}
		case q.Name == "later.example.com" && q.Number <= 2:
			return nettest.DNSAnswer{RCode: dnsmessage.RCodeRefused}
		case q.Type == dnsmessage.TypeA:
			fails.Store(q.Name == "a.example.com")
		}
		return nettest.DNSAnswer{Addrs: []string{"127.0.0.1"}}
	})
	o := noRetryOptions(func(o *Options) { o.NameTTL, o.Concurrency = 0, 1 })
	var lines []string
	for range 10 {
		lines = append(lines, "http://a.example.com:"+port)
	}
	if sink, s := runNames(t, &o, server, lines...); s.Succeeded != 10 {
		t.Error(sink.kinds())
	}
	fails.Store(false)
	o.Retries, o.RetryDelay = 2, time.Millisecond
	sink, _ := runNames(t, &o, server, "http://later.example.com:"+port, "http://never.example.com:"+port)
	for _, r := range sink.records {
		switch {
		case strings.Contains(r.Request.URL, "later"):
			if r.Failure != nil || r.Attempts > 2 {
				t.Errorf("%d attempts, %v", r.Attempts, r.Failure)
			}
		case kindOf(r) != failure.DNS || r.Attempts != 3 || !strings.HasSuffix(failureText(r), " answered SERVFAIL") ||
			!strings.HasPrefix(failureText(r), "looking up never.example.com failed: resolver "):
			t.Errorf("%d attempts, %s: %s", r.Attempts, kindOf(r), failureText(r))
		}
	}
}
