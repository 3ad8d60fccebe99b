package netns_test

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/nettest/netns"
)

// serve echoes what comes over connections to addr, port 7, until the end of the test.
func serve(t *testing.T, link *netns.Link, addr netip.Addr) {
	listener := link.Listen(t, addr, 7)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
}

// echo sends n bytes to port 7 of an address, reads them back, and returns how long that took.
func echo(t *testing.T, addr netip.Addr, n int64) (connected, all time.Duration) {
	t.Helper()
	start := time.Now()
	c, err := net.DialTimeout("tcp", netip.AddrPortFrom(addr, 7).String(), 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	connected = time.Since(start)
	var reading sync.WaitGroup
	reading.Go(func() {
		if _, err := io.CopyN(io.Discard, c, n); err != nil {
			t.Error(err)
		}
	})
	if _, err := c.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	reading.Wait()
	return connected, time.Since(start)
}

func TestRTT(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		near, far := netns.Connect(t, netns.Path{}), netns.Connect(t, netns.Path{RTT: 100 * time.Millisecond})
		serve(t, near, netip.Addr{})
		serve(t, far, netip.Addr{})
		for _, addr := range []netip.Addr{far.Addr(1), far.Addr(65534), far.Addr6(1), far.Addr6(65534)} {
			if !addr.IsValid() {
				t.Log("no IPv6 here")
				continue
			}
			connected, all := echo(t, addr, 1)
			if connected < 100*time.Millisecond || all < 200*time.Millisecond {
				t.Errorf("%v: connected after %v, one byte echoed after %v", addr, connected, all)
			}
		}
		least := time.Hour
		for range 20 { // on a busy machine one may take its time
			connected, _ := echo(t, near.Addr(1), 1)
			least = min(least, connected)
		}
		if least > 90*time.Millisecond {
			t.Errorf("without a round-trip time it took %v to connect", least)
		}
	})
}

func TestBandwidthAndLoss(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		link := netns.Connect(t, netns.Path{Bandwidth: 1e6, Loss: 0.01})
		serve(t, link, link.Addr(1))
		if _, all := echo(t, link.Addr(1), 500_000); all < 450*time.Millisecond {
			t.Errorf("500 kB at 1 MB/s took %v", all)
		}
	})
}

// TestDrop: large packets are dropped without a word, then none are, then all.
func TestDrop(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		link := netns.Connect(t, netns.Path{})
		serve(t, link, link.Addr(1))
		link.Drop(func(toServer bool, packet []byte) bool { return toServer && len(packet) > 1000 })
		echo(t, link.Addr(1), 900)
		c, err := net.Dial("tcp", netip.AddrPortFrom(link.Addr(1), 7).String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_, _ = c.Write(make([]byte, 1200))
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := c.Read(make([]byte, 1)); !os.IsTimeout(err) {
			t.Errorf("read %d bytes, %v: a large packet has come through", n, err)
		}
		link.Drop(nil)
		_ = c.SetReadDeadline(time.Time{})
		if _, err := io.ReadFull(c, make([]byte, 1200)); err != nil {
			t.Error("after that: ", err)
		}
		link.Drop(func(bool, []byte) bool { return true })
		if c, err := net.DialTimeout("tcp", c.RemoteAddr().String(), 50*time.Millisecond); err == nil {
			_ = c.Close()
			t.Error("connected although all packets are dropped")
		}
	})
}

// TestSysctlAndFile: settings are the namespace's alone.
func TestSysctlAndFile(t *testing.T) {
	const ports, resolver = "/proc/sys/net/ipv4/ip_local_port_range", "/etc/resolv.conf"
	read := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Skip(err)
		}
		return string(content)
	}
	before, isInside := read(ports)+read(resolver), false
	netns.Run(t, func(t *testing.T) {
		isInside = true
		netns.Sysctl(t, "net.ipv4.ip_local_port_range", "40000\t40010")
		netns.WriteFile(t, resolver, "nameserver 10.1.0.53\n")
		if now := read(ports) + read(resolver); now != "40000\t40010\nnameserver 10.1.0.53\n" {
			t.Errorf("they are %q", now)
		}
	})
	if now := read(ports) + read(resolver); now != before && !isInside {
		t.Errorf("outside they are %q, were %q", now, before)
	}
}
