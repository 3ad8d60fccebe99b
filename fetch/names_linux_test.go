package fetch

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"batchfetch/fetch/nettest"
	"batchfetch/fetch/nettest/netns"
)

// serveNames starts a DNS server on port 53 of a loopback address of the namespace, which ends with the test.
func serveNames(t *testing.T, addr string, answer func(nettest.DNSQuery) nettest.DNSAnswer) *nettest.DNS {
	t.Helper()
	server, err := nettest.ListenDNS(addr+":53", answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// loopback answers with an address of this machine.
func loopback(nettest.DNSQuery) nettest.DNSAnswer {
	return nettest.DNSAnswer{Addrs: []string{"127.0.0.1"}}
}

// fetchNames runs requests for hosts on port 80 of the namespace, one after the other, each with its own connection,
// and returns the kinds of their failures.
func fetchNames(t *testing.T, with func(*Options), hosts ...string) string {
	t.Helper()
	o := noRetryOptions(func(o *Options) {
		o.Concurrency = 1
		with(o)
	})
	var lines []string
	for _, host := range hosts {
		lines = append(lines, "http://"+host+"/")
	}
	sink := new(recorder)
	if _, err := Run(t.Context(), linesOf(lines...), sink, o); err != nil {
		t.Fatal(err)
	}
	for _, r := range sink.records {
		if r.Failure != nil {
			t.Log(r.Request.URL, failureText(r))
		}
	}
	return sink.kinds()
}

// serveHTTP starts a server on port 80 of all addresses of the namespace.
func serveHTTP(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// TestSystemResolver: over the resolv.conf and the hosts file of a system, the servers, options and search list of it
// are used, and a silent server costs a step once.
func TestSystemResolver(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		serveHTTP(t)
		drop := func(nettest.DNSQuery) nettest.DNSAnswer { return nettest.DNSAnswer{Drop: true} }
		silent, awake := serveNames(t, "127.0.0.51", drop), serveNames(t, "127.0.0.52", loopback)
		search := serveNames(t, "127.0.0.53", func(q nettest.DNSQuery) nettest.DNSAnswer {
			if !strings.HasSuffix(q.Name, ".b.example") {
				return nettest.DNSAnswer{RCode: dnsmessage.RCodeNameError}
			}
			return loopback(q)
		})

		netns.WriteFile(t, "/etc/resolv.conf", "nameserver 127.0.0.51\nnameserver 127.0.0.52\n")
		within := func(o *Options) { o.ConnectTimeout = 4 * time.Second } // less than net.Resolver waits for one server
		if got := fetchNames(t, within, "a.example.com", "b.example.com", "c.example.com"); got != "ok ok ok" {
			t.Errorf("beside a silent server: %s", got)
		}
		if queries, _ := silent.Queries(); queries != 2 {
			t.Errorf("a silent server got %d queries", queries)
		}
		if queries, _ := awake.Queries(); queries != 6 {
			t.Errorf("the other got %d queries", queries)
		}

		netns.WriteFile(t, "/etc/resolv.conf", "nameserver 127.0.0.53\nsearch a.example b.example\noptions ndots:2\n")
		awaitResolvConf(t, "x.y")
		if got := fetchNames(t, within, "x.y", "x.y."); got != "ok dns" {
			t.Errorf("over a search list: %s", got)
		}
		if queries, _ := search.Queries(); queries == 0 {
			t.Error("the new server got no query")
		}

		netns.WriteFile(t, "/etc/hosts", "127.0.0.1 here.example.com\n")
		if got := fetchNames(t, within, "here.example.com"); got != "ok" {
			t.Errorf("of a hosts file: %s", got)
		}
	})
}

// awaitResolvConf waits until package net has read resolv.conf again, which it does every five seconds, and knows a
// host.
func awaitResolvConf(t *testing.T, host string) {
	t.Helper()
	nettest.Eventually(t, "the new resolv.conf", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		addrs, err := (&net.Resolver{PreferGo: true}).LookupHost(ctx, host)
		return err == nil && slices.Contains(addrs, "127.0.0.1")
	})
}

// TestSilentAddresses: of 20 addresses the first ten are silent, which costs their attempts once.
func TestSilentAddresses(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		link := netns.Connect(t, netns.Path{})
		listener := link.Listen(t, link.Addr(20), 80)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
		})}
		go func() { _ = server.Serve(listener) }()
		defer func() { _ = server.Close() }()
		var addrs []string
		for i := range 11 {
			addrs = append(addrs, link.Addr(10+i).String())
		}
		first, good := link.Addr(10).As4()[3], link.Addr(20).As4()[3]
		var atFirst, atGood atomic.Int32 // attempts
		link.Drop(func(toServer bool, packet []byte) bool {
			const destination, syn = 19, 0x02
			if !toServer || packet[0]>>4 != 4 {
				return false
			}
			last := packet[destination]
			switch isAttempt := packet[9] == 6 && packet[20+13]&0x12 == syn; {
			case isAttempt && last == first:
				atFirst.Add(1)
			case isAttempt && last == good:
				atGood.Add(1)
			}
			return last != good
		})
		serveNames(t, "127.0.0.53", func(nettest.DNSQuery) nettest.DNSAnswer { return nettest.DNSAnswer{Addrs: addrs} })
		netns.WriteFile(t, "/etc/resolv.conf", "nameserver 127.0.0.53\n")
		hosts := slices.Repeat([]string{"a.example.com"}, 20)
		if got := fetchNames(t, func(*Options) {}, hosts...); strings.Count(got, "ok") != 20 {
			t.Error(got)
		}
		if atGood.Load() < 20 || atFirst.Load() > 8 { // the kernel tries a silent one again
			t.Errorf("%d attempts at the one that accepts, %d at the first", atGood.Load(), atFirst.Load())
		}
	})
}

// TestNoResolverIsNamed: in a container without a resolv.conf, or with an empty one, a failure says that it names no
// resolver, and not only that nothing answers on this machine, which is asked then.
func TestNoResolverIsNamed(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		netns.WriteFile(t, "/etc/resolv.conf", "# none\n")
		sink := new(recorder)
		o := noRetryOptions(func(*Options) {})
		if _, err := Run(t.Context(), linesOf("http://a.example.com/"), sink, o); err != nil {
			t.Fatal(err)
		}
		if f := sink.records[0].Failure; f == nil || !strings.Contains(f.Error(), "resolv.conf names no resolver") {
			t.Errorf("got %v", f)
		}
	})
}
