package netns

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// A Link connects the client's network to the namespace of a server. All 65,534 addresses of Addr, and as many of
// Addr6, are the server's.
type Link struct {
	number  int         // of the link in its process, from 1
	calls   chan func() // to the thread that is in the server's namespace
	packets forwarder
}

// links counts the links of the process.
var links atomic.Int32

// Connect makes a server's namespace and a link to it, which last until the end of the test.
func Connect(t testing.TB, path Path) *Link {
	t.Helper()
	if os.Getenv(insideVariable) == "" {
		t.Fatal("netns.Connect is called outside of netns.Run")
	}
	if path.MTU == 0 {
		path.MTU = 1500
	}
	l := &Link{number: int(links.Add(1)), calls: make(chan func()), packets: forwarder{path: path}}
	if err := l.enter(); err != nil {
		t.Fatal("a namespace for the server: ", err)
	}
	name := fmt.Sprintf("link%d", l.number)
	client, err := openTun(name)
	if err != nil {
		t.Fatal(err)
	}
	var server *os.File
	l.Do(func() { server, err = openTun(name) })
	if err != nil {
		t.Fatal(err)
	}
	configure(t, `link set dev NAME mtu MTU txqueuelen 10000 up
		address add 10.200.N.1/32 dev NAME
		route add 10.N.0.0/16 dev NAME
		-6 address add fd00:c8:N::1/128 dev NAME nodad
		-6 route add fd00:N::/64 dev NAME`, l)
	l.Do(func() {
		configure(t, `link set lo up
			link set dev NAME mtu MTU txqueuelen 10000 up
			route add local 10.N.0.0/16 dev lo
			route add 10.200.N.1/32 dev NAME
			-6 route add local fd00:N::/64 dev lo
			-6 route add fd00:c8:N::1/128 dev NAME`, l)
	})
	var forwarding sync.WaitGroup
	forwarding.Go(func() { l.packets.forward(client, server, true) })
	forwarding.Go(func() { l.packets.forward(server, client, false) })
	t.Cleanup(func() {
		_, _ = client.Close(), server.Close()
		forwarding.Wait()
		close(l.calls)
	})
	return l
}

// Drop makes a link drop the packets, from the IP header on, for which drop is true, beside those by Path; nil is none.
// toServer is the direction. It may be changed at any time; the two directions call it at once.
func (l *Link) Drop(drop func(toServer bool, packet []byte) bool) {
	l.packets.drop.Store(&drop)
}

// enter starts the thread in the server's namespace, a new one, that calls what comes in l.calls.
func (l *Link) enter() error {
	entered := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks it: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		entered <- err
		for call := range l.calls {
			call()
		}
	}()
	return <-entered
}

// Do calls f on a thread in the server's namespace, one call at a time: sockets that f makes are the server's, and
// programs that it starts run there. It must not end the test.
func (l *Link) Do(f func()) {
	done := make(chan struct{})
	l.calls <- func() { defer close(done); f() }
	<-done
}

// Listen listens at the server for TCP connections to an address of its, until the end of the test. The zero Addr
// is all of its addresses.
func (l *Link) Listen(t testing.TB, addr netip.Addr, port int) net.Listener {
	t.Helper()
	var listener net.Listener
	var err error
	l.Do(func() {
		listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", hostPort(addr, port))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// ListenPacket is Listen for UDP.
func (l *Link) ListenPacket(t testing.TB, addr netip.Addr, port int) net.PacketConn {
	t.Helper()
	var packets net.PacketConn
	var err error
	l.Do(func() {
		packets, err = new(net.ListenConfig).ListenPacket(context.Background(), "udp", hostPort(addr, port))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = packets.Close() })
	return packets
}

// hostPort returns an address as package net takes it; of the zero Addr, all addresses.
func hostPort(addr netip.Addr, port int) string {
	if !addr.IsValid() {
		return fmt.Sprintf(":%d", port)
	}
	return netip.AddrPortFrom(addr, uint16(port)).String()
}

// Addr is an IPv4 address of the server, for n from 1 to 65,534.
func (l *Link) Addr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(l.number), byte(n >> 8), byte(n)})
}

// Addr6 is an IPv6 address of the server, for n from 1 to 65,534. It is the zero Addr where the system has no IPv6.
func (l *Link) Addr6(n int) netip.Addr {
	if !hasIPv6() {
		return netip.Addr{}
	}
	a := netip.MustParseAddr(fmt.Sprintf("fd00:%d::", l.number)).As16()
	binary.BigEndian.PutUint16(a[14:], uint16(n))
	return netip.AddrFrom16(a)
}

func hasIPv6() bool {
	_, err := os.Stat("/proc/net/if_inet6")
	return err == nil
}

// configure runs commands of ip in the namespace of the calling thread. In them NAME, N and MTU stand for those of l.
func configure(t testing.TB, commands string, l *Link) {
	t.Helper()
	values := strings.NewReplacer("NAME", fmt.Sprintf("link%d", l.number), "N", fmt.Sprint(l.number),
		"MTU", fmt.Sprint(l.packets.path.MTU))
	for line := range strings.Lines(values.Replace(commands)) {
		if strings.Contains(line, "-6") && !hasIPv6() {
			continue
		}
		if output, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Errorf("ip %s: %v: %s", line, err, output)
		}
	}
}

// openTun makes a tun device in the namespace of the calling thread.
func openTun(name string) (*os.File, error) {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tunDevice, err)
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return nil, fmt.Errorf("a tun device: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
