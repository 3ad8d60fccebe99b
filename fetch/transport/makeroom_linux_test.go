package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"batchfetch/fetch/nettest"
)

// TestConnectionBeyondTheQueueOfAListener: a connection that is made to its client, and whose request the server's
// system drops, as it does while the queue of the listener is full (waitress 2.1.2 with connection_limit=6, Tomcat
// 10.1.60 with maxConnections=8, Bottle 0.12.23 with its one thread), is given up once the host has answered another
// exchange. Its request takes the connection of that; here the server accepts no other.
func TestConnectionBeyondTheQueueOfAListener(t *testing.T) {
	config := net.ListenConfig{}
	config.SetMultipathTCP(false) // which has no filters
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	held, release := make(chan struct{}), make(chan struct{})
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		for in := bufio.NewReader(c); ; nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") {
			switch r, err := http.ReadRequest(in); {
			case err != nil:
				return
			case r.URL.Path == "/held":
				close(held)
				<-release
			}
		}
	}()

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	transport := newTestTransport(t)
	exchange := func(path string) {
		to := testTarget(t, "GET", "http://"+listener.Addr().String()+path, nil)
		if text, err := exchangeOver(ctx, transport, to); text != "ok" || err != nil {
			t.Errorf("%s: got %q, %v", path, text, err)
		}
	}
	exchange("/first")
	dropAllButSYN(t, listener)
	done := make(chan struct{}, 2)
	for _, path := range []string{"/held", "/dropped"} {
		go func() {
			exchange(path)
			done <- struct{}{}
		}()
		<-held
	}
	time.Sleep(100 * time.Millisecond) // until the second is sent, or it takes the connection of the first
	close(release)
	<-done
	<-done
}

// dropAllButSYN has the system drop what comes for a listener but the first packet of each connection.
func dropAllButSYN(t *testing.T, listener net.Listener) {
	t.Helper()
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13}, // the flags of TCP
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // it is 4
	var attached error
	err = raw.Control(func(fd uintptr) {
		attached = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	})
	if err != nil || attached != nil {
		t.Fatal(err, attached)
	}
}
