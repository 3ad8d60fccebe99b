package cmd_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"github.com/rogpeppe/go-internal/testscript"
)

// An http3Server is the server with HTTP/3 beside one over TCP, at the same port.
type http3Server struct {
	server  http3.Server
	socket  net.PacketConn
	running sync.WaitGroup
}

// listenBoth returns a listener whose port is free for UDP too, and a socket at it.
func listenBoth() (net.Listener, net.PacketConn, error) {
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		if socket, err := net.ListenPacket("udp", listener.Addr().String()); err == nil {
			return listener, socket, nil
		}
		_ = listener.Close() // it has no connection
	}
}

// serveBoth starts a server over TLS whose answers, but those to ?silent, name one with HTTP/3 at the same port, which
// it starts too. It answers /over3 over HTTP/3 alone, and with 503 until then.
func (o *origin) serveBoth() (*httptest.Server, error) {
	listener, socket, err := listenBoth()
	if err != nil {
		return nil, err
	}
	server := o.serve(listener, true)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	pages := server.Config.Handler
	named := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("silent") {
			w.Header().Set("Alt-Svc", `h3=":`+port+`"; ma=3600`)
		}
		switch {
		case r.URL.Path != "/over3":
			pages.ServeHTTP(w, r)
		case r.ProtoMajor < 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			plain(w, "HTTP/3\n")
		}
	})
	server.Config.Handler = named
	s := &http3Server{socket: socket}
	s.server.TLSConfig, s.server.Handler = http3.ConfigureTLSConfig(server.TLS), named
	s.running.Go(func() { _ = s.server.Serve(socket) }) // it ends with stop
	o.http3 = append(o.http3, s)
	return server, nil
}

// stop ends the server, and its connections without a word where they are in use.
func (s *http3Server) stop() {
	_, _ = s.server.Close(), s.socket.Close()
	s.running.Wait()
}

// http3Programs are the servers that the scripts of testdata/http3servers pull from: Caddy's is package quic of another
// version, gtlsserver that of ngtcp2 (Debian's package ngtcp2-server), which validates addresses by a Retry, names
// another address to go on from, and loses packets.
func http3Programs() []serverProgram {
	var programs []serverProgram
	for _, p := range serverPrograms {
		if p.name == "caddy" {
			p.config = strings.Replace(p.config, "protocols h1 h2", "protocols h1 h2 h3", 1)
			programs = append(programs, p)
		}
	}
	return append(programs, serverProgram{name: "gtlsserver", onlyUDP: true, args: []string{"-q", "-V",
		"--preferred-ipv4-addr=127.0.0.1:{{.Plain}}", "-t", "0.02", "-r", "0.02", "-d", "{{.Root}}", "127.0.0.1", "{{.TLS}}",
		"{{.Dir}}/key.pem", "{{.Dir}}/cert.pem"}})
}

// TestHTTP3Servers runs the scripts of testdata/http3servers against each of http3Programs, as TestRealServers does
// those of testdata/servers. The condition tcp is that the server is there over TCP too.
func TestHTTP3Servers(t *testing.T) {
	for _, program := range http3Programs() {
		t.Run(program.name, func(t *testing.T) {
			site := program.start(t)
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata/http3servers",
				RequireExplicitExec: true,
				Setup:               func(script *testscript.Env) error { return site.setEnv(script, "HTTP/2.0") },
				Condition:           func(string) (bool, error) { return !program.onlyUDP, nil },
				Cmds:                scriptCommands,
			})
		})
	}
}
