package resolver

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"batchfetch/fetch/nettest"
)

// TestMain has net read resolv.conf before a test on virtual time does: its lock must not belong to one of them.
func TestMain(m *testing.M) {
	_, _ = (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), "localhost")
	goleak.VerifyTestMain(m)
}

const (
	typeA, typeAAAA   = dnsmessage.TypeA, dnsmessage.TypeAAAA
	servfail, refused = dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused
	formerr, nxdomain = dnsmessage.RCodeFormatError, dnsmessage.RCodeNameError
	v4, v6            = "192.0.2.1", "2001:db8::1"
)

// both answers with an address of either family.
func both(nettest.DNSQuery) nettest.DNSAnswer {
	return nettest.DNSAnswer{Addrs: []string{v4, v6}, TTL: 30}
}

// newResolver returns a Resolver for servers without sockets, which are 192.0.2.53, .54 and so on.
func newResolver(t *testing.T, c Config, servers ...*nettest.DNS) *Resolver {
	t.Helper()
	byAddr, listed := make(map[string]*nettest.DNS), []string(nil)
	for i, server := range servers {
		addr := fmt.Sprintf("192.0.2.%d:53", 53+i)
		byAddr[addr], listed = server, append(listed, addr)
		t.Cleanup(server.Close)
	}
	c.System = &net.Resolver{PreferGo: true}
	c.Servers = func(string) []string { return listed }
	c.Dial = func(_ context.Context, network, addr string) (net.Conn, error) {
		if server := byAddr[addr]; server != nil {
			return server.Pipe(network), nil
		}
		return nil, &net.OpError{Op: "dial", Err: os.ErrPermission}
	}
	r := New(c)
	t.Cleanup(r.Close)
	return r
}

// lookUp returns the addresses as a text, in order of their families, or the error's text, and how long it took.
func lookUp(ctx context.Context, r *Resolver, host string) (string, time.Duration) {
	began := time.Now()
	addrs, _, err := r.Lookup(ctx, host)
	if err != nil {
		return err.Error(), time.Since(began)
	}
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	slices.Sort(texts)
	return strings.Join(texts, " "), time.Since(began)
}

// TestLookup: what a Resolver makes of the ways in which servers answer, and how long that takes.
func TestLookup(t *testing.T) {
	type query = nettest.DNSQuery
	type answer = nettest.DNSAnswer
	of := func(q query, wanted dnsmessage.Type, then answer) answer { // then for that type, an address for the other
		if q.Type == wanted {
			return then
		}
		return both(q)
	}
	for _, tt := range []struct {
		name    string
		servers []func(query) answer
		network string
		want    string
		most    time.Duration
	}{
		{"both families", []func(query) answer{both}, "", v4 + " " + v6, 0},
		{"-4", []func(query) answer{both}, "ip4", v4, 0},
		{"-6", []func(query) answer{both}, "ip6", v6, 0},
		{"AAAA is dropped", []func(query) answer{func(q query) answer { return of(q, typeAAAA, answer{Drop: true}) }},
			"", v4, resolutionDelay},
		{"A is dropped", []func(query) answer{func(q query) answer { return of(q, typeA, answer{Drop: true}) }},
			"", v6, resolutionDelay},
		{"AAAA comes a little later", []func(query) answer{func(q query) answer {
			return of(q, typeAAAA, answer{Addrs: []string{v6}, Delay: 40 * time.Millisecond})
		}}, "", v4 + " " + v6, 40 * time.Millisecond},
		{"A is dropped, and the name has no AAAA", []func(query) answer{func(q query) answer {
			return answer{Drop: q.Type == typeA}
		}}, "", "looking up a.test. failed: no answer from resolver 192.0.2.53 (", 10 * time.Second},
		{"AAAA is dropped, and the name does not exist", []func(query) answer{func(q query) answer {
			return answer{Drop: q.Type == typeAAAA, RCode: nxdomain}
		}}, "", "no address found for a.test.", resolutionDelay},
		{"AAAA does not exist, and A is slow", []func(query) answer{func(q query) answer {
			if q.Type == typeAAAA {
				return answer{RCode: nxdomain}
			}
			return answer{Addrs: []string{v4}, Delay: 300 * time.Millisecond}
		}}, "", v4, 300 * time.Millisecond},
		{"a slow resolver", []func(query) answer{func(q query) answer {
			return answer{Addrs: []string{v4, v6}, Delay: 800 * time.Millisecond}
		}}, "", v4 + " " + v6, 800 * time.Millisecond},
		{"no addresses", []func(query) answer{func(query) answer { return answer{} }}, "",
			"no address found for a.test.", 0},
		{"SERVFAIL", []func(query) answer{func(query) answer { return answer{RCode: servfail} }}, "",
			"looking up a.test. failed: resolver 192.0.2.53 answered SERVFAIL", 0},
		{"SERVFAIL for A, no AAAA", []func(query) answer{func(q query) answer {
			if q.Type == typeA {
				return answer{RCode: servfail}
			}
			return answer{}
		}}, "", "looking up a.test. failed: resolver 192.0.2.53 answered SERVFAIL", 0},
		{"SERVFAIL for AAAA, no A", []func(query) answer{func(q query) answer {
			if q.Type == typeAAAA {
				return answer{RCode: servfail}
			}
			return answer{}
		}}, "", "looking up a.test. failed: resolver 192.0.2.53 answered SERVFAIL", 0},
		{"SERVFAIL for AAAA alone", []func(query) answer{func(q query) answer {
			return of(q, typeAAAA, answer{RCode: servfail})
		}}, "", v4, 0},
		{"SERVFAIL for AAAA, A does not exist", []func(query) answer{func(q query) answer {
			if q.Type == typeAAAA {
				return answer{RCode: servfail, Delay: time.Millisecond}
			}
			return answer{RCode: nxdomain}
		}}, "", "no address found for a.test.", 2 * time.Millisecond},
		{"REFUSED", []func(query) answer{func(query) answer { return answer{RCode: refused} }}, "",
			"looking up a.test. failed: resolver 192.0.2.53 answered REFUSED", 0},
		{"a code without a name", []func(query) answer{func(query) answer { return answer{RCode: 11} }}, "",
			"looking up a.test. failed: resolver 192.0.2.53 answered with the code 11", 0},
		{"SERVFAIL once", []func(query) answer{func(q query) answer {
			if q.Number == 1 {
				return answer{RCode: servfail}
			}
			return both(q)
		}}, "", v4 + " " + v6, 0},
		{"the second knows", []func(query) answer{func(query) answer { return answer{RCode: servfail} }, both}, "",
			v4 + " " + v6, 0},
		{"the first refers", []func(query) answer{func(query) answer { return answer{Lame: true} }, both}, "",
			v4 + " " + v6, 0},
		{"the first is silent", []func(query) answer{func(query) answer { return answer{Drop: true} }, both}, "",
			v4 + " " + v6, time.Second},
		{"two are silent", []func(query) answer{func(query) answer { return answer{Drop: true} },
			func(query) answer { return answer{Drop: true} }, both}, "", v4 + " " + v6, 2 * time.Second},
		{"a lost datagram", []func(query) answer{func(q query) answer {
			a := both(q)
			a.Drop = q.Number == 1
			return a
		}}, "", v4 + " " + v6, time.Second},
		{"all are silent", []func(query) answer{func(query) answer { return answer{Drop: true} }}, "",
			"looking up a.test. failed: no answer from resolver 192.0.2.53 (", 10 * time.Second},
		{"FORMERR for EDNS0", []func(query) answer{func(q query) answer {
			if q.EDNS0 {
				return answer{RCode: formerr}
			}
			return both(q)
		}}, "", v4 + " " + v6, 0},
		{"FORMERR for EDNS0, without the question", []func(query) answer{func(q query) answer {
			if q.EDNS0 {
				return answer{RCode: formerr, Bare: true}
			}
			return both(q)
		}}, "", v4 + " " + v6, 0},
		{"NOTIMP for EDNS0", []func(query) answer{func(q query) answer {
			if q.EDNS0 {
				return answer{RCode: dnsmessage.RCodeNotImplemented}
			}
			return both(q)
		}}, "", v4 + " " + v6, 0},
		{"EDNS0 is dropped", []func(query) answer{func(q query) answer {
			a := both(q)
			a.Drop = q.EDNS0
			return a
		}}, "", v4 + " " + v6, 3 * time.Second},
		{"FORMERR", []func(query) answer{func(query) answer { return answer{RCode: formerr} }}, "",
			"looking up a.test. failed: resolver 192.0.2.53 answered FORMERR", 0},
		{"truncated", []func(query) answer{func(q query) answer { a := both(q); a.Truncate = true; return a }}, "",
			v4 + " " + v6, 0},
		{"aliases", []func(query) answer{func(q query) answer {
			return answer{Addrs: []string{v4}, CNAMEs: []string{"b.test", "c.test"}}
		}}, "", v4, 0},
		{"another's answer, then its own", []func(query) answer{func(q query) answer {
			if q.Number == 1 {
				return answer{Raw: []byte{0x80, 0x80, 0, 0, 0, 0, 0, 0, 0, 0}}
			}
			return both(q)
		}}, "", v4 + " " + v6, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var servers []*nettest.DNS
				for _, answer := range tt.servers {
					servers = append(servers, nettest.PipeDNS(answer))
				}
				r := newResolver(t, Config{Network: tt.network, TTL: -1}, servers...)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				got, took := lookUp(ctx, r, "a.test.")
				if isPart := strings.HasSuffix(tt.want, "("); got != tt.want && !(isPart && strings.HasPrefix(got, tt.want)) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if took != tt.most {
					t.Errorf("it took %s, want %s", took, tt.most)
				}
			})
		})
	}
}

// TestSilentServerGoesLast: a server that was silent is not asked first for a while.
func TestSilentServerGoesLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := true
		first := nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
			a := both(q)
			a.Drop = silent
			return a
		})
		r := newResolver(t, Config{TTL: -1}, first, nettest.PipeDNS(both))
		for i, want := range []time.Duration{maxStep, 0, 0} {
			if _, took := lookUp(t.Context(), r, fmt.Sprintf("a%d.test.", i)); took != want {
				t.Errorf("look-up %d took %s", i, took)
			}
		}
		before, _ := first.Queries()
		time.Sleep(restFor)
		silent = false
		lookUp(t.Context(), r, "b.test.")
		if now, _ := first.Queries(); before != 2 || now != before+2 {
			t.Errorf("it was asked %d, then %d times", before, now)
		}
	})
}

// TestStepWithin: a look-up with little time asks the next server early enough.
func TestStepWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drop := func(nettest.DNSQuery) nettest.DNSAnswer { return nettest.DNSAnswer{Drop: true} }
		r := newResolver(t, Config{TTL: -1}, nettest.PipeDNS(drop), nettest.PipeDNS(drop), nettest.PipeDNS(both))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, took := lookUp(ctx, r, "a.test."); got != v4+" "+v6 || took != time.Second/2 {
			t.Errorf("%s after %s", got, took)
		}
	})
}

// TestPlainServerIsRemembered: a server that does not know EDNS0 is asked without it from then on.
func TestPlainServerIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
			if q.EDNS0 {
				return nettest.DNSAnswer{RCode: formerr}
			}
			return both(q)
		})
		r := newResolver(t, Config{TTL: -1}, server)
		lookUp(t.Context(), r, "a.test.")
		before, _ := server.Queries()
		lookUp(t.Context(), r, "b.test.")
		if now, _ := server.Queries(); before < 3 || now != before+2 {
			t.Errorf("%d queries, then %d", before, now)
		}
	})
}

// TestRealSockets: over UDP, and over TCP where the answer is too long for a datagram.
func TestRealSockets(t *testing.T) {
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("192.0.2.%d", i))
	}
	server := nettest.StartDNS(t, func(q nettest.DNSQuery) nettest.DNSAnswer {
		if q.Name == "many.test" {
			return nettest.DNSAnswer{Addrs: many, Truncate: true}
		}
		return nettest.DNSAnswer{Addrs: []string{v4}}
	})
	r := New(Config{TTL: -1, System: &net.Resolver{PreferGo: true}, Servers: func(string) []string {
		return []string{server.Addr}
	}})
	defer r.Close()
	if got, _ := lookUp(t.Context(), r, "a.test."); got != v4 {
		t.Error(got)
	}
	if addrs, _, err := r.Lookup(t.Context(), "many.test."); err != nil || len(addrs) != len(many) {
		t.Errorf("%d addresses, %v", len(addrs), err)
	}
}

// FuzzReply: what a server sends is read without a panic, and never makes a query longer.
func FuzzReply(f *testing.F) {
	name := dnsmessage.MustNewName("a.test.")
	q := dnsmessage.Question{Name: name, Type: typeA, Class: dnsmessage.ClassINET}
	query, err := (&dnsmessage.Message{Header: dnsmessage.Header{ID: 1}, Questions: []dnsmessage.Question{q}}).Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(noData(query))
	f.Add([]byte{0, 1, 0x80, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got := parseReply(raw, 1, q); got != nil && got.err == nil && len(got.says()) == 0 {
			t.Error("it says nothing")
		}
		if plain := withoutOptions(raw); len(plain) > len(raw) {
			t.Error("longer")
		}
	})
}
