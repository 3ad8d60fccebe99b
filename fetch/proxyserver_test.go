package fetch

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
)

// proxyServer is a proxy that connects every request to one of two servers, by the port that is requested.
type proxyServer struct {
	plain, secure string // host:port
	user          string // user:password that it requires; "" is none

	mu       sync.Mutex
	requests []string
}

// addRequest records a request to the proxy.
func (p *proxyServer) addRequest(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, what)
}

// takeRequests returns the requests to the proxy since the last call.
func (p *proxyServer) takeRequests() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := strings.Join(p.requests, " | ")
	p.requests = nil
	return text
}

// dialOrigin connects to one of the two servers.
func (p *proxyServer) dialOrigin(addr string) (net.Conn, error) {
	if strings.HasSuffix(addr, ":443") {
		return net.Dial("tcp", p.secure)
	}
	return net.Dial("tcp", p.plain)
}

// ServeHTTP is the proxy over HTTP.
func (p *proxyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.addRequest(r.Method + " " + r.RequestURI)
	if p.user != "" && r.Header.Get("Proxy-Authorization") != dial.BasicAuth(strings.Split(p.user, ":")[0],
		strings.Split(p.user, ":")[1]) {
		http.Error(w, "who is there?", http.StatusProxyAuthRequired)
		return
	}
	if r.Method == http.MethodConnect {
		there, err := p.dialOrigin(r.Host)
		if err != nil {
			http.Error(w, "no way", http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(here, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\n\r\n")
			relay(here, there)
		}
		return
	}
	r.URL.Host, r.RequestURI = p.plain, ""
	r.Header.Del("Proxy-Authorization")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		http.Error(w, "no way", http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// relay copies both ways between two connections until both are closed.
func relay(a, b net.Conn) {
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{a: b, b: a} {
		both.Go(func() { _, _ = io.Copy(to, from); _ = to.Close(); _ = from.Close() })
	}
	both.Wait()
}

// serveSOCKS speaks SOCKS5 (RFC 1928, RFC 1929) with one client.
func (p *proxyServer) serveSOCKS(c net.Conn) {
	in := bufio.NewReader(c)
	take := func(n int) string {
		text := make([]byte, n)
		_, _ = io.ReadFull(in, text)
		return string(text)
	}
	short := func() string { return take(int(take(1)[0])) }
	take(1)
	short()
	if p.user != "" {
		nettest.Say(c, "\x05\x02")
		take(1)
		if user := short() + ":" + short(); user != p.user {
			nettest.Say(c, "\x01\x01")
			return
		}
		nettest.Say(c, "\x01\x00")
	} else {
		nettest.Say(c, "\x05\x00")
	}
	host := ""
	switch take(4)[3] {
	case 1:
		host = net.IP(take(4)).String()
	case 3:
		host = short()
	case 4:
		host = net.IP(take(16)).String()
	}
	port := take(2)
	addr := net.JoinHostPort(host, fmt.Sprint(int(port[0])<<8|int(port[1])))
	p.addRequest("socks " + addr)
	there, err := p.dialOrigin(addr)
	if err != nil {
		nettest.Say(c, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
		return
	}
	nettest.Say(c, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
	relay(c, there)
}

// start starts a proxy of that scheme and returns its host:port.
func (p *proxyServer) start(t testing.TB, scheme string) string {
	t.Helper()
	switch scheme {
	case "http":
		return strings.TrimPrefix(startServer(t, p.ServeHTTP), "http://")
	case "https":
		server := httptest.NewUnstartedServer(p)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail are logged
		server.StartTLS()
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "https://")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			clients.Go(func() { p.serveSOCKS(c); _ = c.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); clients.Wait() })
	return listener.Addr().String()
}
