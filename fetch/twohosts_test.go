package fetch

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// testNetwork returns a network in which 127.0.0.2 and 127.0.0.3 are public addresses, and in which names have the
// addresses given. Each lookup gets the next list, and then the last one again.
func testNetwork(t testing.TB, names map[string][][]string) dial.Network {
	t.Helper()
	return dial.Network{
		Dialer: net.Dialer{Resolver: nettest.Nameserver(t, names)},
		PrivateName: func(a netip.Addr) string {
			if s := a.Unmap().String(); s == "127.0.0.2" || s == "127.0.0.3" {
				return ""
			}
			return dial.PrivateName(a)
		},
	}
}

// twoHosts are two servers with one port: the private one at 127.0.0.1, the public one at 127.0.0.2. Both redirect to
// the URL after ?to=, and name that after ?next= as the next page.
type twoHosts struct {
	port            string
	private, public atomic.Int32 // requests received
}

// startTwoHosts starts the servers. It skips the test if loopback has no second address.
func startTwoHosts(t testing.TB, protocols *http.Protocols) *twoHosts {
	t.Helper()
	hosts := new(twoHosts)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, hosts.port, _ = net.SplitHostPort(listener.Addr().String())
	abroad, err := net.Listen("tcp", "127.0.0.2:"+hosts.port)
	if err != nil {
		_ = listener.Close()
		t.Skipf("no second address on loopback: %v", err)
	}
	for l, count := range map[net.Listener]*atomic.Int32{listener: &hosts.private, abroad: &hosts.public} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count.Add(1)
			if next := r.URL.Query().Get("next"); next != "" {
				w.Header().Set("Link", "<"+next+">; rel=next")
			}
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
	return hosts
}

// runIn runs lines one after the other in a network.
func runIn(t testing.TB, o Options, n dial.Network, lines ...string) *recorder {
	t.Helper()
	sink := new(recorder)
	o.Concurrency = 1
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	transport := transport.New(o.transportConfig(n))
	defer transport.CloseIdle()
	if _, err := runWith(t.Context(), linesOf(lines...), sink, &o, transport); err != nil {
		t.Fatal(err)
	}
	return sink
}

// twoHostNames are the names of the two hosts, for testNetwork.
var twoHostNames = map[string][][]string{
	"inside.test":  {{"127.0.0.1"}},
	"outside.test": {{"127.0.0.2"}},
	"mixed.test":   {{"127.0.0.1", "127.0.0.2"}},
	"rebound.test": {{"127.0.0.2"}, {"127.0.0.1"}},
}

// redirectChain returns a URL of the first host that redirects to each of the others in turn. ~ stands for the port.
func redirectChain(port string, hosts ...string) string {
	text := ""
	for i := len(hosts) - 1; i >= 0; i-- {
		next := "http://" + strings.ReplaceAll(hosts[i], "~", port) + "/"
		if text != "" {
			next += "?to=" + url.QueryEscape(text)
		}
		text = next
	}
	return text
}
