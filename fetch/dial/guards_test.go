package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestGuardSpecialBlocks: the first and the last address of each block of the IANA special-purpose registries that is
// not globally reachable are not public; those that are globally reachable are, and what lies beside a block is not
// taken for it.
func TestGuardSpecialBlocks(t *testing.T) {
	for block, want := range map[string]string{
		"0.0.0.0/8": "unspecified", "10.0.0.0/8": "private", "100.64.0.0/10": "shared (CGNAT)", "127.0.0.0/8": "loopback",
		"169.254.0.0/16": "link-local", "172.16.0.0/12": "private", "192.0.0.0/24": "reserved",
		"192.0.0.0/29": "reserved", "192.0.0.8/32": "reserved", "192.0.0.9/32": "reserved", "192.0.0.10/32": "reserved",
		"192.0.0.170/31": "reserved", "192.0.2.0/24": "documentation", "192.31.196.0/24": "", "192.52.193.0/24": "",
		"192.88.99.0/24": "a 6to4 relay", "192.168.0.0/16": "private", "192.175.48.0/24": "", "198.18.0.0/15": "reserved",
		"198.51.100.0/24": "documentation", "203.0.113.0/24": "documentation", "240.0.0.0/4": "reserved",
		"255.255.255.255/32": "reserved", "224.0.0.0/4": "multicast", "168.63.129.16/32": "a cloud's own",

		"::1/128": "loopback", "::/128": "unspecified", "::ffff:127.0.0.0/104": "loopback",
		"::ffff:192.0.2.0/120": "documentation", "64:ff9b::10.0.0.0/104": "private", "64:ff9b::c058:6300/120": "a 6to4 relay",
		"64:ff9b:1::/48": "local NAT64", "100::/64": "reserved", "100:0:0:1::/64": "reserved", "2001::/32": "Teredo",
		"2001:1::1/128": "reserved", "2001:1::2/128": "reserved", "2001:1::3/128": "reserved", "2001:2::/48": "reserved",
		"2001:3::/32": "", "2001:4:112::/48": "", "2001:10::/28": "reserved", "2001:20::/28": "", "2001:30::/28": "",
		"2001:1ff::/32": "reserved", "2001:db8::/32": "documentation", "2002:a00::/24": "private", "2620:4f:8000::/48": "",
		"2002:c000:200::/40": "documentation", "3fff::/20": "documentation", "5f00::/16": "a segment of SRv6",
		"fc00::/7": "unique-local", "fe80::/10": "link-local", "fec0::/10": "site-local", "ff00::/8": "multicast",

		"192.0.1.0/24": "", "192.0.3.0/24": "", "192.88.98.0/24": "", "192.88.100.0/24": "", "198.51.99.0/24": "",
		"198.51.101.0/24": "", "203.0.112.0/24": "", "203.0.114.0/24": "", "100:0:0:2::/64": "", "2001:200::/32": "",
		"2001:db7::/32": "", "2001:db9::/32": "", "3fff:1000::/20": "", "3ffe::/16": "", "5eff::/16": "", "5f01::/16": "",
		"2600::/16": "", "2a00::/16": "", "8.8.8.0/24": "",
	} {
		prefix := netip.MustParsePrefix(block)
		last := prefix.Addr().AsSlice()
		for bit := prefix.Bits(); bit < 8*len(last); bit++ {
			last[bit/8] |= 0x80 >> (bit % 8)
		}
		end, _ := netip.AddrFromSlice(last)
		for _, a := range []netip.Addr{prefix.Masked().Addr(), end} {
			if got := PrivateName(a); got != want {
				t.Errorf("%s of %s is %q, want %q", a, block, got, want)
			}
		}
	}
}

// TestGuardForms: an address that is not public is refused in every form, at once and before anything is looked up,
// with every policy but PrivateAllow.
func TestGuardForms(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "0", "0x0",
		"localhost", "LOCALHOST.", "a.localhost", "::1", "::1%lo", "::1%25", "::", "0:0:0:0:0:0:0:1", "::0001",
		"::ffff:127.0.0.1", "::ffff:127.0.0.1%lo", "::ffff:7f00:1%1", "::ffff:10.0.0.1%eth0", "::ffff:169.254.169.254%x",
		"::127.0.0.1", "::127.0.0.1%lo", "::ffff:0:127.0.0.1", "::ffff:0:127.0.0.1%lo", "64:ff9b::7f00:1",
		"64:ff9b::7f00:1%lo", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::1", "fe80::1", "fe80::1%lo", "fec0::1",
		"fd00:ec2::254", "ff02::1%lo", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"168.63.129.16", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
		"2001:2::1", "2001:db8::1", "3fff::1", "5f00::1", "100:0:0:1::1", "override.test",
	} {
		for _, policy := range []Policy{PrivateRedirects, PrivateDeny} {
			d := New(Config{
				Network: Network{Dialer: net.Dialer{Resolver: noResolver(t)}}, Family: "tcp", Private: policy,
				Overrides: []Override{{"override.test", 80, []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1%lo")}}},
			})
			began := time.Now()
			c, err := d.DialPlain(t.Context(), net.JoinHostPort(host, "80"))
			var f *failure.Failure
			switch {
			case err == nil:
				_ = c.Close()
				t.Errorf("%s, %s: connected", host, policy)
			case !errors.As(err, &f) || f.Kind != failure.BlockedAddress:
				t.Errorf("%s, %s: %v", host, policy, err)
			case time.Since(began) > 10*time.Second:
				t.Errorf("%s, %s: after %s", host, policy, time.Since(began))
			}
		}
	}
}

// noResolver returns a resolver for which any lookup is an error of the test.
func noResolver(t *testing.T) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a name was looked up")
		return nil, net.ErrClosed
	}}
}

// TestGuardNumbers: which hosts end in a number, as none in DNS does.
func TestGuardNumbers(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "1.2.3.4.5": true, "256.1.1.1": true, "4294967296": true, "a.1": true, "127.0.0.1..": true,
		"a.0x7f": true, "a.0X7F.": true, "a.0x": true, "0xffffffffffffffff7f000001": true, "08": true, "1.2.3.08": true,
		"": false, ".": false, "a.test": false, "1.test": false, "a.1e3": false, "a.0xg": false, "a.x1": false, "a.-1": false,
		"::1": false, "fe80::a%1": false, "1.2.3.4a": false,
	} {
		if got := EndsInNumber(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
