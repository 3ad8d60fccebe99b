package fetch

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// publicly is a network in which 127.0.0.2 and 127.0.0.3 are public addresses, and in which names have the addresses given:
// each lookup takes the next list, the last one again and again.
func publicly(t testing.TB, names map[string][][]string) network {
	t.Helper()
	return network{
		Dialer: net.Dialer{Resolver: nameserver(t, names)},
		PrivateName: func(a netip.Addr) string {
			if s := a.Unmap().String(); s == "127.0.0.2" || s == "127.0.0.3" {
				return ""
			}
			return privateName(a)
		},
	}
}

// nameserver is a resolver that asks a server on loopback.
func nameserver(t testing.TB, names map[string][][]string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		asked := make(map[string]int)
		packet := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			var question dnsmessage.Message
			if question.Unpack(packet[:n]) != nil || len(question.Questions) != 1 {
				continue
			}
			if reply, err := answerDNS(question, names, asked); err == nil {
				_, _ = server.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func answerDNS(m dnsmessage.Message, names map[string][][]string, asked map[string]int) ([]byte, error) {
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	name := q.Name.String()
	lists := names[name[:len(name)-1]]
	switch {
	case lists == nil:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		list := lists[min(asked[name], len(lists)-1)]
		asked[name]++
		for _, text := range list {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(text).As4()},
			})
		}
	}
	return m.Pack()
}

// houses are two servers at one port: at home is 127.0.0.1, away 127.0.0.2. Both redirect to what stands behind ?to=.
type houses struct {
	port       string
	home, away atomic.Int32 // requests
}

func build(t testing.TB, protocols *http.Protocols) *houses {
	t.Helper()
	h := new(houses)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, h.port, _ = net.SplitHostPort(listener.Addr().String())
	abroad, err := net.Listen("tcp", "127.0.0.2:"+h.port)
	if err != nil {
		_ = listener.Close()
		t.Skipf("no second address on loopback: %v", err)
	}
	for l, count := range map[net.Listener]*atomic.Int32{listener: &h.home, abroad: &h.away} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count.Add(1)
			if to := r.URL.Query().Get("to"); to != "" {
				http.Redirect(w, r, to, http.StatusFound)
			}
		}))
		_ = server.Listener.Close()
		server.Listener = l
		server.Config.Protocols = protocols
		server.Start()
		t.Cleanup(server.Close)
	}
	return h
}

// along runs one request after the other in that network.
func along(t testing.TB, o Options, n network, lines ...string) *shelf {
	t.Helper()
	shelf := new(shelf)
	o.Concurrency = 1
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	transport := newTransport(o.transportConfig(n))
	defer transport.CloseIdle()
	if _, err := runWith(t.Context(), linesOf(lines...), shelf, &o, transport); err != nil {
		t.Fatal(err)
	}
	return shelf
}
