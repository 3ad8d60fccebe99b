package cmd_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// An httpProxy is an HTTP proxy for one script. It connects to the script's servers for hosts that end in example.com:
// to the first one without TLS, and to the first with TLS for port 443.
type httpProxy struct {
	origin *origin
	user   string // user:password that it requires; "" is none
	busy   int    // how many requests it still answers with 429 and Retry-After: 1; guarded by origin.mu
}

// startProxy is the command middle.
func startProxy(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && (len(args) == 1 || len(args) == 2), "middle NAME [USER:PASSWORD | REFUSALS]")
	p := &httpProxy{origin: scriptEnvOf(ts).origin}
	if len(args) == 2 {
		var err error
		if p.busy, err = strconv.Atoi(args[1]); err != nil {
			p.user = args[1]
		}
	}
	server := httptest.NewServer(p)
	ts.Defer(func() { server.CloseClientConnections(); server.Close() })
	ts.Setenv(args[0], server.Listener.Addr().String())
}

func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.origin.mu.Lock()
	p.origin.requests = append(p.origin.requests, loggedRequest{time.Now(), "via:" + r.Method + " " + r.RequestURI})
	busy := p.busy > 0
	p.busy--
	p.origin.mu.Unlock()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user))
	if p.user != "" && r.Header.Get("Proxy-Authorization") != want {
		if p.user != "nobody" { // as Smokescreen, which knows no login, and refuses so what its rules do not allow
			w.Header().Set("Proxy-Authenticate", "Basic")
		}
		http.Error(w, "who is there?", http.StatusProxyAuthRequired)
		return
	}
	if busy {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "later", http.StatusTooManyRequests)
		return
	}
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	r.URL.Host, r.RequestURI = p.serverFor(r.URL.Host), ""
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

// connect answers CONNECT: it copies bytes both ways.
func (p *httpProxy) connect(w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", p.serverFor(r.Host))
	if err != nil {
		http.Error(w, "no way", http.StatusBadGateway)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{here: there, there: here} {
		both.Go(func() { _, _ = io.Copy(to, from); _ = to.Close(); _ = from.Close() })
	}
	both.Wait()
}

// serverFor returns the address of the server that stands for host.
func (p *httpProxy) serverFor(host string) string {
	name, port, found := strings.Cut(host, ":")
	if !strings.HasSuffix(name, "example.com") {
		return host
	}
	for _, server := range p.origin.servers {
		u, err := url.Parse(server.URL)
		if err == nil && (u.Scheme == "https") == (found && port == "443") {
			return u.Host
		}
	}
	return host
}
