package dial

import (
	"net/netip"
	"testing"
)

// TestPrivateName: the borders of each range, and every IPv6 form that contains an IPv4 address.
func TestPrivateName(t *testing.T) {
	for text, want := range map[string]string{
		"0.0.0.0": "unspecified", "0.255.255.255": "unspecified", "1.0.0.0": "",
		"9.255.255.255": "", "10.0.0.0": "private", "10.255.255.255": "private", "11.0.0.0": "",
		"100.63.255.255": "", "100.64.0.0": "shared (CGNAT)", "100.127.255.255": "shared (CGNAT)", "100.128.0.0": "",
		"126.255.255.255": "", "127.0.0.1": "loopback", "127.255.255.255": "loopback", "128.0.0.0": "",
		"168.63.129.15": "", "168.63.129.16": "a cloud's own", "169.253.255.255": "",
		"169.254.169.254": "link-local", "169.255.0.0": "",
		"172.15.255.255": "", "172.16.0.0": "private", "172.31.255.255": "private", "172.32.0.0": "",
		"192.0.0.1": "reserved", "192.0.1.0": "", "192.167.255.255": "", "192.168.0.0": "private", "192.169.0.0": "",
		"198.17.255.255": "", "198.18.0.0": "reserved", "198.20.0.0": "",
		"223.255.255.255": "", "224.0.0.1": "multicast", "239.255.255.255": "multicast", "240.0.0.0": "reserved",
		"255.255.255.255": "reserved",
		"8.8.8.8":         "", "2600::1": "", "2001:4860:4860::8888": "",
		"::": "unspecified", "::1": "loopback", "fc00::1": "unique-local", "fd00:ec2::254": "unique-local",
		"fe80::1":      "link-local",
		"fe80::1%eth0": "link-local", "fec0::1": "site-local", "ff02::1": "multicast", "2001::1": "Teredo",
		"100::1":           "reserved",
		"::ffff:127.0.0.1": "loopback", "::ffff:8.8.8.8": "", "::10.0.0.1": "private", "::8.8.8.8": "",
		"::ffff:0:192.168.1.1": "private", "::ffff:0:8.8.8.8": "",
		"64:ff9b::169.254.169.254": "link-local", "64:ff9b::8.8.8.8": "", "64:ff9b:1::8.8.8.8": "local NAT64",
		"2002:7f00:1::": "loopback", "2002:a9fe:a9fe::1": "link-local", "2002:808:808::1": "",
	} {
		if got := PrivateName(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
