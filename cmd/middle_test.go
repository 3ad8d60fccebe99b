package cmd_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A middle is an HTTP proxy. Hosts that end in example.com, which it asks in the place of the whole network, are the script's own
// servers: the first one without TLS, and the first with it at port 443.
type middle struct {
	*origin
	user string // user:password it wants; "" is none
}

func proxied(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && (len(args) == 1 || len(args) == 2), "middle NAME [USER:PASSWORD]")
	m := &middle{origin: stageOf(ts).origin}
	if len(args) == 2 {
		m.user = args[1]
	}
	server := httptest.NewServer(m)
	ts.Defer(func() { server.CloseClientConnections(); server.Close() })
	ts.Setenv(args[0], server.Listener.Addr().String())
}

func (m *middle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.visits = append(m.visits, visit{time.Now(), "via:" + r.Method + " " + r.RequestURI})
	m.mu.Unlock()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(m.user))
	if m.user != "" && r.Header.Get("Proxy-Authorization") != want {
		http.Error(w, "who is there?", http.StatusProxyAuthRequired)
		return
	}
	if r.Method == http.MethodConnect {
		m.connect(w, r)
		return
	}
	r.URL.Host, r.RequestURI = m.place(r.URL.Host), ""
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

// connect makes a tunnel.
func (m *middle) connect(w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", m.place(r.Host))
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

// place returns the address that stands for host.
func (m *middle) place(host string) string {
	name, port, found := strings.Cut(host, ":")
	if !strings.HasSuffix(name, "example.com") {
		return host
	}
	for _, server := range m.servers {
		u, err := url.Parse(server.URL)
		if err == nil && (u.Scheme == "https") == (found && port == "443") {
			return u.Host
		}
	}
	return host
}
