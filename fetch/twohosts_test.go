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

// testNetwork is a network in which 127.0.0.2 and 127.0.0.3 are public addresses, and in which names have the addresses given:
// each lookup takes the next list, the last one again and again.
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

// twoHosts are two servers at one port: at home is 127.0.0.1, away 127.0.0.2. Both redirect to what stands behind ?to=.
type twoHosts struct {
	port            string
	private, public atomic.Int32 // requests
}

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

// runIn runs one request after the other in that network.
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

var twoHostNames = map[string][][]string{
	"inside.test":  {{"127.0.0.1"}},
	"outside.test": {{"127.0.0.2"}},
	"mixed.test":   {{"127.0.0.1", "127.0.0.2"}},
	"rebound.test": {{"127.0.0.2"}, {"127.0.0.1"}},
}

// redirectChain is a URL of the first host that leads over the others; ~ stands for the port.
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
