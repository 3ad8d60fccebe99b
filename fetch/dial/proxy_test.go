package dial

import (
	"net/url"
	"strings"
	"testing"
)

// TestParseProxy: URLs of proxies are read as curl reads them, and no error quotes one.
func TestParseProxy(t *testing.T) {
	const number = "has a number for a host: write its name or address, as in http://127.0.0.1:3128"
	const malformed = "is no URL of a proxy: the user, host or port is malformed; " +
		"percent-encode what is special in a password"
	for text, want := range map[string]string{
		"p.test:3128":                  "http://p.test:3128",
		"p.test":                       "http://p.test:1080",
		"http://p.test/":               "http://p.test:1080",
		"https://p.test":               "https://p.test:443",
		"HTTP://P.test:80":             "http://P.test:80",
		"socks5://u:p%40ss@[::1]:9050": "socks5://[::1]:9050",
		"socks5h://p.test":             "socks5h://p.test:1080",
		"u:s3cret@p.test:1":            "http://p.test:1",
		"http://bücher.example:1":      "http://xn--bcher-kva.example:1",
		"socks4://u:s3cret@p.test":     "has a scheme that is not http, https, socks5 or socks5h",
		"127.0.0.1:3128":               "http://127.0.0.1:3128",
		"1.proxy.test":                 "http://1.proxy.test:1080",
		"1":                            number, // an option of another flag
		"3128":                         number, // a port
		"http://127.1:3128":            number,
		"socks5://2130706433":          number,
		"http://u:s3cret@p.test:0":     "has a port that is not 1 to 65535",
		"http://u:s3cret@p.test:99999": "has a port that is not 1 to 65535",
		"http://u:s3cret@":             "is no URL of a proxy: no host",
		"http://u:s3cret%zz@p.test": "is no URL of a proxy: a % without two hexadecimal digits behind, in the user or " +
			"host; percent-encode it as %25",
		"http://u:s3 cret@p.test":           malformed,
		"http://u:s3cret@p.test:s3cret@x:y": malformed,
	} {
		p, err := parseProxy(text)
		switch {
		case err != nil && err.Error() != want:
			t.Errorf("%q: %v, want %s", text, err, want)
		case err == nil && p.String() != want:
			t.Errorf("%q: %s, want %s", text, p, want)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%q is repeated: %v", text, err)
		}
	}
	if p, err := parseProxy(""); p != nil || err != nil {
		t.Errorf("nothing is %v, %v", p, err)
	}
}

// TestBypass: NO_PROXY is read as curl reads it.
func TestBypass(t *testing.T) {
	for _, tt := range []struct {
		list, in, out string
	}{
		{list: "", out: "a.test:80 localhost:80 127.0.0.1:80"},
		{list: "*", in: "a.test:80 [::1]:80"},
		{list: "a.test", in: "a.test:80 A.Test.:443 b.a.test:80", out: "ba.test:80 test:80 127.0.0.1:80"},
		{list: ".a.test, *.b.test", in: "a.test:80 c.a.test:80 c.b.test:80", out: "c.test:80"},
		{list: "a.test:8080", in: "a.test:8080 b.a.test:8080", out: "a.test:80"},
		{
			list: "10.0.0.0/8 192.0.2.1,2001:db8::/32 [::1]:81",
			in:   "10.1.2.3:80 0xa.1:80 192.0.2.1:1 [2001:db8::5]:1 [::1]:81",
			out:  "11.0.0.1:80 192.0.2.2:80 [::1]:80 a.test:80",
		},
		{list: "localhost", in: "localhost:80 a.localhost:80", out: "127.0.0.1:80"},
		{list: "127.0.0.1", in: "127.0.0.1:80 127.1:80", out: "localhost:80"},
		{
			list: "Bücher.test, .日本.test",
			in:   "xn--bcher-kva.test:80 www.xn--bcher-kva.test:80 a.xn--wgv71a.test:80",
			out:  "bcher.test:80",
		},
		{list: " , .,", out: "a.test:80"},
		{list: "1.2.3.4:80", in: "1.2.3.4:80", out: "1.2.3.4:81"},
	} {
		list := parseBypass(tt.list)
		for want, addrs := range map[bool]string{true: tt.in, false: tt.out} {
			for addr := range strings.FieldsSeq(addrs) {
				u, err := url.Parse("http://" + addr)
				if err != nil {
					t.Fatal(err)
				}
				if got := list.covers(u.Hostname(), u.Port()); got != want {
					t.Errorf("%q covers %s: %t", tt.list, addr, got)
				}
			}
		}
	}
}

// TestForURL: the proxy goes by scheme, host and port, default ports included; forAddr finds the same one.
func TestForURL(t *testing.T) {
	p := NewProxies("http://plain.test:1", "socks5://secure.test:2", "near.test:80,sure.test:443")
	for text, want := range map[string]string{
		"http://a.test/": "http://plain.test:1", "https://a.test/": "socks5://secure.test:2",
		"http://near.test/": "", "http://near.test:81/": "http://plain.test:1",
		"https://near.test/": "socks5://secure.test:2", "https://sure.test/": "",
		"https://sure.test:80/": "socks5://secure.test:2",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if chosen := p.ForURL(u); chosen != nil {
			got = chosen.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		if p.forAddr(u.Scheme, u.Hostname()+":"+port) != p.ForURL(u) {
			t.Errorf("%s: forAddr finds another proxy", text)
		}
	}
	if NewProxies("", "", "") != nil {
		t.Error("two empty URLs are not a nil Proxies")
	}
}
