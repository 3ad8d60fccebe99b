package fetch

import (
	"net"
	"sync"
	"testing"

	"batchfetch/fetch/nettest"
)

// A forgetfulPath is a relay to a server that can forget its connections, as a NAT or a firewall does: from then on
// what comes over them is dropped without a word, or answered by a reset. Later connections work.
type forgetfulPath struct {
	listener net.Listener
	to       string // host:port
	resets   bool   // forgotten connections are reset when something comes over them

	mu    sync.Mutex
	conns []*pathConn
	used  int // forgotten connections over which something came
}

// A pathConn is a connection over a forgetfulPath.
type pathConn struct {
	net.Conn // the client's
	server   net.Conn
	dead     bool // guarded by forgetfulPath.mu
	touched  bool // likewise: something came after that
}

// startForgetfulPath starts a relay at an address, such as 127.0.0.1:0 or, of a Unix socket, a path, to host:port. It
// ends with the test.
func startForgetfulPath(t *testing.T, network, address, to string, resets bool) *forgetfulPath {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("no such sockets here: %v", err)
	}
	p := &forgetfulPath{listener: listener, to: to, resets: resets}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			clients.Go(func() { p.relay(c, &clients) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_, _ = c.Close(), c.server.Close()
		}
		p.mu.Unlock()
		clients.Wait()
	})
	return p
}

// addr returns host:port of the path.
func (p *forgetfulPath) addr() string { return p.listener.Addr().String() }

// relay copies both ways between a client and the server until one of them closes.
func (p *forgetfulPath) relay(client net.Conn, clients *sync.WaitGroup) {
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &pathConn{Conn: client, server: server}
	p.mu.Lock()
	p.conns = append(p.conns, c)
	p.mu.Unlock()
	clients.Go(func() { p.copy(client, server, c, false) })
	p.copy(server, client, c, true)
}

// alertLength is the most bytes of the TLS alert with which a connection is closed: no use of it.
const alertLength = 31

// copy copies one way, and drops what comes once the connection is forgotten.
func (p *forgetfulPath) copy(to, from net.Conn, c *pathConn, sent bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		dead := c.dead
		if dead && sent && n > alertLength && !c.touched {
			c.touched = true
			p.used++
		}
		p.mu.Unlock()
		switch {
		case dead && err == nil && sent && p.resets:
			if tcp, ok := from.(*net.TCPConn); ok {
				nettest.ResetOnClose(tcp)
			}
			_ = from.Close()
			return
		case err != nil && !dead:
			_, _ = to.Close(), from.Close()
			return
		case err != nil:
			_ = from.Close()
			return
		case !dead:
			_, _ = to.Write(buffer[:n])
		}
	}
}

// forget forgets the connections that there are, and returns how many.
func (p *forgetfulPath) forget() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.dead = true
	}
	return len(p.conns)
}

// usage returns how many connections were made so far, and how many forgotten ones were used.
func (p *forgetfulPath) usage() (made, used int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns), p.used
}
