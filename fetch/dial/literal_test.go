package dial

import "testing"

// TestLiteralAddr: every way to write an address that resolvers accept is read, and anything else is a name.
func TestLiteralAddr(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1": "127.0.0.1", "127.0.0.1.": "127.0.0.1", "::1": "::1", "::ffff:10.0.0.1": "::ffff:10.0.0.1",
		"fe80::1%eth0": "fe80::1%eth0",
		"2130706433":   "127.0.0.1", "0x7f000001": "127.0.0.1", "0X7F.1": "127.0.0.1", "0177.0.0.1": "127.0.0.1",
		"127.1":   "127.0.0.1",
		"127.0.1": "127.0.0.1", "10.0.0.010": "10.0.0.8", "0": "0.0.0.0", "0x.0": "0.0.0.0",
		"169.254.43518": "169.254.169.254",
		"4294967295":    "255.255.255.255", "4294967296": "", "256.1": "", "1.2.3.256": "", "1.2.65536": "", "1.16777216": "",
		"": "", ".": "", "1..2": "", "1.2.3.4.5": "", "08": "", "0xg": "", "a.test": "", "1.test": "", "-1": "",
		"+1": "", "1e3": "", "1_0": "", "0x1_0": "",
	} {
		a, ok := LiteralAddr(host)
		if got := a.String(); ok && got != want || !ok && want != "" {
			t.Errorf("%q is %s, want %q", host, got, want)
		}
	}
}

func TestIsLocalhost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost.": true, "a.b.localhost": true, "A.LOCALHOST": true,
		"notlocalhost": false, "localhost.test": false, "": false,
	} {
		if got := IsLocalhost(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
