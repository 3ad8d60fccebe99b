package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestDefaults: a Config that sets only the family and the policy is enough for New: it connects without a time limit,
// has the addresses of RFC 6890 for private, closes no idle connections, and limits no bandwidth.
func TestDefaults(t *testing.T) {
	d := New(Config{Family: "tcp", Private: PrivateAllow})
	url := nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c) })
	c, err := d.DialPlain(t.Context(), strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if connect, exchange := d.Timeouts("http://a.test"); connect != 0 || exchange != 0 {
		t.Errorf("the timeouts are %s and %s", connect, exchange)
	}
	ctx, cancel := d.withTimeout(t.Context(), "http://a.test")
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok {
		t.Errorf("a dial ends at %s", deadline)
	}
	if name := d.Network.PrivateName(Loopbacks[0]); name != "loopback" {
		t.Errorf("loopback is %q", name)
	}
	d.CloseIdle()
}

// TestNewKeepsFunctions: the functions of a Config are not replaced by defaults.
func TestNewKeepsFunctions(t *testing.T) {
	closed := false
	d := New(Config{
		Network:   Network{PrivateName: func(netip.Addr) string { return "mine" }},
		CloseIdle: func() { closed = true },
		Timeouts:  func(string) (connect, exchange time.Duration) { return time.Second, time.Minute },
	})
	connect, exchange := d.Timeouts("http://a.test")
	if d.CloseIdle(); !closed || d.Network.PrivateName(Loopbacks[0]) != "mine" || connect+exchange != 61*time.Second {
		t.Errorf("closed %t, %s, %s and %s", closed, d.Network.PrivateName(Loopbacks[0]), connect, exchange)
	}
}

// TestTimeoutOfDial: the shorter of the two timeouts bounds a dial, and ends it under its own name.
func TestTimeoutOfDial(t *testing.T) {
	for _, tt := range []struct {
		connect, exchange time.Duration
		want              string // the name of the limit; "" is no limit
	}{
		{0, 0, ""},
		{-1, -1, ""},
		{time.Millisecond, 0, "connect-timeout"},
		{0, time.Millisecond, "timeout"},
		{time.Millisecond, time.Hour, "connect-timeout"},
		{time.Hour, time.Millisecond, "timeout"},
		{time.Millisecond, time.Millisecond, "timeout"},
	} {
		d := New(Config{Timeouts: func(string) (connect, exchange time.Duration) { return tt.connect, tt.exchange }})
		ctx, cancel := d.withTimeout(t.Context(), "http://a.test")
		got := ""
		if _, limited := ctx.Deadline(); limited {
			<-ctx.Done()
			var limit *failure.Limit
			if errors.As(context.Cause(ctx), &limit) {
				got = limit.Name
			}
		}
		if cancel(); got != tt.want {
			t.Errorf("%s and %s: ended by %q, want %q", tt.connect, tt.exchange, got, tt.want)
		}
	}
}

// TestPrivatePolicyOfDial: unless the policy is PrivateAllow, the Dialer refuses addresses that are not public, also
// those that an Override gives.
func TestPrivatePolicyOfDial(t *testing.T) {
	override, err := ParseOverride("a.test:80:127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, policy := range []Policy{PrivateRedirects, PrivateDeny} {
		d := New(Config{Family: "tcp", Private: policy, Overrides: []Override{override}})
		for _, addr := range []string{"127.0.0.1:80", "localhost:80", "0x7f.1:80", "a.test:80"} {
			_, err := d.DialPlain(t.Context(), addr)
			var f *failure.Failure
			if !errors.As(err, &f) || f.Kind != failure.BlockedAddress {
				t.Errorf("%s, %s: got %v", policy, addr, err)
			}
		}
	}
}

// TestStepsOfDial: the Times of a context have the steps that took place.
func TestStepsOfDial(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	d := New(Config{Family: "tcp", Private: PrivateAllow, TLS: &tls.Config{InsecureSkipVerify: true}})
	for _, secure := range []bool{false, true} {
		ctx, times := WithTimes(t.Context())
		if secure {
			_, c, err := d.DialTLS(ctx, server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		} else {
			c, err := d.DialPlain(ctx, server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		}
		lookup, connect, handshake := times.Steps()
		if lookup >= 0 || connect < 0 || handshake >= 0 != secure {
			t.Errorf("TLS %t: lookup %s, connect %s, handshake %s", secure, lookup, connect, handshake)
		}
	}
}

// TestOfFamily: only the addresses of the family are used.
func TestOfFamily(t *testing.T) {
	o, err := ParseOverride("a.test:80:192.0.2.1,[2001:db8::1],::ffff:192.0.2.2")
	if err != nil {
		t.Fatal(err)
	}
	for family, want := range map[string]string{
		"tcp": "[192.0.2.1 2001:db8::1 ::ffff:192.0.2.2]", "tcp4": "[192.0.2.1 ::ffff:192.0.2.2]", "tcp6": "[2001:db8::1]",
	} {
		d := New(Config{Family: family})
		if got := fmt.Sprint(d.ofFamily(o.Addrs)); got != want {
			t.Errorf("%s: %s, want %s", family, got, want)
		}
	}
}
